"""Unbiased estimators from n samples of what k samples would have shown.

Drawing k of n without replacement misses a set of m samples with probability
C(n−m, k) / C(n, k). Coverage asks it of the correct samples, diversity of each distinct
correct solution. With Gamma functions in place of factorials both hold for real k, which
ratios of model sizes call for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BLOCK_CELLS = 500_000  # Of a table that is made at once: its temporaries fit a core's cache.


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
    log_factorial = _log_factorial_of(n, m, drawn)
    # In pairs that cancel exactly where nothing is marked.
    logarithm = (log_factorial(rest) - log_factorial(n)) + (
        log_factorial(n - drawn) - log_factorial(rest - drawn)
    )
    return np.where(certain, 0.0, np.exp(np.minimum(logarithm, 0.0)))


def log_factorials(largest: int) -> Floats:
    """(largest + 1,) logarithms of 0! … largest!."""
    from scipy.special import gammaln

    return np.asarray(gammaln(np.arange(largest + 1) + 1.0))


def _log_factorial_of(n: Floats, *others: Floats) -> Callable[[Floats], Floats]:
    """The logarithm of the factorial; from a table where numbers are whole and the table small."""
    from scipy.special import gammaln

    largest = n.max(initial=0.0)
    if largest < n.size and all((one == np.floor(one)).all() for one in (n, *others)):
        table = log_factorials(int(largest))
        return lambda values: table[values.astype(np.int64)]
    return lambda values: np.asarray(gammaln(values + 1.0))


def _caught_by_pairs(marked: ArrayLike, samples: ArrayLike, ks: Floats) -> tuple[Floats, Ints]:
    """What `missed` leaves of 1, for each distinct pair of m and n, of which there are few, and
    each k; of a single sample it is m / n, without the rounding of logarithms.

    Returns:
        (pairs, ks) probabilities, and (entries,) the pair of each entry of `marked`.
    """
    m, n = np.asarray(marked, dtype=np.float64), np.asarray(samples, dtype=np.float64)
    pairs, place = np.unique(m + 1j * n, return_inverse=True)
    found = np.empty((len(pairs), len(ks)))
    step = max(1, BLOCK_CELLS // max(1, len(ks)))
    for start in range(0, len(pairs), step):
        part = pairs[start : start + step, None]
        found[start : start + step] = 1.0 - missed(part.real, part.imag, ks)
    found[:, ks == 1.0] = (pairs.real / pairs.imag)[:, None]
    return found, place


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
    chance, place = _caught_by_pairs(correct, samples, np.atleast_1d(np.asarray(k, np.float64)))
    found = chance[place]
    return found if np.ndim(k) else found[:, 0]


def pass_at_1(correct: ArrayLike, samples: ArrayLike) -> Floats:
    """Share of correct samples of each problem: coverage@1."""
    return np.asarray(correct, dtype=np.float64) / np.asarray(samples, dtype=np.float64)


def distinct_at_k(
    problem: ArrayLike, multiplicity: ArrayLike, samples: ArrayLike, k: ArrayLike
) -> Floats:
    """Expected number of distinct correct solutions among k samples, of each problem.

    Of a single sample it is coverage@1, to the last digit.

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
    from scipy.sparse import coo_array

    n = np.asarray(samples, dtype=np.float64)
    owner = np.asarray(problem, dtype=np.int64)
    m = np.asarray(multiplicity, dtype=np.float64)
    ks = np.atleast_1d(np.asarray(k, dtype=np.float64))
    if len(n):
        missed(0.0, n.min(), ks)  # Refuses a k that exceeds any problem's samples.
    chance, place = _caught_by_pairs(m, n[owner], ks)
    # How many solutions of each problem have each pair, times what the pair contributes.
    counts = coo_array((np.ones(len(owner)), (owner, place)), shape=(len(n), len(chance)))
    found: Floats = np.asarray(counts.tocsr() @ chance)
    # Multiplicities are added up before they are divided, so that rounding cannot creep in.
    found[:, ks == 1.0] = (np.bincount(owner, m, minlength=len(n)) / n)[:, None]
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
