"""Which samples a pool has: per problem an integer whose set bits are the sample indices."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import numpy as np

from harness.pool.order import Keys, ProblemOrder

Masks = dict[str, int]


def add_keys(masks: Masks, keys: Keys, order: ProblemOrder) -> bool:
    """Sets the bits of keys that stand in canonical order; whether one was set before."""
    if not len(keys):
        return False
    repeated = False
    ranks, indices = keys >> 32, keys & 0xFFFFFFFF
    edges = np.flatnonzero(np.diff(ranks)) + 1
    starts, ends = np.r_[0, edges], np.r_[edges, len(keys)]
    groups = zip(
        ranks[starts].tolist(),
        indices[starts].tolist(),
        indices[ends - 1].tolist(),
        starts.tolist(),
        ends.tolist(),
        strict=True,
    )
    for rank, first, last, start, end in groups:
        if last - first == end - start - 1:  # No gap, the usual case.
            bits = ((1 << (end - start)) - 1) << first
        else:
            bits = mask_of(indices[start:end])
        problem_id = order.ids[rank]
        repeated = repeated or bool(masks[problem_id] & bits)
        masks[problem_id] |= bits
    return repeated


def mask_of(indices: Keys) -> int:
    """The integer whose set bits are `indices`."""
    bits = np.zeros(int(indices.max()) + 1, dtype=np.uint8)
    bits[indices] = 1
    return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")


def missing_below(masks: Iterable[tuple[str, int]], count: int) -> Iterator[tuple[str, int]]:
    """Per problem that lacks some, the mask of the indices below `count` that it lacks."""
    full = (1 << count) - 1
    for problem_id, mask in masks:
        if full & ~mask:
            yield problem_id, full & ~mask


def set_bits(mask: int) -> list[int]:
    """The indices that a mask holds, ascending."""
    digits = bin(mask)[:1:-1]
    return list(itertools.compress(range(len(digits)), map(int, digits)))
