"""Numbers as text: fractions as per cent, differences in points, relative gains in per cent.

A change is always labelled: "points" are differences of percentages, "%" after a signed
number is relative to the SE side (or to the base model). The paper mixes both.
"""

from __future__ import annotations

from typing import Protocol


class Ends(Protocol):
    """An estimate with the ends of its interval."""

    @property
    def value(self) -> float:
        """The estimate."""

    @property
    def low(self) -> float:
        """The lower end."""

    @property
    def high(self) -> float:
        """The upper end."""


MINUS = "−"
NONE = "–"
_MOST_DIGITS = 4
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def fixed(value: float, digits: int = 1) -> str:
    """A number with a typographic minus and no negative zero."""
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        return text.lstrip("-")
    return text.replace("-", MINUS)


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign; zero has none."""
    text = fixed(value, digits)
    return text if text.startswith(MINUS) or float(text) == 0 else f"+{text}"


def signed_general(value: float) -> str:
    """A number with its sign and no more digits than it needs."""
    return f"+{fixed_general(value)}" if value > 0 else fixed_general(value)


def percent(fraction: float, digits: int = 1) -> str:
    """`0.932` as `93.2 %`."""
    return f"{fixed(100 * fraction, digits)} %"


def points(fraction: float, digits: int = 1) -> str:
    """A difference of two fractions as `+1.6 points`."""
    return f"{signed(100 * fraction, digits)} points"


def relative(new: float, old: float) -> str:
    """The change from `old` to `new` as a share of `old`: `+6.0 %`; a dash where old is 0."""
    return relative_percent((new - old) / old) if old > 0 else NONE


def relative_percent(gain: float | None) -> str:
    """A relative gain of `0.06` as `+6.0 %`; a dash for None."""
    return NONE if gain is None else f"{signed(100 * gain)} %"


def digits_for(difference: Ends, scale: float) -> int:
    """Decimals that show on which side of 0 the ends of an interval lie; 1 where they can."""
    if difference.low <= 0 <= difference.high:
        return 1
    nearest = min(abs(difference.low), abs(difference.high)) * scale
    for digits in range(1, _MOST_DIGITS):
        if round(nearest, digits) > 0:
            return digits
    return _MOST_DIGITS


def interval_percent(interval: Ends) -> str:
    """The ends of an interval of fractions, without the unit: `90.1 to 95.0`."""
    return f"{fixed(100 * interval.low)} to {fixed(100 * interval.high)}"


def interval_plain(interval: Ends, digits: int = 2) -> str:
    """The ends of an interval that is not of fractions: `2.91 to 3.12`."""
    return f"{fixed(interval.low, digits)} to {fixed(interval.high, digits)}"


def interval_signed(difference: Ends, scale: float, least_digits: int = 1) -> str:
    """The ends of a difference, times `scale`, with signs: `+1.1 to +5.3`."""
    digits = max(least_digits, digits_for(difference, scale))
    return f"{signed(scale * difference.low, digits)} to {signed(scale * difference.high, digits)}"


def p_text(p_value: float | None) -> str:
    """`p = 0.012`, `p < 0.001`, or nothing where there is no test."""
    if p_value is None:
        return ""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def half_width(interval: Ends) -> float:
    """Half the length of an interval: about the smallest effect that a design can see."""
    return (interval.high - interval.low) / 2


def seconds_text(seconds: float) -> str:
    """A duration as people say it: `12.3 s`, `3 min 41 s`, `2 h 05 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def quantity(value: float) -> str:
    """A positive quantity of any size in four digits: `41.2`, `2.445·10⁶`."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return fixed_general(value)
    mantissa, exponent = f"{value:.3e}".split("e")
    return f"{mantissa}·10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def fixed_general(value: float) -> str:
    """As many digits as the value needs, four at most: `3`, `2.5`, `41.23`."""
    return f"{value:.4g}".replace("-", MINUS) if abs(value) < 1e4 else f"{value:,.0f}"


def count(number: int | float | None) -> str:
    """A count with thousands separated; a dash for None."""
    return NONE if number is None else f"{number:,.0f}"
