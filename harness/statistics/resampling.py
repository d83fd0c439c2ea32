"""Resampled problems: the one place where the bootstrap draws.

A resample draws as many problems as there are, with replacement, and all that is asked of it
are sums of columns. So a resample is a vector of counts, and a block of resamples one product
of matrices. Problems with equal rows are exchangeable: where there are few different rows, the
number of times that each is drawn comes from a multinomial distribution directly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

RESAMPLES = 10_000
# Resamples are drawn in blocks that fit a core's cache: twice as fast as in blocks of 30 MB.
BLOCK_CELLS = 200_000
# Products of more cells than this are split over threads by BLAS, which for such small ones
# costs ten times more than it saves as soon as anything else runs on the machine.
_PRODUCT_CELLS = 400_000
# One binomial number costs about as much as drawing and counting this many problems.
_BINOMIAL_COST = 25


def checked(values: ArrayLike) -> Floats:
    """`values` as (problems,) floats.

    Raises:
        ValueError: it is empty, of another shape, or holds something that is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"expected one value a problem, found shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("a value is not a finite number")
    return array


def resampled(
    columns: Floats, resamples: int, seed: int, statistic: Callable[[Floats], Floats]
) -> Floats:
    """A statistic of column sums under resampling of problems with replacement.

    Args:
        columns: (problems, columns).
        resamples: how many times to resample.
        seed: of the resampling.
        statistic: (resamples, columns) of sums to (resamples,) of values, or to one row each.

    Returns:
        (resamples,), or (resamples, …) as `statistic` returns.
    """
    return np.concatenate(
        [statistic(counts @ rows) for rows, counts in _draws(columns, resamples, seed)]
    )


def _draws(columns: Floats, resamples: int, seed: int) -> Iterator[tuple[Floats, Floats]]:
    """Different rows, and blocks of (resamples, rows) of how often each is drawn."""
    problems = len(columns)
    source = np.random.Generator(np.random.SFC64(seed))
    rows, sizes = np.unique(columns, axis=0, return_counts=True)
    if len(rows) * _BINOMIAL_COST > problems:
        for size in _blocks(resamples, columns.size, problems):
            yield columns, _counts(source, size, problems)
        return
    for size in _blocks(resamples, rows.size, len(rows)):
        yield rows, source.multinomial(problems, sizes / problems, size).astype(np.float64)


def _blocks(resamples: int, cells: int, problems: int) -> Iterator[int]:
    block = max(1, min(BLOCK_CELLS // problems, _PRODUCT_CELLS // cells))
    for start in range(0, resamples, block):
        yield min(block, resamples - start)


def _counts(source: np.random.Generator, resamples: int, problems: int) -> Floats:
    """(resamples, problems): how often each problem is drawn."""
    picks = source.integers(0, problems, size=(resamples, problems))
    picks += np.arange(0, resamples * problems, problems)[:, None]
    counts = np.bincount(picks.ravel(), minlength=resamples * problems)
    return counts.reshape(resamples, problems).astype(np.float64)


def flipped(differences: Floats, resamples: int, seed: int) -> Floats:
    """Column sums under random signs, one sign a problem for all its columns.

    Args:
        differences: (problems, columns).
        resamples: how many times to draw the signs.
        seed: of the signs.

    Returns:
        (resamples, columns).
    """
    source = np.random.Generator(np.random.SFC64(seed))
    rows, sizes = np.unique(differences, axis=0, return_counts=True)
    few = len(rows) * _BINOMIAL_COST <= len(differences)
    if not few:
        rows, sizes = differences, np.ones(len(differences), dtype=np.int64)
    parts = []
    for size in _blocks(resamples, rows.size, len(rows)):
        if few:
            positive = source.binomial(sizes, 0.5, (size, len(rows))).astype(np.float64)
        else:
            positive = _bits(source, size, len(rows))
        parts.append(2.0 * (positive @ rows) - sizes @ rows)
    return np.concatenate(parts)


def _bits(source: np.random.Generator, resamples: int, problems: int) -> Floats:
    width = -(-problems // 8)
    octets = np.frombuffer(source.bytes(resamples * width), dtype=np.uint8)
    bits = np.unpackbits(octets.reshape(resamples, width), axis=1, count=problems)
    return bits.astype(np.float64)
