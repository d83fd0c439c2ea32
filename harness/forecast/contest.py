"""Which side of a pair wins at which budget, forecast from a pilot of each.

The sides answer the same problems, so both forecasts weigh the problems alike in every draw, and
a difference is taken within a draw. Who wins is asked of problems of the same kind in general,
not of the pilot's only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from harness.budget import UnitCosts
from harness.forecast.forecasting import Forecast
from harness.forecast.prediction import Prediction
from harness.metrics.estimators import Floats
from harness.recipe import Side
from harness.statistics.intervals import Interval, percentile_interval

METRICS = ("coverage", "diversity_all", "diversity_solved")
# A side wins where the other one is ahead in at most so many draws.
_DOUBT = 0.025


@dataclass(frozen=True)
class ForecastDifference:
    """WC minus SE at one budget.

    Attributes:
        these: of these problems, with the 95 % interval.
        low, high: the 95 % interval for other problems of the same kind.
        wc_wins: probability that WC is ahead, on other problems of the same kind.
    """

    these: Interval
    low: float
    high: float
    wc_wins: float


@dataclass(frozen=True)
class ForecastCrossover:
    """Where the lead changes, in SE samples a problem.

    Attributes:
        value: where the forecast difference changes its sign first; None where it does not.
        low, high: 95 % interval over the draws that cross; None where fewer than 1 in 20 do.
        probability: that the lead changes within the budgets at all.
    """

    value: float | None
    low: float | None
    high: float | None
    probability: float


@dataclass(frozen=True)
class Stretch:
    """Neighbouring budgets with the same winner: `wc`, `se`, or None where it is open."""

    first: float
    last: float
    winner: Side | None


@dataclass(frozen=True)
class Contest:
    """Both sides over budgets.

    Attributes:
        budgets: SE samples a problem, ascending.
        samples: per side, samples a problem at each budget, in mean.
        sides: per side and metric, its prediction at each budget.
        differences: per metric, at each budget.
        crossovers: per metric.
        stretches: per metric, who wins where.
    """

    budgets: tuple[float, ...]
    samples: Mapping[Side, tuple[float, ...]]
    sides: Mapping[Side, Mapping[str, list[Prediction]]]
    differences: Mapping[str, list[ForecastDifference]]
    crossovers: Mapping[str, ForecastCrossover]
    stretches: Mapping[str, list[Stretch]]


def matched_samples(budgets: Sequence[float], costs: UnitCosts) -> dict[Side, tuple[float, ...]]:
    """Samples a problem that each side gets, in mean: some problems get one more than others.

    Args:
        budgets: SE samples a problem.
        costs: of both sides, what a problem costs once included.
    """
    exact = [Fraction(str(budget)) for budget in budgets]
    wc = [costs.samples_for("wc", costs.of("se", budget)) for budget in exact]
    return {"wc": tuple(map(float, wc)), "se": tuple(map(float, exact))}


def whole_samples(samples: Sequence[float]) -> list[int]:
    """The whole numbers around real numbers of samples, from 1 on."""
    around = {number for k in samples for number in (math.floor(k), math.ceil(k))}
    return sorted(around - {0})


def usual_budgets(
    wc_size: float, se_size: float, ratio: float, planned: Sequence[float]
) -> list[float]:
    """1, 2, 5, 10, … SE samples a problem up to ten times the larger pilot, and planned ones.

    Args:
        wc_size, se_size: samples a problem of each pilot, in mean.
        ratio: WC samples that cost as much as one of SE.
        planned: SE samples a problem of the recipe's budgets.
    """
    largest = 10.0 * max(se_size, wc_size / ratio, 1.0)
    series = [
        float(first * 10**power)
        for power in range(int(math.log10(largest)) + 1)
        for first in (1, 2, 5)
    ]
    inside = {budget for budget in (*series, *planned) if budget <= largest}
    return sorted(inside | {float(round(largest))})


def contest(
    forecasts: Mapping[Side, Forecast],
    budgets: Sequence[float],
    samples: Mapping[Side, tuple[float, ...]],
) -> Contest:
    """Compares both sides at matched budgets.

    Args:
        forecasts: of each side, for all `whole_samples` that its budgets need.
        budgets: SE samples a problem, ascending.
        samples: from `matched_samples`.
    """
    sides, differences = compared(forecasts, samples)
    return Contest(
        budgets=tuple(budgets),
        samples=samples,
        sides=sides,
        differences=differences,
        crossovers={
            name: _crossover(budgets, sides["wc"][name], sides["se"][name]) for name in differences
        },
        stretches={name: _stretches(budgets, one) for name, one in differences.items()},
    )


def compared(
    forecasts: Mapping[Side, Forecast], samples: Mapping[Side, Sequence[float]]
) -> tuple[dict[Side, dict[str, list[Prediction]]], dict[str, list[ForecastDifference]]]:
    """Both sides at pairs of numbers of samples, and WC minus SE, by metric.

    Args:
        forecasts: of each side, for all `whole_samples` that it needs.
        samples: per side, samples a problem of each pair.
    """
    sides: dict[Side, dict[str, list[Prediction]]] = {}
    for side, made in forecasts.items():
        found = [made.at(k) for k in samples[side]]
        sides[side] = {name: [one[name] for one in found] for name in METRICS if name in found[0]}
    differences = {
        name: [
            difference(wc, se) for wc, se in zip(sides["wc"][name], sides["se"][name], strict=True)
        ]
        for name in METRICS
        if all(name in sides[side] for side in sides)
    }
    return sides, differences


def difference(wc: Prediction, se: Prediction) -> ForecastDifference:
    """WC minus SE, both predictions at one number of samples each."""
    others = (wc.others - se.others)[:, 0]
    these = (wc.these - se.these)[:, 0]
    ahead = float(np.mean(others > 0) + 0.5 * np.mean(others == 0))
    return ForecastDifference(
        Interval(float(wc.value[0] - se.value[0]), *percentile_interval(these)),
        *percentile_interval(others),
        ahead,
    )


def _crossover(
    budgets: Sequence[float], wc: Sequence[Prediction], se: Sequence[Prediction]
) -> ForecastCrossover:
    expected = np.array([a.value[0] - b.value[0] for a, b in zip(wc, se, strict=True)])
    drawn = np.stack([(a.others - b.others)[:, 0] for a, b in zip(wc, se, strict=True)], axis=1)
    return forecast_crossover(budgets, expected, drawn)


def forecast_crossover(
    budgets: Sequence[float], expected: Floats, drawn: Floats
) -> ForecastCrossover:
    """Where the lead changes, linear in log budget between the budgets.

    Args:
        budgets: ascending, above 0.
        expected: (budgets,) WC minus SE.
        drawn: (draws, budgets) what it may be.
    """
    logs = np.log(np.asarray(budgets, dtype=np.float64))
    found = first_crossings(logs, drawn)
    crossing = found[np.isfinite(found)]
    place = first_crossings(logs, expected[None, :])[0]
    value = float(np.exp(place)) if np.isfinite(place) else None
    bounds: tuple[float | None, float | None] = (None, None)
    if len(crossing) >= 0.05 * len(found):
        low, high = percentile_interval(np.exp(crossing))
        # The expected curves may cross where few of the drawn ones do.
        bounds = (low, high) if value is None else (min(low, value), max(high, value))
    return ForecastCrossover(value, *bounds, len(crossing) / len(found))


def first_crossings(places: Floats, curves: Floats) -> Floats:
    """Where each curve first changes its sign, linear between the places; NaN where it does not.

    Args:
        places: (places,) ascending.
        curves: (curves, places).
    """
    found = np.full(len(curves), np.nan)
    for left in range(len(places) - 1):
        before, after = curves[:, left], curves[:, left + 1]
        rows = np.isnan(found) & (before * after < 0)
        part = before[rows] / (before[rows] - after[rows])
        found[rows] = places[left] + part * (places[left + 1] - places[left])
    return found


def _stretches(
    budgets: Sequence[float], differences: Sequence[ForecastDifference]
) -> list[Stretch]:
    stretches: list[Stretch] = []
    for budget, one in zip(budgets, differences, strict=True):
        winner: Side | None = None
        if one.wc_wins >= 1.0 - _DOUBT:
            winner = "wc"
        elif one.wc_wins <= _DOUBT:
            winner = "se"
        if stretches and stretches[-1].winner == winner:
            stretches[-1] = Stretch(stretches[-1].first, budget, winner)
        else:
            stretches.append(Stretch(budget, budget, winner))
    return stretches
