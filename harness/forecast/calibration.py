"""A forecast held against what came: fitted on the first half of a pilot's samples."""

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
        forecasts: by metric, with the 95 % interval for these problems.
        came: by metric.
    """

    fitted_on: int
    forecast_at: int
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
    pilot = pilot.drawn
    largest = pilot.measured_up_to
    if pilot.enough is not None:
        largest = int(pilot.samples_of.max(initial=0))
    half = max(_FEWEST, largest // 2)
    if largest <= half:
        return (
            f"samples a problem: {largest}, and a forecast needs {_FEWEST} and at least one more "
            "to be held against"
        )
    known = pilot.first(half)
    coverage, sure = pilot.known_coverage(largest)
    if not sure.all():
        return f"{int((~sure).sum()):,} problems were not drawn to the end"
    made = forecast(known, [largest], seed=seed)
    forecasts = {"coverage": _interval(made.coverage.value, made.coverage.these)}
    came = {"coverage": float(coverage.mean())}
    if made.distinct is not None:
        forecasts["diversity_all"] = _interval(made.distinct.value, made.distinct.these)
        came["diversity_all"] = float(pilot.known_distinct(largest).mean())
    return HeldBack(half, largest, forecasts, came)


def _interval(value: Floats, drawn: Floats) -> Interval:
    return Interval(float(value[0]), *percentile_interval(drawn[:, 0]))
