"""What makes two correct solutions the same: placeholder docstring replaced below."""

from __future__ import annotations

TEXT = "text"
KEYS = (TEXT, "normalised", "equations")


def solution_key(text: str, kind: str) -> str:
    """The form that two equal solutions share."""
    if kind == TEXT:
        return text.strip()
    raise ValueError(kind)
