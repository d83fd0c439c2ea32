"""Whether two equations `f = 0` and `g = 0` have the same solutions.

They do where one side is the other times a constant. Where it is not, a solution of one is
worked out, at points where it is a line or a parabola in one of its letters, and put into the
other: a solution of one that is none of the other settles it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import mpmath

from harness.grading.equality import DIGITS, close, letters_of, points
from harness.grading.formula_nodes import Node
from harness.grading.values import NoValue, Value, divided, is_zero, real, value_of

_NEEDED = 3
_ALMOST_ZERO = mpmath.mpf(10) ** -25


def constant_ratio(a: Node, b: Node) -> Value | None:
    """What one formula is times the other, where it is the same real number everywhere."""
    letters = tuple(sorted(letters_of(a) | letters_of(b)))
    if not letters:
        return None
    ratios: list[Value] = []
    with mpmath.workdps(DIGITS[0]):
        for _, point in points(letters):
            try:
                above, below = value_of(a, point), value_of(b, point)
                if not is_zero(below) and not is_zero(above):
                    ratios.append(divided(above, below))
            except NoValue:
                continue
        alike = all(close(ratios[0], ratio, DIGITS[0]) for ratio in ratios)
        if len(ratios) < _NEEDED or not alike or isinstance(ratios[0], mpmath.mpc):
            return None
        return real(ratios[0])


def same_zeros(a: Node, b: Node) -> bool | None:
    """Whether two formulae vanish at the same points; None where that cannot be said."""
    if not letters_of(a) and not letters_of(b):
        return None
    if letters_of(a) != letters_of(b):
        return False
    with mpmath.workdps(DIGITS[0]):
        found = [_vanishes_there(a, b), _vanishes_there(b, a)]
    return False if False in found else None if None in found else True


def _vanishes_there(a: Node, b: Node) -> bool | None:
    """Whether `b` is zero where `a` is, as far as solutions of `a` can be worked out."""
    letters = tuple(sorted(letters_of(a)))
    checked = 0
    for positive, point in points(letters):
        for letter in letters:
            try:
                for root in _roots(a, letter, point):
                    if abs(real(value_of(b, {**point, letter: root}))) > _ALMOST_ZERO:
                        return False
                    checked += positive
            except NoValue:
                continue
    return True if checked >= _NEEDED else None


def _roots(node: Node, letter: str, point: Mapping[str, Fraction]) -> Iterator[Any]:
    """Where a formula is zero, as one letter varies; none unless it is a line or a parabola."""
    f0, f1, f2, f3 = (value_of(node, {**point, letter: Fraction(at)}) for at in range(4))
    f0, f1, f2, f3 = map(real, (f0, f1, f2, f3))
    square = (f2 - 2 * f1 + f0) / 2
    slope, start = f1 - f0 - square, f0
    size = max(abs(f0), abs(f1), abs(f2), abs(f3), 1) * _ALMOST_ZERO
    if abs(9 * square + 3 * slope + start - f3) > size:
        return
    if abs(square) > size:
        root = mpmath.sqrt(slope**2 - 4 * square * start)
        yield (-slope + root) / (2 * square)
        yield (-slope - root) / (2 * square)
    elif abs(slope) > size:
        yield -start / slope
