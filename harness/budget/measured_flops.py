"""Exact FLOPs of samples that are there, over the lengths that each of them really had.

Attention grows with the square of a context, and long completions often stand behind long
prompts, so the FLOPs at mean lengths are fewer than the mean FLOPs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from harness.budget.architecture import FLOPS_PER_MULTIPLY_ADD, Architecture
from harness.budget.cost_models import Prompts, SampleCost, between
from harness.budget.problem_means import mean_over_problems

Lengths = NDArray[np.int64]


@dataclass(frozen=True)
class SampleLengths:
    """What samples took, in tokens.

    Attributes:
        problems: (samples,) the problem of each, as a number.
        prompt: (samples,) lengths of their prompts; the same for all samples of a problem.
        completion: (samples,) their own lengths.
        cached: prompt tokens of a sample that a cache served, in mean.
    """

    problems: Lengths
    prompt: Lengths
    completion: Lengths
    cached: Fraction = Fraction(0)

    def of(self, chosen: NDArray[np.bool_]) -> SampleLengths:
        """Those of some samples."""
        return SampleLengths(
            self.problems[chosen], self.prompt[chosen], self.completion[chosen], self.cached
        )


def measured_flops(
    architecture: Architecture, lengths: SampleLengths, prompts: Prompts
) -> SampleCost:
    """Mean FLOPs of the samples, as `sample_cost` has them for "compute_exact" at mean lengths.

    The mean is over problems, of what a sample of each took: k samples a problem are paid for,
    also where a pool has more of some problems than of others.

    Args:
        architecture: of the model.
        lengths: of one sample or more.
        prompts: whether prompts are left out, read for every sample, or once a problem.
    """
    decoded = _mean(lengths, lambda part: flops_of_completions(architecture, part))
    match prompts:
        case "every":
            read = between(
                lengths.cached,
                lambda held: _mean(
                    lengths, lambda part: flops_of_prompts(architecture, part.prompt, held)
                ),
            )
            return SampleCost(decoded + read)
        case "once":
            _, firsts = np.unique(lengths.problems, return_index=True)
            read = Fraction(flops_of_prompts(architecture, lengths.prompt[firsts]), len(firsts))
            return SampleCost(decoded, read)
    return SampleCost(decoded)


def _mean(lengths: SampleLengths, sum_of: Callable[[SampleLengths], int]) -> Fraction:
    """The mean over problems of a sum over samples."""
    _, owners, counts = np.unique(lengths.problems, return_inverse=True, return_counts=True)
    sizes = counts[owners]
    return mean_over_problems(counts, lambda size: sum_of(lengths.of(sizes == size)))


def flops_of_completions(architecture: Architecture, lengths: SampleLengths) -> int:
    """FLOPs of completions, each over its own context: the sum of `Architecture.decode_flops`."""
    whole = lengths.prompt + lengths.completion
    attention = sum(
        width * int((_pairs(whole, *seen) - _pairs(lengths.prompt, *seen)).sum())
        for seen, width in _widths(architecture, "decode_width").items()
    )
    per_token = architecture.multiply_adds_per_token + architecture.head_weights
    return FLOPS_PER_MULTIPLY_ADD * (int(lengths.completion.sum()) * per_token + attention)


def flops_of_prompts(architecture: Architecture, prompts: Lengths, cached: int = 0) -> int:
    """FLOPs of the passes of prompts: the sum of `Architecture.prefill_flops`.

    Args:
        architecture: of the model.
        prompts: (prompts,) their lengths.
        cached: tokens of each, from the first on, that a cache holds already.
    """
    read = prompts[prompts > 0]
    held = np.minimum(read, cached)
    attention = sum(
        width * int((_pairs(read, *seen) - _pairs(held, *seen)).sum())
        for seen, width in _widths(architecture, "prefill_width").items()
    )
    matrices = int((read - held).sum()) * architecture.multiply_adds_per_token
    heads = len(read) * architecture.head_weights
    return FLOPS_PER_MULTIPLY_ADD * (matrices + heads + attention)


def _widths(architecture: Architecture, name: str) -> dict[tuple[int | None, bool], int]:
    """Multiply-adds a pair of query and key, by window and chunks of the layers that do them."""
    widths: dict[tuple[int | None, bool], int] = {}
    for layer in architecture.layers:
        seen = layer.attention.window, layer.attention.chunked
        widths[seen] = widths.get(seen, 0) + getattr(layer.attention, name)
    return widths


def _pairs(tokens: Lengths, window: int | None, chunked: bool) -> Lengths:
    """`Attention.pairs` over an array."""
    if window is not None and chunked:
        chunks, rest = tokens // window, tokens % window
        return chunks * (window * (window + 1) // 2) + rest * (rest + 1) // 2
    inside = tokens if window is None else np.minimum(tokens, window)
    return inside * (inside + 1) // 2 + (tokens - inside) * inside
