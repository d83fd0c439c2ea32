"""The grid of success rates on which distributions of rates are held.

Even in the logit: as fine as a pilot of some hundred samples can see in the middle, wider where
rates are too near 0 or 1 for any pilot to tell them apart. The first cell is a rate of exactly 0.
"""

from __future__ import annotations

import numpy as np

from harness.metrics.estimators import Floats

_OUTERMOST = 1e-6
_OUTER = 0.01


def _edges() -> Floats:
    outermost, outer = (float(np.log(p / (1.0 - p))) for p in (_OUTERMOST, _OUTER))
    low = np.linspace(outermost, outer, 31)
    logits = np.concatenate([low[:-1], np.linspace(outer, -outer, 61), -low[-2::-1]])
    return np.concatenate([[0.0], 1.0 / (1.0 + np.exp(-logits)), [1.0]])


def _middles(edges: Floats) -> Floats:
    logits = np.log(edges[1:-1] / (1.0 - edges[1:-1]))
    step = logits[1] - logits[0]
    middles = np.concatenate(
        [[logits[0] - step], (logits[1:] + logits[:-1]) / 2.0, [logits[-1] + step]]
    )
    return np.concatenate([[0.0], 1.0 / (1.0 + np.exp(-middles))])


# (cells,) ends of all cells but the first, and (cells,) the rate that stands for each cell.
RATE_EDGES = _edges()
RATES = _middles(RATE_EDGES)


def likelihoods(pairs: Floats) -> Floats:
    """(pairs, cells) likelihood of each rate after c correct of n samples, at most 1."""
    from scipy.special import xlog1py, xlogy

    c, n = pairs[:, :1], pairs[:, 1:]
    logs = xlogy(c, RATES) + xlog1py(n - c, -RATES)
    found: Floats = np.exp(logs - logs.max(axis=1, keepdims=True))
    return found


def log_peaks(pairs: Floats) -> Floats:
    """(pairs,) logarithm of what `likelihoods` was divided by."""
    from scipy.special import xlog1py, xlogy

    c, n = pairs[:, :1], pairs[:, 1:]
    found: Floats = (xlogy(c, RATES) + xlog1py(n - c, -RATES)).max(axis=1)
    return found
