"""The lengths of a pool's samples, as they were counted."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harness.budget.measured_flops import SampleLengths
from harness.budget.problem_means import mean_over_problems
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


def mean_length(sums: Ints, samples: Ints) -> Fraction:
    """Tokens of a sample, in mean over problems.

    Args:
        sums: (problems,) tokens of all samples of each.
        samples: (problems,) how many those are, as for `mean_over_problems`.
    """
    return mean_over_problems(samples, lambda size: int(sums[samples == size].sum()))
