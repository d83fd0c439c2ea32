"""Which of the samples that arrive at a pool are new to it.

An answer may arrive twice (a crash came between its arrival and its being counted); the same
sample again is no harm, another one under the same key is never taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa

from harness.pool.masks import Masks
from harness.pool.order import ProblemOrder, in_canonical_order
from harness.pool.samples import Sample, storable, table_of


def new_samples(
    samples: Sequence[Sample],
    masks: Masks,
    order: ProblemOrder,
    stored: Callable[[pa.Array], pa.Table],
) -> list[Sample]:
    """The samples that are not there yet, each key once, in the order given.

    Args:
        samples: what arrives.
        masks: what is there.
        order: the pool's problems.
        stored: reads all samples of some problems; asked only if something arrives again.

    Raises:
        InputError: another sample with the same key is there.
        ValueError: a sample of a problem that the pool does not have.
    """
    fresh: dict[tuple[str, int], Sample] = {}
    known: list[Sample] = []
    for sample in samples:
        mask = masks.get(sample.problem_id)
        if mask is None or sample.sample_index < 0:
            raise ValueError(f"the pool has no place for sample {sample.key}")
        clean = storable(sample)
        repeated = mask >> sample.sample_index & 1
        if repeated or fresh.setdefault(sample.key, clean) is not clean:
            known.append(clean)
    if known:
        there = stored(pa.array(list({sample.problem_id for sample in known})))
        # Refuses rows that differ under one key.
        in_canonical_order(
            pa.concat_tables([there, table_of(fresh.values()), table_of(known)]), order
        )
    return list(fresh.values())
