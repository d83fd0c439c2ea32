"""Unbiased estimators from n samples of what k samples would have shown.

Drawing k of n without replacement misses a set of m samples with probability
C(n−m, k) / C(n, k). Coverage asks it of the correct samples, diversity of each distinct
correct solution. With Gamma functions in place of factorials both hold for real k, which
ratios of model sizes call for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Diversity(NamedTuple):
    """Mean number of distinct correct solutions, over all problems and over solved ones."""

    all: Floats
    solved: Floats


def missed(marked: ArrayLike, samples: ArrayLike, k: ArrayLike) -> Floats:
    """Probability that k of n samples hold none of m marked ones: C(n−m, k) / C(n, k).

    Args:
        marked: m, any shape that broadcasts with the others.
        samples: n.
        k: how many are drawn, 0 < k ≤ n; may be real.

    Raises:
        ValueError: k exceeds n, or m does.
    """
    from scipy.special import gammaln

    m, n, drawn = np.broadcast_arrays(
        np.asarray(marked, dtype=np.float64),
        np.asarray(samples, dtype=np.float64),
        np.asarray(k, dtype=np.float64),
    )
    if (drawn <= 0).any() or (drawn > n).any():
        raise ValueError(f"k must lie in (0, n]; k up to {drawn.max():g}, n from {n.min():g}")
    if (m < 0).any() or (m > n).any():
        raise ValueError("more samples are marked than there are")
    # Too few unmarked samples to fill the draw. For whole k that is n − m < k; the formula's own
    # zero lies at k = n − m + 1, and between the two it falls steadily.
    certain = drawn >= n - m + 1
    rest = np.where(certain, drawn, n - m)
    # In pairs that cancel exactly where nothing is marked.
    logarithm = (gammaln(rest + 1) - gammaln(n + 1)) + (
        gammaln(n - drawn + 1) - gammaln(rest - drawn + 1)
    )
    return np.where(certain, 0.0, np.exp(np.minimum(logarithm, 0.0)))


def coverage_at_k(correct: ArrayLike, samples: ArrayLike, k: ArrayLike) -> Floats:
    """Unbiased coverage@k (pass@k) of each problem (paper, section 2; Chen et al., 2021).

    Args:
        correct: (problems,) correct samples c.
        samples: (problems,) samples n.
        k: (ks,) or a number; may be real.

    Returns:
        (problems, ks), or (problems,) for a single k.

    Raises:
        ValueError: a k exceeds the samples of a problem.
    """
    c, n = np.asarray(correct, dtype=np.float64), np.asarray(samples, dtype=np.float64)
    ks = np.asarray(k, dtype=np.float64)
    if ks.ndim == 0:
        return 1.0 - missed(c, n, ks)
    return 1.0 - missed(c[:, None], n[:, None], ks[None, :])


def pass_at_1(correct: ArrayLike, samples: ArrayLike) -> Floats:
    """Share of correct samples of each problem: coverage@1."""
    return np.asarray(correct, dtype=np.float64) / np.asarray(samples, dtype=np.float64)


def distinct_at_k(
    problem: ArrayLike, multiplicity: ArrayLike, samples: ArrayLike, k: ArrayLike
) -> Floats:
    """Expected number of distinct correct solutions among k samples, of each problem.

    Args:
        problem: (solutions,) the problem's position of each distinct correct solution.
        multiplicity: (solutions,) how many samples are that solution.
        samples: (problems,) samples n.
        k: (ks,) or a number.

    Returns:
        (problems, ks), or (problems,) for a single k.

    Raises:
        ValueError: a k exceeds the samples of a problem.
    """
    n = np.asarray(samples, dtype=np.float64)
    owner = np.asarray(problem, dtype=np.int64)
    m = np.asarray(multiplicity, dtype=np.float64)
    ks = np.atleast_1d(np.asarray(k, dtype=np.float64))
    missed(np.zeros_like(n), n, ks.max())  # Refuses a k that exceeds any problem's samples.
    found = np.zeros((len(n), len(ks)))
    for column, drawn in enumerate(ks):
        found[:, column] = np.bincount(owner, 1.0 - missed(m, n[owner], drawn), len(n))
    return found if np.ndim(k) else found[:, 0]


def diversity_at_k(distinct: ArrayLike, coverage: ArrayLike) -> Diversity:
    """diversity@k over all problems, and over solved problems as a ratio of means.

    The paper's figures show the latter: at k = 1 it is 1 by construction.

    Args:
        distinct: (problems,) or (problems, ks) from `distinct_at_k`.
        coverage: the same shape, from `coverage_at_k`.

    Returns:
        One value per k; NaN for `solved` where no problem is solved.
    """
    over_all = np.asarray(distinct, dtype=np.float64).mean(axis=0)
    solved = np.asarray(coverage, dtype=np.float64).mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Diversity(over_all, np.asarray(over_all / solved))


def multiplicities(
    problem: Sequence[int] | NDArray[np.int64], solution: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct solutions of each problem and how often each occurs.

    Args:
        problem: (samples,) position of the problem of each correct sample.
        solution: (samples,) what makes two solutions the same.

    Returns:
        (solutions,) positions of problems, ascending, and (solutions,) multiplicities.
    """
    counts: dict[tuple[int, str], int] = {}
    for key in zip(np.asarray(problem).tolist(), solution, strict=True):
        counts[key] = counts.get(key, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: item[0][0])
    return (
        np.array([key[0] for key, _ in ordered], dtype=np.int64),
        np.array([count for _, count in ordered], dtype=np.int64),
    )
