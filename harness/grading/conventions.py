"""Conventions: where reasonable graders differ, each a named option with a default.

Mathematics does not say whether "18 dollars" answers "18", or whether a percent sign may be
left out. A grader has to, so it says it openly: the options are part of its identity, and two
verdicts are comparable only under the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from harness.errors import InputError, Issues, unknown_name


@dataclass(frozen=True)
class Conventions:
    r"""What counts as the same answer. The defaults are those of competition mathematics.

    Attributes:
        percent: what 50 % equals: 50 and 0.5 (`either`), only 0.5 (`fraction`), only 50
            (`ignored`). Bare numbers are never multiplied by 100.
        units_optional: a unit or a currency may be left out: `18` is `18 dollars`.
        convert_units: `5 cents` is `\$0.05`, `1 m` is `100 cm`. Never angles.
        any_order: lists without brackets are compared in any order.
        count_repeats: `1,1,2` is not `1,2`.
        bare_tuples: `1,2` is `(1,2)`, in this order.
        tuple_as_set: `(1,2)` is `\{1,2\}`.
        vector_brackets: `\langle 1,2 \rangle` is `(1,2)`, and so is a column or a row of both.
        matrix_brackets: the brackets of a matrix do not matter; determinants do.
        inequality_as_interval: `x > 2` is `(2,\infty)`.
        list_as_union: `(1,2),(3,4)` is `(1,2) \cup (3,4)`.
        left_side_optional: `2x+3` is `y=2x+3`, and `5` is `x=5`.
        equation_forms: `2x+4y=2` is `x+2y=1`.
        any_variable: `x=5` is `y=5`.
        any_form: `\sqrt{12}` is `2\sqrt{3}`; without it only numbers are worked out.
        unreduced: `\frac24` is `\frac12`.
        decimals: compare at this many decimal places after rounding; None: exactly.
        float_noise: a decimal of 16 or 17 digits is what a computer prints for the value.
        base_optional: the base of a numeral may be left out: `2516` is `2516_8`.
        ignore_case: of words; never of variables.
        ratio_as_fraction: `3:4` is `\frac34` and `6:8`.
        leading_zeros: `05` is `5`.
        space_thousands: `1 000` is `1000`.
        decimal_comma: `1,22` may be 1.22; three digits behind a comma are thousands.
        unicode_digits: full-width digits are digits.
        number_words: `five` is `5`, `2.5 million` is `2500000`, `two thirds` is `\frac23`.
        choice_text: `(C) 25` is the choice `C`.
        sentences: an answer that is a sentence is read by its box, formula or last number.
    """

    percent: Literal["either", "fraction", "ignored"] = "either"
    units_optional: bool = True
    convert_units: bool = True
    any_order: bool = True
    count_repeats: bool = True
    bare_tuples: bool = True
    tuple_as_set: bool = False
    vector_brackets: bool = True
    matrix_brackets: bool = True
    inequality_as_interval: bool = True
    list_as_union: bool = True
    left_side_optional: bool = True
    equation_forms: bool = True
    any_variable: bool = False
    any_form: bool = True
    unreduced: bool = True
    decimals: int | None = None
    float_noise: bool = True
    base_optional: bool = True
    ignore_case: bool = True
    ratio_as_fraction: bool = True
    leading_zeros: bool = True
    space_thousands: bool = True
    decimal_comma: bool = True
    unicode_digits: bool = True
    number_words: bool = True
    choice_text: bool = True
    sentences: bool = True

    def identity(self) -> dict[str, Any]:
        """All options by name, for the grader's identity."""
        return asdict(self)


DEFAULT_CONVENTIONS = Conventions()

# Defaults per problem set. GSM8K's golds are numbers, and its solutions speak of money and
# percentages; AIME's are integers from 000 to 999. Those of the embedded problem set are digits
# and nothing else, as its exact verifier reads them.
CONVENTIONS: dict[str, Conventions] = {
    "default": DEFAULT_CONVENTIONS,
    "math": DEFAULT_CONVENTIONS,
    "gsm8k": replace(DEFAULT_CONVENTIONS, percent="ignored", ratio_as_fraction=False),
    "aime": replace(DEFAULT_CONVENTIONS, percent="ignored", decimal_comma=False),
    "micro": replace(
        DEFAULT_CONVENTIONS, sentences=False, units_optional=False, left_side_optional=False
    ),
}

# Which conventions a single completion is graded by, where nothing else is said. `hash` is the
# format of the embedded problem set: what stands behind #### is a number and nothing else.
_OF_FORMATS = {"hash": "micro"}


def conventions_of_format(format: str) -> Conventions:
    """The conventions that go with an answer format."""
    return CONVENTIONS[_OF_FORMATS.get(format, "default")]


def conventions_for(
    format: str, problem_set: str | None = None, changes: Mapping[str, Any] | None = None
) -> Conventions:
    """The conventions that pools of an answer format are graded by.

    Args:
        format: how answers stand in completions.
        problem_set: a key of `CONVENTIONS`; None: that which goes with the format.
        changes: options by name that differ from the set's defaults.

    Raises:
        InputError: as for `conventions_of`.
    """
    return conventions_of(problem_set or _OF_FORMATS.get(format, "default"), changes)


def conventions_of(problem_set: str, changes: Mapping[str, Any] | None = None) -> Conventions:
    """The conventions of a problem set, with changes.

    Args:
        problem_set: a key of `CONVENTIONS`.
        changes: options by name that differ from the set's defaults.

    Raises:
        InputError: unknown set, unknown options or values of another type, all at once.
    """
    if problem_set not in CONVENTIONS:
        raise InputError(unknown_name("set of conventions", problem_set, CONVENTIONS))
    base = CONVENTIONS[problem_set]
    issues, kinds = Issues(), {field.name: getattr(base, field.name) for field in fields(base)}
    for name, value in (changes or {}).items():
        if name not in kinds:
            issues.add(name, unknown_name("convention", name, kinds))
        elif expected := _refusal(name, value):
            issues.add(name, f"{value!r} was given; expected {expected}")
    issues.raise_if_any("These conventions cannot be used:")
    return replace(base, **(changes or {}))


def _refusal(name: str, value: Any) -> str:
    """What was expected instead of this value; empty where it fits."""
    if name == "percent":
        return "" if value in ("either", "fraction", "ignored") else "either, fraction or ignored"
    if name == "decimals":
        places = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 50
        return "" if value is None or places else "a number of places from 0 to 50, or null"
    return "" if isinstance(value, bool) else "true or false"
