"""Batches of completions, bounded in number and in size: some completions have megabytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Pair = tuple[str, str]
_MOST_CHARACTERS = 4_000_000


def batches_of(pairs: Iterable[Pair], most: int) -> Iterator[list[Pair]]:
    """The pairs in lists of `most`, or of fewer where the completions are long.

    Args:
        pairs: gold answer and completion of each sample; read as they are needed.
        most: pairs in a list.
    """
    batch: list[Pair] = []
    characters = 0
    for pair in pairs:
        batch.append(pair)
        characters += len(pair[1])
        if len(batch) >= most or characters >= _MOST_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
