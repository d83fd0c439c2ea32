"""A forecast held against what came: fitted on the first half of a pilot's samples.

Of a pilot whose problems have different numbers of samples, on the problems and samples that
`Pilot.evenly_drawn` keeps.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.forecast.counts import Pilot
from harness.forecast.forecasting import SEED, forecast
from harness.metrics.estimators import Floats
from harness.statistics.intervals import Interval, percentile_interval

_FEWEST = 2


@dataclass(frozen=True)
class HeldBack:
    """A forecast and what came.

    Attributes:
        fitted_on: samples a problem that the forecast knew.
        forecast_at: samples a problem that it was made for.
        problems: that have so many.
        forecasts: by metric, with the 95 % interval for these problems.
        came: by metric.
    """

    fitted_on: int
    forecast_at: int
    problems: int
    forecasts: dict[str, Interval]
    came: dict[str, float]

    @property
    def holds(self) -> dict[str, bool]:
        """By metric, whether what came lies in the interval."""
        close = 1e-9
        return {
            name: interval.low - close <= self.came[name] <= interval.high + close
            for name, interval in self.forecasts.items()
        }


def held_back(pilot: Pilot, seed: int = SEED) -> HeldBack | str:
    """Forecasts a pilot from its own first half; why that is not possible, where it is not."""
    even = pilot.evenly_drawn(_FEWEST + 1)
    if even is None:
        return (
            f"a forecast needs {_FEWEST} samples a problem and at least one more to be held "
            "against, and too few problems have them"
        )
    largest = even.measured_up_to
    half = max(_FEWEST, largest // 2)
    known = even.first(half)
    coverage, _ = even.known_coverage(largest)
    made = forecast(known, [largest], seed=seed)
    forecasts = {"coverage": _interval(made.coverage.value, made.coverage.these)}
    came = {"coverage": float(coverage.mean())}
    if made.distinct is not None:
        forecasts["diversity_all"] = _interval(made.distinct.value, made.distinct.these)
        came["diversity_all"] = float(even.known_distinct(largest).mean())
    return HeldBack(half, largest, even.problems, forecasts, came)


def _interval(value: Floats, drawn: Floats) -> Interval:
    return Interval(float(value[0]), *percentile_interval(drawn[:, 0]))
