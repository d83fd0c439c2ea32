"""Where two curves over cost cross: from which budget on the other side is the better one.

Between two measured costs both curves are taken as straight lines in the logarithm of the cost.
Nothing is said about costs outside those that were measured: a crossing that resampling moves
beyond them leaves its interval open on that side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from harness.statistics.resampling import Floats, resampled

Curve = Literal["first", "second"]
RESAMPLES = 2_000
_LOW, _HIGH = 0.025, 0.975
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Crossing:
    """One change of the lead.

    Attributes:
        cost: where the curves meet, in the unit of the costs.
        above_before: the curve that is higher just below this cost.
        above_after: the curve that is higher just above it.
    """

    cost: float
    above_before: Curve
    above_after: Curve


@dataclass(frozen=True)
class Crossover:
    """All changes of the lead, by rising cost.

    Attributes:
        crossings: empty if one curve is never below the other.
        above_throughout: the curve that is never below the other and somewhere above it; None
            with crossings, and where both curves are the same.
    """

    crossings: tuple[Crossing, ...]
    above_throughout: Curve | None


@dataclass(frozen=True)
class CrossingInterval:
    """The 95 % interval of one crossing.

    Attributes:
        crossing: of the curves over all problems.
        low: lower end of its cost; None if it may lie below the lowest measured cost.
        high: upper end; None if it may lie above the highest measured cost.
    """

    crossing: Crossing
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ResampledCrossover:
    """The crossover of two mean curves, and what other problems might have shown.

    Attributes:
        crossover: over all problems.
        intervals: one for each of its crossings.
        share_crossing: share of resamples with any crossing.
        share_first_above: share in which the first curve is never below the second.
        share_second_above: the same for the second.
    """

    crossover: Crossover
    intervals: tuple[CrossingInterval, ...]
    share_crossing: float
    share_first_above: float
    share_second_above: float


def crossover(costs: ArrayLike, first: ArrayLike, second: ArrayLike) -> Crossover:
    """Where the difference of two curves changes its sign.

    Curves that only touch do not cross; curves that are equal over a stretch and then change
    their order cross at the stretch's upper end.

    Args:
        costs: (points,) of both curves, positive and rising.
        first: (points,) values of one curve.
        second: (points,) values of the other.

    Raises:
        ValueError: the shapes differ, the costs do not rise, or a value is not finite.
    """
    at, gaps = _checked(costs, np.asarray(first)[None], np.asarray(second)[None])
    signs, places = _sign_changes(at, gaps)
    crossings = tuple(
        Crossing(float(place), _name(-sign), _name(sign))
        for place, sign in zip(places[0], signs[0, 1:], strict=True)
        if np.isfinite(place)
    )
    last = float(signs[0, -1])
    return Crossover(crossings, _name(last) if last and not crossings else None)


def resampled_crossover(
    costs: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> ResampledCrossover:
    """The crossover of two mean curves, with intervals from resampled problems.

    A resample weighs the same problems in both curves. In it, a crossing of the whole data is
    the nearest one of the same direction; without any it lies beyond the end that the order of
    the curves at the crossing points to, which may open the interval there.

    Args:
        costs: (points,) of both curves, positive and rising.
        first: (problems, points) values of one side.
        second: the same problems and points for the other side.
        resamples: how many times to resample.
        seed: of the resampling.

    Raises:
        ValueError: the shapes differ, the costs do not rise, or a value is not finite.
    """
    at, gaps = _checked(costs, first, second)
    means = (np.asarray(side, dtype=np.float64).mean(axis=0) for side in (first, second))
    whole = crossover(costs, *means)
    drawn = resampled(gaps, resamples, seed, lambda sums: sums) / len(gaps)
    signs, places = _sign_changes(at, drawn)
    crossing = np.isfinite(places).any(axis=1)
    last = np.where(crossing, 0.0, signs[:, -1])
    return ResampledCrossover(
        whole,
        tuple(_interval(one, at, drawn, signs, places) for one in whole.crossings),
        float(crossing.mean()),
        float((last > 0).mean()),
        float((last < 0).mean()),
    )


def _at(wanted: Floats, costs: Floats, values: ArrayLike) -> Floats:
    """Values at other costs within the measured ones; exact at the measured ones."""
    curves = np.asarray(values, dtype=np.float64)
    if len(costs) == 1:
        return curves[..., np.zeros(len(wanted), dtype=np.int64)]
    right = np.clip(np.searchsorted(costs, wanted), 1, len(costs) - 1)
    logs = np.log(costs)
    weight = (np.log(wanted) - logs[right - 1]) / (logs[right] - logs[right - 1])
    return np.asarray(curves[..., right - 1] * (1 - weight) + curves[..., right] * weight)


def _checked(costs: ArrayLike, first: ArrayLike, second: ArrayLike) -> tuple[Floats, Floats]:
    """The costs (points,), and first minus second (curves, points)."""
    at = np.asarray(costs, dtype=np.float64)
    ours, theirs = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if at.ndim != 1 or at.size == 0 or ours.shape != theirs.shape or ours.shape[1:] != at.shape:
        raise ValueError(
            f"curves of shapes {ours.shape} and {theirs.shape} do not fit costs {at.shape}"
        )
    if len(ours) == 0:
        raise ValueError("there are no problems")
    if not all(np.isfinite(values).all() for values in (at, ours, theirs)):
        raise ValueError("a value is not a finite number")
    if at[0] <= 0 or (np.diff(at) <= 0).any():
        raise ValueError("the costs must be positive and rise from point to point")
    return at, ours - theirs


def _sign_changes(costs: Floats, gaps: Floats) -> tuple[Floats, Floats]:
    """(curves, points) signs, and (curves, points − 1) costs of changes, else NaN.

    A gap of 0 takes the sign before it, so that touching is no change; leading ones stay 0.
    """
    signs = np.where(np.abs(gaps) <= _ROUNDING, 0.0, np.sign(gaps))
    latest = np.maximum.accumulate(np.where(signs != 0, np.arange(len(costs)), 0), axis=1)
    signs = np.take_along_axis(signs, latest, axis=1)
    changed = signs[:, :-1] * signs[:, 1:] < 0
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = gaps[:, :-1] / (gaps[:, :-1] - gaps[:, 1:])
    between = costs[:-1] * (costs[1:] / costs[:-1]) ** np.clip(weight, 0.0, 1.0)
    return signs, np.where(changed, between, np.nan)


def _interval(
    crossing: Crossing, costs: Floats, drawn: Floats, signs: Floats, places: Floats
) -> CrossingInterval:
    """The middle 95 % of the nearest crossings of the same direction."""
    after = 1.0 if crossing.above_after == "first" else -1.0
    same = np.where(signs[:, 1:] == after, places, np.nan)
    distance = np.where(np.isnan(same), np.inf, np.abs(np.log(same / crossing.cost)))
    nearest = np.take_along_axis(same, distance.argmin(axis=1)[:, None], axis=1)[:, 0]
    # Without one: already in its later order there, it lies before the first cost; else beyond
    # the last.
    here = _at(np.array([crossing.cost]), costs, drawn)[:, 0]
    beyond = np.where(here * after > 0, 0.0, np.inf)
    found = np.sort(np.where(np.isnan(nearest), beyond, nearest))
    last = len(found) - 1
    low = found[int(np.floor(_LOW * last))]
    high = found[int(np.ceil(_HIGH * last))]
    return CrossingInterval(
        crossing,
        float(low) if 0.0 < low < np.inf else None,
        float(high) if 0.0 < high < np.inf else None,
    )


def _name(sign: float) -> Curve:
    return "first" if sign > 0 else "second"
