"""Large numbers for people."""

from __future__ import annotations

_POWERS = ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def short_number(value: float) -> str:
    """Three digits with a power of thousand: `1.23 M`."""
    for power, letter in _POWERS:
        if value >= power:
            return f"{value / power:.3g} {letter}"
    return f"{value:.3g}"
