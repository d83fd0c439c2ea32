"""What a pilot allows if nothing is taken for granted about the distribution of success rates.

The distributions over the grid whose likelihood is within reach of the highest form a convex
set. Its two ends, the fewest and the most problems solved after k samples, come from
maximum likelihood with one more observation of growing weight: "solved after k samples", or "not
solved". The maximum itself is found by constrained Newton steps (Wang, 2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.forecast.grid import RATES, likelihoods, log_peaks
from harness.metrics.estimators import Floats

# Half the 95 % quantile of χ² with one degree of freedom.
_DROP = 1.92
_STEPS = 60
_PRECISE = 1e-4
_BISECTIONS = 11
# Holds the sum of the weights at 1 in the least squares.
_SUM_WEIGHT = 1e3


@dataclass(frozen=True)
class LikelihoodRegion:
    """Distributions of rates over the grid.

    Attributes:
        best: (cells,) the most likely.
        log_likelihood: its own.
        fewest: (cells,) the one within the region that leaves the most problems unsolved.
        most: (cells,) the one that leaves the fewest.
    """

    best: Floats
    log_likelihood: float
    fewest: Floats
    most: Floats


def likelihood_region(pairs: Floats, counts: Floats, k: float) -> LikelihoodRegion:
    """The 95 % region for coverage@k.

    Args:
        pairs: (pairs, 2) distinct (c, n).
        counts: (pairs,) problems of each.
        k: samples a problem.
    """
    table = likelihoods(pairs)
    start = np.full(len(RATES), 1.0 / len(RATES))
    best, highest = _most_likely(table, counts, start)
    missed = (1.0 - RATES) ** k
    fewest, most = (
        _end(table, counts, best, highest - _DROP, pull) for pull in (missed, 1.0 - missed)
    )
    constant = float(counts @ log_peaks(pairs))
    return LikelihoodRegion(best, highest + constant, fewest, most)


def _end(table: Floats, counts: Floats, best: Floats, least: float, pull: Floats) -> Floats:
    """The distribution that the pull moves farthest while its likelihood is at least so high."""
    longer = np.vstack([table, pull])
    # No emptied cell may start empty, or no step could fill it again.
    start = 0.99 * best + 0.01 / len(best)
    low, high = np.log(0.05), np.log(4.0 * counts.sum())
    end = best
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2.0
        weights, _ = _most_likely(longer, np.append(counts, np.exp(middle)), start)
        if counts @ np.log(table @ weights) >= least:
            low, end = middle, weights
        else:
            high = middle
    return end


def _most_likely(table: Floats, counts: Floats, start: Floats) -> tuple[Floats, float]:
    """Weights of the cells that maximise Σ counts · log(table · weights), and the maximum."""
    from scipy.optimize import nnls

    weights, mixed = start, table @ start
    height, total = float(counts @ np.log(mixed)), float(counts.sum())
    roots = np.sqrt(counts)[:, None]
    ones = np.full((1, len(start)), _SUM_WEIGHT * np.sqrt(total))
    for _ in range(_STEPS):
        slopes = table / mixed[:, None]
        if float((counts @ slopes).max()) - total < _PRECISE:
            break
        target, _ = nnls(
            np.vstack([roots * slopes, ones]), np.append(2.0 * roots[:, 0], ones[0, 0])
        )
        move = target / target.sum() - weights
        step = 1.0
        while (reached := _height(table, counts, weights + step * move)) < height and step > 1e-6:
            step /= 2.0
        if reached - height < _PRECISE / 10:
            break
        weights, height = weights + step * move, reached
        mixed = table @ weights
    return weights, height


def _height(table: Floats, counts: Floats, weights: Floats) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.nan_to_num(counts @ np.log(table @ weights), nan=-np.inf))
