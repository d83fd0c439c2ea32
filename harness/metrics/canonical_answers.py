"""One spelling for equal answers, cheap enough for every wrong answer of a large pool.

The grader compares each answer with the gold answer, never two answers of samples with each
other, so a majority vote needs a form that equal answers share. It follows the grader: exact
numbers first (1,000 is 1000.0, 0.5 is 1/2), then what the grader reads in an answer, with
formulae by their value at a fixed point. Units are left out, as the grader accepts an answer
without them, and so is the name in `x = 2`. No two answers are compared, and nothing that the
grader would have to hand to an algebra system is tried.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import mpmath

from harness.grading.comparison import MAX_ANSWER_CHARACTERS, exact_number, normalised
from harness.grading.conventions import DEFAULT_CONVENTIONS
from harness.grading.equality import DIGITS, letters_of, points
from harness.grading.formula_nodes import Node, has_sign
from harness.grading.reader import read_answer
from harness.grading.readings import Amount, Group, Listing, Reading, Relation, Union, Words
from harness.grading.values import NoValue, Value, real, value_of

# What is longer is prose more often than an answer, and takes long to read.
MAX_READ_CHARACTERS = 200
_SHOWN_DIGITS = 20
# Of `equality.points`: one of positive coordinates, and those of mixed signs.
_POINTS = (0, 1, 3, 5)


@lru_cache(maxsize=200_000)
def canonical_answer(answer: str) -> str:
    """The form that tells classes of answers apart.

    Args:
        answer: as extracted; over the grader's cap on characters it stands for itself.
    """
    if len(answer) > MAX_ANSWER_CHARACTERS:
        return answer
    number = exact_number(answer.strip())
    if number is not None:
        return _shown(number)
    plain = normalised(answer)
    number = exact_number(plain)
    if number is not None:
        return _shown(number)
    if len(answer) > MAX_READ_CHARACTERS:
        return plain.casefold()
    return _form(read_answer(answer, DEFAULT_CONVENTIONS)) or plain


def _form(reading: Reading) -> str:
    """A text that equal readings share; empty where there is none."""
    if isinstance(reading, Amount):
        return _value(reading.node)
    if isinstance(reading, Words):
        return reading.folded
    if isinstance(reading, Relation):
        sides = [_form(side.reading) for side in reading.sides]
        if reading.operators == ("=",) and reading.sides[0].name:
            return sides[1]
        return " ".join([sides[0], *map(" ".join, zip(reading.operators, sides[1:], strict=True))])
    if isinstance(reading, Listing | Union | Group):
        items = [_form(item) for item in reading.items]
        if isinstance(reading, Group) and reading.brackets != "{}":
            return reading.brackets[0] + ", ".join(items) + reading.brackets[-1]
        if isinstance(reading, Listing) and reading.ordered:
            return "; ".join(items)
        return "{" + ", ".join(sorted(items)) + "}"
    return ""


def _value(node: Node) -> str:
    """The value of a formula; with letters, at several points of both signs."""
    if has_sign(node):
        return ""
    letters = tuple(sorted(letters_of(node)))
    chosen = _POINTS if letters else _POINTS[:1]
    try:
        with mpmath.workdps(DIGITS[0]):
            return " ".join(_shown(value_of(node, points(letters)[one][1])) for one in chosen)
    except (NoValue, RecursionError):
        return ""


def _shown(value: Value) -> str:
    """A value: whole numbers exactly, others to some digits, however they came about."""
    if isinstance(value, Fraction) and value.denominator == 1:
        return str(value.numerator)
    with mpmath.workdps(DIGITS[0]):
        number = real(value)
        if abs(number.imag) <= abs(number) * mpmath.mpf(10) ** -_SHOWN_DIGITS:
            number = number.real
        return str(mpmath.nstr(number, _SHOWN_DIGITS)).removesuffix(".0")
