"""Unbiased estimators where a problem was drawn until its c-th correct sample, or n at most.

Such a problem ends with a correct sample by design, so its share of correct ones is too high.
But whatever the problem, the samples before the last are in random order given their number,
which makes the estimators of `estimators` unbiased on them alone (Girshick, Mosteller and
Savage, 1946; for pass@1 it is Haldane's (c − 1) / (N − 1), 1945). A problem that ran through
all n is estimated from all n.

Only coverage and shares of samples can be had: how many different solutions k samples show
depends on samples behind the last, which nobody drew.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.metrics.estimators import Floats, missed


def sequential_coverage_at_k(
    correct: ArrayLike, samples: ArrayLike, stopped: ArrayLike, k: ArrayLike
) -> Floats:
    """Unbiased coverage@k of each problem.

    Stopped at sample N with c correct: 1 − C(N−c, k) / C(N−1, k) up to k = N−1, and 1 from
    k = N on. Else, as from a draw of fixed size: 1 − C(n−c, k) / C(n, k).

    Args:
        correct: (problems,) correct samples c up to the stopping point.
        samples: (problems,) samples N up to the stopping point, or all n.
        stopped: (problems,) whether the c-th correct sample ended the draw.
        k: (ks,) or a number; may be real.

    Returns:
        (problems, ks), or (problems,) for a single k.

    Raises:
        ValueError: a k exceeds the samples of a problem that did not stop.
    """
    ended: NDArray[np.bool_] = np.asarray(stopped, dtype=np.bool_)[:, None]
    c = np.asarray(correct, dtype=np.float64)[:, None]
    n = np.asarray(samples, dtype=np.float64)[:, None]
    ks = np.atleast_1d(np.asarray(k, dtype=np.float64))[None, :]
    # The formula ends at k = N−1; `least` keeps a first sample that is the last out of it.
    least = np.maximum(n - 1, 1)
    missing = missed(
        np.where(ended, c - 1, c),
        np.where(ended, least, n),
        np.where(ended, np.minimum(ks, least), ks),
    )
    # From k = N on nothing is missed; between N−1 and N, where no whole k lies, it falls steadily.
    found = 1.0 - missing * np.where(ended, np.clip(n - ks, 0.0, 1.0), 1.0)
    return found if np.ndim(k) else found[:, 0]


def sequential_share(
    marked: ArrayLike, marked_last: ArrayLike, samples: ArrayLike, stopped: ArrayLike
) -> Floats:
    """Unbiased probability that a sample of each problem is marked, such as a false positive.

    Args:
        marked: (problems,) marked samples up to the stopping point, the last one included.
        marked_last: (problems,) whether the last one is marked.
        samples: (problems,) samples N up to the stopping point, or all n.
        stopped: (problems,) whether the last one, being correct, ended the draw.
    """
    m, n = np.asarray(marked, dtype=np.float64), np.asarray(samples, dtype=np.float64)
    last = np.asarray(marked_last, dtype=np.float64)
    before = (np.asarray(stopped, dtype=np.bool_)) & (n > 1)
    return np.where(before, m - last, m) / np.where(before, n - 1, n)
