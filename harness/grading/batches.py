"""Batches of completions, bounded in number and in size: some completions have megabytes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from harness.grading.extraction import MAX_CHARACTERS

Pair = tuple[str, str]
_MOST_CHARACTERS = 1_000_000


def next_batch(pairs: Iterator[Pair], most: int) -> list[Pair]:
    """The next `most` pairs, or fewer where the completions are long; none at the end.

    A completion over the cap on characters is cut right behind it, where it is still over the cap.

    Args:
        pairs: gold answer and completion of each sample; read as they are needed.
        most: pairs in a batch.
    """
    batch: list[Pair] = []
    characters = 0
    for pair in islice(pairs, most):
        size = len(pair[1])
        if size > MAX_CHARACTERS:
            size, pair = MAX_CHARACTERS, (pair[0], pair[1][: MAX_CHARACTERS + 1])
        batch.append(pair)
        characters += size
        if characters >= _MOST_CHARACTERS:
            break
    return batch
