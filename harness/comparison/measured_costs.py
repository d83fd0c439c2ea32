"""What the samples of a pool took: mean tokens and exact FLOPs, every problem counting the same.

A budget of k samples a problem is spent on every problem alike. Where a pool has more samples of
some problems than of others, the mean over all samples would be that of the problems drawn most.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pyarrow.compute as pc

from harness.budget.architecture import Architecture
from harness.budget.cost_models import Prompts, SampleCost
from harness.budget.measured_flops import decode_flops_of_samples, prefill_flops_of_prompts
from harness.comparison.estimates import Arrays
from harness.metrics.estimators import Floats
from harness.metrics.pool_rows import INDEX_BITS
from harness.metrics.solutions import Ints
from harness.pool import Pool
from harness.pool.samples import KEY_COLUMNS


def mean_over_problems(sums: Ints, samples: Ints) -> Fraction:
    """The mean over problems of what a sample of each takes; problems without samples are left out.

    Args:
        sums: (problems,) over the samples of each.
        samples: (problems,) how many those are; at least one problem has some.
    """
    total = sum(
        Fraction(int(sums[samples == size].sum()), int(size))
        for size in np.unique(samples[samples > 0])
    )
    return Fraction(total) / int((samples > 0).sum())


def exact_flops(
    pool: Pool, arrays: Arrays, architecture: Architecture, prompts: Prompts, cached: Fraction
) -> SampleCost:
    """Exact FLOPs of a sample, each at its own lengths; all of them have token counts.

    Args:
        pool: has the samples.
        arrays: those of its problems and samples that are compared.
        architecture: of the model.
        prompts: whether a prompt is left out, read for every sample, or once a problem.
        cached: prompt tokens that a cache served, on average.
    """
    decoded, read = _means_of_samples(pool, arrays, architecture)
    match prompts:
        case "none":
            return SampleCost(decoded)
        case "once":
            return SampleCost(decoded, read)
    return SampleCost(decoded + read - _saved(architecture, cached))


def _saved(architecture: Architecture, cached: Fraction) -> Fraction:
    """FLOPs that a cache saves, on the line between whole numbers of cached tokens."""
    floor = int(cached)

    def saved(held: int) -> int:
        whole = held + 1  # The head reads the last position, whatever is cached.
        return architecture.prefill_flops(whole) - architecture.prefill_flops(whole, held)

    low = saved(floor)
    return low + (cached - floor) * (saved(floor + 1) - low)


def _means_of_samples(
    pool: Pool, arrays: Arrays, architecture: Architecture
) -> tuple[Fraction, Fraction]:
    """FLOPs of decoding a sample and of reading its prompt, on average."""
    count = len(pool.problems)
    chosen = np.zeros(count, dtype=np.int64)  # Of each problem, its first so many samples.
    place = {problem.id: place for place, problem in enumerate(pool.problems)}
    chosen[[place[one] for one in arrays.problem_ids]] = arrays.tokens.samples
    decoded, read, seen = np.zeros(count), np.zeros(count), np.zeros(count, dtype=np.int64)
    for table in pool.batches([*KEY_COLUMNS, "prompt_tokens", "completion_tokens"]):
        owners = pool.order.keys_of(table) >> INDEX_BITS
        number = seen[owners] + np.arange(len(owners)) - np.searchsorted(owners, owners)
        seen += np.bincount(owners, minlength=count)
        wanted = number < chosen[owners]
        lengths = [
            pc.fill_null(table[f"{name}_tokens"], 0).to_numpy()[wanted]
            for name in ("prompt", "completion")
        ]
        for sums, flops in (
            (decoded, decode_flops_of_samples(architecture, *lengths)),
            (read, prefill_flops_of_prompts(architecture, lengths[0])),
        ):
            sums += np.bincount(owners[wanted], flops, count)
    return _mean(decoded, chosen), _mean(read, chosen)


def _mean(sums: Floats, samples: Ints) -> Fraction:
    drawn = samples > 0
    return Fraction(float(np.mean(sums[drawn] / samples[drawn])))
