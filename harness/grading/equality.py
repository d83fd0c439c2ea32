"""Whether two formulae are equal: exactly, or at enough points and to enough digits.

Two different rational functions agree at a random point with next to no probability, so a
formula with letters is compared at several fixed points, of both signs; what is equal only at
positive ones (`x` and `\\sqrt{x^2}`) is not called equal. Constants are compared at two
precisions: a difference that is zero shrinks with the precision, a small one does not.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal

import mpmath

from harness.grading.formula_nodes import Node
from harness.grading.values import NoValue, Value, is_zero, real, value_of

Equality = Literal["equal", "different", "unknown"]

DIGITS = (40, 100)
_MAX_DECADES = 2000
_POINTS = 6
_NEEDED_POINTS = 3
_FLOAT_DIGITS = (16, 17)  # What prints a double without loss.


def equality(a: Node, b: Node) -> Equality:
    """Whether two formulae have the same value everywhere.

    Args:
        a: a formula, without `\\pm`.
        b: another.
    """
    letters = sorted(letters_of(a) | letters_of(b))
    if not letters:
        return _constants_equal(a, b)
    found: list[tuple[bool, bool]] = []
    with mpmath.workdps(DIGITS[0]):
        for positive, point in points(tuple(letters)):
            try:
                left, right = value_of(a, point), value_of(b, point)
            except NoValue:
                continue
            found.append((positive, close(left, right, DIGITS[0])))
    return _verdict(found)


def _verdict(found: list[tuple[bool, bool]]) -> Equality:
    if any(positive and not same for positive, same in found):
        return "different"
    if len(found) >= _NEEDED_POINTS and all(same for _, same in found):
        return "equal"
    return "unknown"


def _constants_equal(a: Node, b: Node) -> Equality:
    """Compares at two precisions, the second one to far behind the decimal point."""
    try:
        rough, size = _difference(a, b, DIGITS[0])
        if rough is None or size is None:
            return "different" if rough is None else "equal"
        if size > _MAX_DECADES:
            return "unknown"
        fine, _ = _difference(a, b, (DIGITS[1] + max(0, size)) * 5 // 4)
    except NoValue:
        return "unknown"
    if fine is None:
        return "different"
    return "different" if rough != 0 and fine > rough * mpmath.mpf(10) ** -20 else "equal"


def _difference(a: Node, b: Node, digits: int) -> tuple[Any, int | None]:
    """How far two constants are apart, and the decades of their size.

    None for the difference: too far to be equal; None for the size: they are equal exactly.
    """
    with mpmath.workdps(digits):
        left, right = value_of(a, {}), value_of(b, {})
        if not close(left, right, digits):
            return None, 0
        if isinstance(left, Fraction) and isinstance(right, Fraction):
            return 0, None
        size = int(mpmath.mag(real(right)) * 0.302) if right != 0 else 0
        return abs(real(left) - real(right)), size


def close(left: Value, right: Value, digits: int) -> bool:
    """Exactly equal fractions, or values that agree to all but a tenth of the digits."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left == right
    difference = abs(real(left) - real(right))
    scale = max(abs(real(left)), abs(real(right)))
    tolerance = mpmath.mpf(10) ** -int(digits * 0.8)
    # Against zero there is no scale: rounding leaves about one unit in the last digit.
    return bool(difference <= tolerance * (scale if not _near_zero(left, right) else 1))


def _near_zero(left: Value, right: Value) -> bool:
    return is_zero(left) or is_zero(right)


@lru_cache(maxsize=4096)
def points(letters: tuple[str, ...]) -> tuple[tuple[bool, dict[str, Fraction]], ...]:
    """Fixed points for these letters; True: all coordinates are positive.

    A letter has the same coordinates in every formula, so comparing is symmetric.
    """
    return tuple(
        (number % 2 == 0, {letter: _coordinate(letter, number) for letter in letters})
        for number in range(_POINTS)
    )


def _coordinate(letter: str, number: int) -> Fraction:
    source = random.Random(f"{letter} {number}")
    value = Fraction(source.randint(20, 400), source.choice([89, 97, 101, 103, 107, 109, 113]))
    return value if number % 2 == 0 or source.random() < 0.3 else -value


def letters_of(node: Node) -> set[str]:
    """The names of all letters in a formula."""
    return set(_letters(node))


def _letters(node: Node) -> Iterator[str]:
    stack = [node]
    while stack:
        top = stack.pop()
        if top.kind == "letter":
            yield top.name
        stack.extend(top.parts)


def constant(node: Node) -> Value | None:
    """The value of a formula without letters; None where it has letters or no value."""
    if letters_of(node):
        return None
    try:
        with mpmath.workdps(DIGITS[0]):
            return value_of(node, {})
    except NoValue:
        return None


def is_printed_float(node: Node, other: Node) -> bool:
    """Whether a formula is a decimal of 16 or 17 digits, as a computer prints `other`."""
    inner = node.parts[0] if node.kind == "negative" else node
    if inner.kind != "number" or "." not in inner.name:
        return False
    if len(inner.name.replace(".", "").strip("0")) not in _FLOAT_DIGITS:
        return False
    if other.kind == "number" and len(other.name.replace(".", "").strip("0")) >= min(_FLOAT_DIGITS):
        return False  # As long a number: it was written out on purpose.
    mine, value = constant(node), constant(other)
    if mine is None or value is None or isinstance(value, mpmath.mpc):
        return False
    return _within_float(real(mine), real(value))


def _within_float(mine: Any, value: Any) -> bool:
    with mpmath.workdps(DIGITS[0]):
        return bool(abs(mine - value) <= abs(value) * mpmath.mpf(2) ** -51)


def equal_when_rounded(a: Node, b: Node, decimals: int) -> bool:
    """Whether two constants are the same number at this many decimal places."""
    left, right = constant(a), constant(b)
    if left is None or right is None or isinstance(left, mpmath.mpc):
        return False
    if isinstance(right, mpmath.mpc):
        return False
    with mpmath.workdps(DIGITS[0]):
        scale = 10**decimals
        return bool(mpmath.nint(real(left) * scale) == mpmath.nint(real(right) * scale))
