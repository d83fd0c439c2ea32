"""The lengths of a pool's samples, as they were counted."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harness.budget.measured_flops import SampleLengths
from harness.comparison.estimates import Arrays
from harness.metrics.adaptive_arrays import AdaptiveArrays
from harness.metrics.solutions import Ints
from harness.pool import Pool


def lengths_of(pool: Pool, arrays: Arrays, cached: Fraction) -> SampleLengths:
    """Lengths of the samples that are compared; of an adaptive pool up to the stopping points.

    Args:
        pool: the pool, which counted the tokens of all of them.
        arrays: its samples of the problems that are compared.
        cached: prompt tokens of a sample that a cache served, in mean.
    """
    table = pool.samples(["problem_id", "sample_index", "prompt_tokens", "completion_tokens"])
    places = pc.index_in(table["problem_id"], value_set=pa.array(arrays.problem_ids))
    compared = table.append_column("place", places).filter(pc.is_valid(places))
    owners, indices, prompts, completions = (
        compared[name].to_numpy().astype(np.int64)
        for name in ("place", "sample_index", "prompt_tokens", "completion_tokens")
    )
    if isinstance(arrays, AdaptiveArrays):
        counted = indices < arrays.tokens.samples[owners]
        owners, prompts, completions = owners[counted], prompts[counted], completions[counted]
    return SampleLengths(owners, prompts, completions, cached)


def mean_over_problems(sums: Ints, samples: Ints) -> Fraction:
    """The mean over problems of what a sample of each takes, as k samples a problem are paid for.

    Where a pool has more samples of some problems than of others, the mean over all samples would
    be that of the problems which were drawn most.

    Args:
        sums: (problems,) over the samples of each.
        samples: (problems,) how many those are; some problem has at least one, others may have
            none and are left out.
    """
    total = sum(
        Fraction(int(sums[samples == size].sum()), int(size))
        for size in np.unique(samples[samples > 0])
    )
    return Fraction(total) / int((samples > 0).sum())
