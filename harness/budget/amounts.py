"""Budgets as people write them: `10`, `20usd`, `1e18flop`, `2Mtok`, `3600gpu_s`.

A bare number counts SE samples a problem. Every other unit is for the whole problem set, because
that is what a bill, a quota or a reservation of GPUs is for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

from harness.errors import InputError, nearest_names
from harness.quantities import short_number

Unit = Literal["samples", "usd", "flop", "tok", "gpu_s"]
Kind = Literal["number", "compute", "compute_exact", "price", "tokens", "gpu_seconds"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# The unit in which a cost model counts one sample.
UNIT_OF_KIND: dict[Kind, Unit] = {
    "number": "samples",
    "compute": "flop",
    "compute_exact": "flop",
    "price": "usd",
    "tokens": "tok",
    "gpu_seconds": "gpu_s",
}
UNIT_WORDS: dict[Unit, str] = {
    "samples": "SE samples a problem",
    "usd": "dollars",
    "flop": "FLOPs",
    "tok": "completion tokens",
    "gpu_s": "GPU-seconds",
}


def amount_text(value: float, unit: Unit) -> str:
    """An amount for people: `$22.50`, `1.2 E FLOPs`, `2 M tokens`."""
    if unit == "usd":
        return f"${value:,.2f}"
    words = {"samples": "samples", "tok": "tokens"}.get(unit, UNIT_WORDS[unit])
    return f"{short_number(value)} {words}"


_PREFIXES = {"": 0, "k": 3, "K": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
# Spellings in lower case: (unit, how many of it).
_SPELLINGS: dict[str, tuple[Unit, int]] = {
    "": ("samples", 1),
    "sample": ("samples", 1),
    "samples": ("samples", 1),
    "usd": ("usd", 1),
    "$": ("usd", 1),
    "flop": ("flop", 1),
    "flops": ("flop", 1),
    "tok": ("tok", 1),
    "token": ("tok", 1),
    "tokens": ("tok", 1),
    "gpu_s": ("gpu_s", 1),
    "gpu_h": ("gpu_s", 3600),
}
_ACCEPTED = (
    "Write a number and a unit: 10 (SE samples a problem), or for the whole problem set 20usd, "
    "1e18flop, 2Mtok, 3600gpu_s or 1gpu_h; k, M, G, T, P and E stand for powers of a thousand."
)
# An E before digits is an exponent, an E before letters is exa.
_NUMBER = re.compile(r"([0-9][0-9_]*(?:\.[0-9]+)?|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,3})(?![0-9]))?")
_LARGEST_EXPONENT = 40


@dataclass(frozen=True)
class BudgetAmount:
    """A sampling budget.

    Attributes:
        value: how much, above 0, exactly the digits that were written.
        unit: of what: "samples" are SE samples a problem; "usd", "flop", "tok" (completion
            tokens) and "gpu_s" are for the whole problem set.
    """

    value: Fraction
    unit: Unit

    def __str__(self) -> str:
        return f"{float(self.value):,.6g} {UNIT_WORDS[self.unit]}"


def parse_budget(text: str) -> BudgetAmount:
    """Reads a budget.

    Args:
        text: such as "10", "0.5", "20usd", "$20", "1e18flop", "2.5 Mtok", "3600gpu_s", "1gpu_h".

    Raises:
        InputError: it is not a number above 0 with a known unit; says what is accepted.
    """
    stripped = text.strip()
    if stripped.startswith("$"):
        stripped = stripped[1:].lstrip() + "usd"
    number = _NUMBER.match(stripped)
    if number is None:
        raise _refusal(text, "it does not begin with a number above 0.")
    digits, exponent = number.groups()
    if abs(int(exponent or 0)) > _LARGEST_EXPONENT:
        raise _refusal(text, f"its exponent is beyond {_LARGEST_EXPONENT}.")
    value = Fraction(digits.replace("_", "")) * Fraction(10) ** int(exponent or 0)
    power, unit, count = _unit(text, stripped[number.end() :].strip())
    if value == 0:
        raise _refusal(text, "it is 0, and nothing can be drawn for that.")
    return BudgetAmount(value * 10**power * count, unit)


def _unit(text: str, suffix: str) -> tuple[int, Unit, int]:
    """Power of ten, unit and how many of it, of what stands behind the number."""
    for prefix in ("", *filter(None, _PREFIXES)):
        spelling = suffix.removeprefix(prefix).lstrip().lower()
        if suffix.startswith(prefix) and spelling in _SPELLINGS:
            return _PREFIXES[prefix], *_SPELLINGS[spelling]
    raise _refusal(text, _unknown_unit(suffix))


def _unknown_unit(suffix: str) -> str:
    first = suffix[:1].upper()
    if first in _PREFIXES and suffix[1:].strip().lower() in _SPELLINGS:
        return f"{suffix[0]!r} is no power of a thousand; is it {first!r}?"
    near = nearest_names(suffix.lower(), filter(None, _SPELLINGS), limit=1)
    return f"there is no unit {suffix!r}" + (f"; is it {near[0]!r}?" if near else ".")


def _refusal(text: str, reason: str) -> InputError:
    return InputError(f"the amount {text!r} cannot be read: {reason}", _ACCEPTED)
