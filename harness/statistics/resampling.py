"""Resampled problems: the one place where the bootstrap draws.

The bootstrap here is the Bayesian one (Rubin, Annals of Statistics 9, 1981): a resample weighs
every problem with a standard exponential number. Its means have the variance of those of the
usual bootstrap, which draws whole problems with replacement, up to 1/problems, and its
distribution is smooth, so that a ratio never lacks a denominator and ties do not pile up.

Resampling only what was seen knows nothing of what was not, so *prior problems* may be resampled
with the others (`harness.statistics.prior_problems`).

All that is asked of a resample are sums of columns, so a block of resamples is one product of
matrices. Problems with equal rows need one number together, from a gamma distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

RESAMPLES = 10_000
# Resamples are drawn in blocks that fit a core's cache: twice as fast as in blocks of 30 MB.
_BLOCK_CELLS = 64_000
# BLAS splits products of more multiplications than this over threads, which then wait for each
# other: on a busy machine that costs fifty times more than it saves.
_PRODUCT_CELLS = 400_000
# One gamma or binomial number costs about as much as this many exponential ones or bits.
_GAMMA_COST = 5
_BINOMIAL_COST = 60
# The weight of all prior problems together, in problems.
_PRIOR_WEIGHT = 1.0


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
    columns: Floats,
    resamples: int,
    seed: int,
    statistic: Callable[[Floats], Floats],
    prior: Floats | None = None,
) -> Floats:
    """A statistic of column sums under resampling of problems.

    Args:
        columns: (problems, columns).
        resamples: how many times to resample.
        seed: of the resampling.
        statistic: (resamples, columns) of sums to (resamples,) of values, or to one row each.
            The sums are scaled to the number of problems.
        prior: (prior problems, columns) of problems that are resampled with the others and weigh
            as one together; without any the interval of values that are all the same has no
            width.

    Returns:
        (resamples,), or (resamples, …) as `statistic` returns.
    """
    problems = len(columns)
    rows, shapes = _weighted_rows(columns, prior)
    source = np.random.Generator(np.random.SFC64(seed))
    # With a column of ones, the same product gives the total weight of each resample.
    table = np.asfortranarray(np.column_stack([rows, np.ones(len(rows))]))
    parts = []
    for size in _blocks(resamples, len(rows)):
        sums = _product(_weights(source, size, shapes), table)
        parts.append(statistic(sums[:, :-1] * (problems / sums[:, -1:])))
    return np.concatenate(parts)


def resampled_with_prior(columns: Floats, resamples: int, seed: int) -> tuple[Floats, Floats]:
    """Column sums of resamples that hold two prior problems, whose values are added later.

    Args:
        columns: (problems, columns).
        resamples: how many times to resample.
        seed: of the resampling.

    Returns:
        (resamples, columns) sums over the problems, and (resamples, 2) weights of the prior
        problems. All weights of a resample add up to the number of problems.
    """
    width = columns.shape[1]
    padded = np.pad(columns, ((0, 0), (0, 2)))
    prior = np.pad(np.eye(2), ((0, 0), (width, 0)))
    drawn = resampled(padded, resamples, seed, lambda sums: sums, prior)
    return drawn[:, :width], drawn[:, width:]


def _weighted_rows(columns: Floats, prior: Floats | None) -> tuple[Floats, Floats]:
    """Rows, and of each the shape of the gamma distribution that weighs it."""
    rows, sizes = np.unique(columns, axis=0, return_counts=True)
    if len(rows) * _GAMMA_COST > len(columns):
        rows, sizes = columns, np.ones(len(columns), dtype=np.int64)
    shapes = sizes.astype(np.float64)
    if prior is None:
        return rows, shapes
    each = np.full(len(prior), _PRIOR_WEIGHT / len(prior))
    return np.concatenate([rows, prior]), np.concatenate([shapes, each])


def _weights(source: np.random.Generator, resamples: int, shapes: Floats) -> Floats:
    """(resamples, rows) of gamma numbers, those of shape 1 drawn the fast way."""
    single = shapes == 1.0
    if not single.any():
        return source.standard_gamma(shapes, size=(resamples, len(shapes)))
    weights = source.standard_exponential((resamples, len(shapes)))
    rest = np.flatnonzero(~single)
    if rest.size:
        weights[:, rest] = source.standard_gamma(shapes[rest], size=(resamples, rest.size))
    return weights


def _product(weights: Floats, table: Floats) -> Floats:
    """`weights @ table`, in pieces that BLAS does not split over threads."""
    width = max(1, _PRODUCT_CELLS // weights.size)
    pieces = [weights @ table[:, at : at + width] for at in range(0, table.shape[1], width)]
    return np.concatenate(pieces, axis=1)


def _blocks(resamples: int, problems: int) -> Iterator[int]:
    block = max(1, _BLOCK_CELLS // problems)
    for start in range(0, resamples, block):
        yield min(block, resamples - start)


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
    table, total = np.asfortranarray(rows), sizes @ rows
    for size in _blocks(resamples, len(rows)):
        if few:
            positive = source.binomial(sizes, 0.5, (size, len(rows))).astype(np.float64)
        else:
            positive = _bits(source, size, len(rows))
        parts.append(2.0 * _product(positive, table) - total)
    return np.concatenate(parts)


def _bits(source: np.random.Generator, resamples: int, problems: int) -> Floats:
    width = -(-problems // 8)
    octets = np.frombuffer(source.bytes(resamples * width), dtype=np.uint8)
    bits = np.unpackbits(octets.reshape(resamples, width), axis=1, count=problems)
    return bits.astype(np.float64)
