"""Where an adaptive draw of one problem stops, sample by sample: what arrays are held against."""

from __future__ import annotations

from collections.abc import Sequence


def stopping_point(correct: Sequence[bool], enough: int) -> int | None:
    """How many samples it took to get `enough` correct ones; None if they are not there.

    Args:
        correct: of a problem's samples from index 0 on, whether each is correct.
        enough: c, at least 1.
    """
    found = 0
    for drawn, right in enumerate(correct, start=1):
        found += right
        if found == enough:
            return drawn
    return None
