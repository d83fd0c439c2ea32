"""What a formula is worth at a point: exactly where it is rational, else to many digits.

Values of rational operations stay `Fraction`s. Roots, powers, logarithms and the like go to
mpmath at the working precision. Sizes are bounded before anything is computed: no power, no
factorial and no number grows over a cap, so a hostile formula is refused in microseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import mpmath

from harness.grading.formula_nodes import Node

# mpmath has no types: a value is a Fraction, or an mpf or mpc of mpmath.
Value = Any

MAX_BITS = 30_000
MAX_FACTORIAL = 1_000
_MAX_LOGARITHM = 10_000  # Of the size of any real value, in powers of two.
_MAX_ANGLE = 10**12


class NoValue(Exception):
    """Nothing finite within the caps: a division by zero, infinity, a tower of powers."""


def value_of(node: Node, point: Mapping[str, Fraction]) -> Value:
    """The value of a formula.

    Args:
        node: the formula.
        point: a value for every letter in it.

    Raises:
        NoValue: none, or none within the caps.
    """
    kind = node.kind
    if kind == "number":
        return node.value
    if kind == "letter":
        return point[node.name]
    if kind == "constant":
        return _constant(node.name)
    if kind == "degrees":
        return divided(value_of(node.parts[0], point) * mpmath.pi, Fraction(180))
    parts = [value_of(part, point) for part in node.parts]
    if kind == "function":
        return _function(node.name, parts)
    return _bounded(_OPERATIONS[kind](*parts))


def real(value: Value) -> Any:
    """A value as a number of mpmath."""
    if isinstance(value, Fraction):
        return mpmath.mpf(value.numerator) / value.denominator
    return value


def is_zero(value: Value) -> bool:
    """Whether a value is exactly zero."""
    return bool(value == 0)


def _bounded(value: Value) -> Value:
    if isinstance(value, Fraction):
        if value.numerator.bit_length() + value.denominator.bit_length() > MAX_BITS:
            raise NoValue("over the cap on digits")  # Rounded, its last digits would not count.
        return value
    if not mpmath.isfinite(value):
        raise NoValue("not finite")
    if value != 0 and abs(mpmath.mag(value)) > 100 * _MAX_LOGARITHM:
        raise NoValue("over the cap on size")
    return value


def _constant(name: str) -> Value:
    if name == "pi":
        return +mpmath.pi
    if name == "e":
        return +mpmath.e
    if name == "i":
        return mpmath.mpc(0, 1)
    raise NoValue("infinity")


def _added(a: Value, b: Value) -> Value:
    return a + b if _alike(a, b) else real(a) + real(b)


def _times(a: Value, b: Value) -> Value:
    return a * b if _alike(a, b) else real(a) * real(b)


def _alike(a: Value, b: Value) -> bool:
    return isinstance(a, Fraction) == isinstance(b, Fraction)


def divided(a: Value, b: Value) -> Value:
    """A quotient, exact where both are.

    Raises:
        NoValue: division by zero.
    """
    if is_zero(b):
        raise NoValue("division by zero")
    return a / b if _alike(a, b) else real(a) / real(b)


def _power(base: Value, exponent: Value) -> Value:
    if is_zero(base):
        if mpmath.re(real(exponent)) <= 0:
            raise NoValue("zero to a power that is not positive")
        return Fraction(0)
    whole = isinstance(exponent, Fraction) and exponent.denominator == 1
    if isinstance(base, Fraction) and whole:
        size = base.numerator.bit_length() + base.denominator.bit_length()
        if abs(exponent) * size > MAX_BITS:
            raise NoValue("over the cap on powers")
        return base ** int(exponent)
    if isinstance(exponent, Fraction) and exponent.denominator % 2 and _is_negative(base):
        turned = _power(-base, exponent)  # Odd roots of negative numbers are real.
        return -turned if exponent.numerator % 2 else turned
    base, exponent = real(base), real(exponent)
    if abs(exponent) * (abs(mpmath.mag(base)) + 4) > _MAX_LOGARITHM:
        raise NoValue("over the cap on powers")
    return mpmath.power(base, exponent)


def _root(degree: Value, value: Value) -> Value:
    if not (isinstance(degree, Fraction) and degree.denominator == 1 and 2 <= degree <= 1000):
        return _power(value, divided(Fraction(1), degree))
    n = int(degree)
    if n % 2 == 1 and _is_negative(value):
        return -_root(degree, -value)
    if isinstance(value, Fraction):
        exact = _exact_root(value, n) if value >= 0 else None
        if exact is not None:
            return exact
    return mpmath.root(real(value), n)


def _is_negative(value: Value) -> bool:
    return not isinstance(value, mpmath.mpc) and value < 0


def _exact_root(value: Fraction, n: int) -> Fraction | None:
    above, below = _whole_root(value.numerator, n), _whole_root(value.denominator, n)
    return Fraction(above, below) if above is not None and below is not None else None


def _whole_root(value: int, n: int) -> int | None:
    if n == 2:
        found = math.isqrt(value)
        return found if found * found == value else None
    guess = round(float(value) ** (1 / n)) if value.bit_length() < 1000 else -1
    return guess if guess >= 0 and guess**n == value else None


def _logarithm(base: Value, value: Value) -> Value:
    if is_zero(value) or is_zero(base) or base == 1:
        raise NoValue("no logarithm")
    if isinstance(base, Fraction) and isinstance(value, Fraction) and base > 0 and value > 0:
        guess = round(float(mpmath.log(real(value)) / mpmath.log(real(base))))
        if abs(guess) < MAX_BITS and _power(base, Fraction(guess)) == value:
            return Fraction(guess)
    return mpmath.log(real(value)) / mpmath.log(real(base))


def _natural(value: Value) -> Value:
    if is_zero(value):
        raise NoValue("no logarithm of zero")
    return Fraction(0) if value == 1 else mpmath.log(real(value))


def _whole(value: Value, at_most: int) -> int:
    if not (isinstance(value, Fraction) and value.denominator == 1 and 0 <= value <= at_most):
        raise NoValue(f"no whole number from 0 to {at_most}")
    return int(value)


def _factorial(value: Value) -> Value:
    return Fraction(math.factorial(_whole(value, MAX_FACTORIAL)))


def _binomial(n: Value, k: Value) -> Value:
    return Fraction(math.comb(_whole(n, MAX_FACTORIAL), _whole(k, MAX_FACTORIAL)))


def _absolute(value: Value) -> Value:
    return abs(value)


def _rounded(rule: Callable[[Any], Any]) -> Callable[[Value], Value]:
    def apply(value: Value) -> Value:
        if isinstance(value, Fraction):
            return Fraction(rule(value))
        if isinstance(value, mpmath.mpc) or abs(value) > 10**30:
            raise NoValue("nothing to round")
        return Fraction(int(mpmath.floor(value) if rule is math.floor else mpmath.ceil(value)))

    return apply


_OPERATIONS: dict[str, Callable[..., Value]] = {
    "sum": _added,
    "negative": lambda a: -a,
    "product": _times,
    "mixed": _added,
    "quotient": divided,
    "power": _power,
    "root": _root,
    "log": _logarithm,
    "factorial": _factorial,
    "binomial": _binomial,
    "absolute": _absolute,
    "floor": _rounded(math.floor),
    "ceiling": _rounded(math.ceil),
}


def _function(name: str, arguments: list[Value]) -> Value:
    if name in ("gcd", "lcm", "max", "min"):
        return _of_several(name, arguments)
    if len(arguments) != 1:
        raise NoValue(f"{name} of {len(arguments)} arguments")
    (argument,) = arguments
    if name in ("ln", "log"):
        return _natural(argument)
    if name == "lg":
        return _logarithm(Fraction(10), argument)
    value = real(argument)
    if abs(value) > (_MAX_LOGARITHM if name in _GROWING else _MAX_ANGLE):
        raise NoValue("over the cap on arguments")
    if name.startswith("arc"):
        name = "a" + name[3:]
    try:
        return _bounded(getattr(mpmath, name)(value))
    except (ZeroDivisionError, ValueError) as problem:
        raise NoValue("not defined there") from problem


_GROWING = ("exp", "sinh", "cosh", "tanh", "coth")


def _of_several(name: str, arguments: list[Value]) -> Value:
    if name in ("gcd", "lcm"):
        whole = [_whole(argument, 10**30) for argument in arguments]
        return Fraction(math.gcd(*whole) if name == "gcd" else math.lcm(*whole))
    if any(isinstance(argument, mpmath.mpc) for argument in arguments):
        raise NoValue("complex numbers have no order")
    return (max if name == "max" else min)(arguments, key=real)
