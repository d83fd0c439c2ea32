"""Large numbers for people."""

from __future__ import annotations

_POWERS = ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def mean_count(value: float) -> str:
    """A mean of counts: `1,234` where it is whole, else with up to three decimals."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.3f}".rstrip("0").rstrip(".")


def short_number(value: float) -> str:
    """Three digits with a power of thousand: `1.23 M`."""
    for power, letter in _POWERS:
        if value >= power:
            return f"{value / power:.3g} {letter}"
    return f"{value:.3g}"
