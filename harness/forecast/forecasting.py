"""A forecast from one pilot: what its pool will show at any number of samples a problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.errors import InputError
from harness.forecast.beta_binomial import BetaBinomial, best_fit
from harness.forecast.counts import Ints, Pilot
from harness.forecast.power_law import PowerLaw, fit_power_law, fit_power_laws
from harness.forecast.prediction import (
    Prediction,
    coverage_prediction,
    diversity_prediction,
    draws_for,
    matched_to_weights,
    problem_weights,
    ratio,
)
from harness.forecast.rates import DRAWS, RatePosterior, rate_posterior, solved_later
from harness.forecast.ten_times import TIMES
from harness.statistics.intervals import Interval, percentile_interval, resampled

SEED = 0
_CURVE_POINTS = 30
_POWER_LAW_RESAMPLES = 500
# With fewer solved problems, resampling them hardly changes their mean, whatever it is worth.
FEWEST_SOLVED = 5


@dataclass(frozen=True)
class Forecast:
    """What a pilot says about larger pools.

    Attributes:
        pilot: the pilot.
        samples: the k, ascending.
        posterior: the distribution of success rates.
        coverage: of all problems.
        distinct, solved: distinct correct solutions a problem, and the share of solved problems in
            the same draws; None where they cannot be forecast.
        beta_binomial: the maximum-likelihood fit.
    """

    pilot: Pilot
    samples: tuple[int, ...]
    posterior: RatePosterior
    coverage: Prediction
    distinct: Prediction | None
    solved: Prediction | None
    beta_binomial: BetaBinomial

    def at(self, k: float) -> dict[str, Prediction]:
        """The metrics at a real k, by name; those that cannot be forecast are left out."""
        found = {"coverage": self.coverage.at(k)}
        if self.distinct is not None and self.solved is not None:
            found["diversity_all"] = self.distinct.at(k)
            if int((self.pilot.correct_of > 0).sum()) >= FEWEST_SOLVED:
                found["diversity_solved"] = ratio(found["diversity_all"], self.solved.at(k))
        return found

    def beta_coverage(self, k: int) -> float:
        """coverage@k of these problems by the maximum-likelihood fit alone, in closed form."""
        known, sure = self.pilot.known_coverage(k)
        n = self.pilot.samples_of
        later = self.beta_binomial.solved_later(n, np.maximum(k - n, 0))
        return float(np.where(sure, known, later).mean())

    def any_distribution(self, k: int) -> tuple[float, float]:
        """Expected coverage@k at both ends of what the likelihood allows."""
        known, sure = self.pilot.known_coverage(k)
        region = self.posterior.regions[min(self.posterior.regions, key=lambda one: abs(one - k))]
        ends = []
        for weights in (region.fewest, region.most):
            value = known.copy()
            for n in np.unique(self.pilot.samples_of[~sure]):
                rows = ~sure & (self.pilot.samples_of == n)
                value[rows] = solved_later(weights[None, :], n, k - n)[0]
            ends.append(float(value.mean()))
        return min(ends), max(ends)


def forecast(
    pilot: Pilot, ks: Sequence[int], *, seed: int = SEED, diversity: bool = True
) -> Forecast:
    """Forecasts from a pilot.

    Args:
        pilot: the pilot.
        ks: numbers of samples a problem, at least 1.
        seed: of what is drawn, except for the weights of problems, which are always the same:
            that pairs two forecasts for the same problems.
        diversity: whether to forecast diversity, where it can be.

    Raises:
        InputError: the pilot cannot say how success rates differ between problems.
    """
    check_pilot(pilot)
    samples = tuple(sorted(set(ks)))
    horizons = [k for k in samples if k > pilot.measured_up_to] or [samples[-1]]
    posterior = rate_posterior(pilot.correct_of, pilot.samples_of, horizons, seed=seed, draws=DRAWS)
    emphasis = problem_weights(pilot.problems, draws_for(pilot.problems, DRAWS), SEED)
    weights = matched_to_weights(pilot, posterior.weights, emphasis, seed)
    everything = (pilot, weights, samples, emphasis, seed)
    both: tuple[Prediction | None, Prediction | None] = (None, None)
    if diversity and pilot.enough is None and pilot.correct.any():
        both = diversity_prediction(*everything)
    return Forecast(
        pilot=pilot,
        samples=samples,
        posterior=posterior,
        coverage=coverage_prediction(*everything),
        distinct=both[0],
        solved=both[1],
        beta_binomial=best_fit(pilot.correct_of, pilot.samples_of),
    )


def check_pilot(pilot: Pilot) -> None:
    """Refuses a pilot that no forecast can be made from.

    Raises:
        InputError: no samples, or never more than one of a problem.
    """
    most = int(pilot.samples_of.max(initial=0))
    if most == 0:
        raise InputError("the pilot holds no samples.", "Draw at least 2 a problem.")
    if most < 2:
        raise InputError(
            "the pilot holds one sample a problem. That shows the mean success rate (coverage@1), "
            "and nothing about how the rates differ between problems, on which all coverage at "
            "larger k depends.",
            "At least 2 samples a problem are needed, better 4 or more.",
        )


@dataclass(frozen=True)
class PowerLawOpinion:
    """Coverage by the power law.

    Attributes:
        law: fitted to the pilot's curve.
        problems, up_to: of which problems, and up to which k, the curve is
            (`Pilot.evenly_drawn`).
        coverage: per k, with the interval of resampled problems.
    """

    law: PowerLaw
    problems: int
    up_to: int
    coverage: dict[int, Interval]


def power_law_opinion(pilot: Pilot, ks: Sequence[int]) -> PowerLawOpinion:
    """Coverage at several k by the power law.

    Raises:
        ValueError: no power law can be fitted; says why.
    """
    even = pilot.evenly_drawn(2)
    if even is None:
        raise ValueError("a power law needs a curve, and too few problems have 2 samples")
    pilot = even
    points = curve_points(pilot.measured_up_to)
    curves = np.stack([pilot.known_coverage(int(k))[0] for k in points], axis=1)
    law = fit_power_law(points, curves.mean(axis=0))
    drawn = resampled(curves, _POWER_LAW_RESAMPLES, SEED, lambda sums: sums) / pilot.problems
    fits = fit_power_laws(points.astype(np.float64), drawn)
    fits = fits[np.isfinite(fits).all(axis=1)]
    found = {}
    for k in ks:
        values = np.exp(fits[:, 0] * float(k) ** fits[:, 1])
        bounds = percentile_interval(values) if len(values) else (0.0, 1.0)
        found[k] = Interval(float(law.coverage(k)), *bounds)
    return PowerLawOpinion(law, pilot.problems, pilot.measured_up_to, found)


def curve_points(largest: int) -> Ints:
    """k = 1 … `largest`, thinned out evenly in the logarithm where there are many."""
    if largest <= _CURVE_POINTS:
        return np.arange(1, largest + 1)
    return np.unique(np.geomspace(1, largest, _CURVE_POINTS).round().astype(np.int64))


def usual_samples(pilot: Pilot) -> tuple[int, ...]:
    """1, what all drawn problems have, and 1, 2, 3 and 10 times what was drawn.

    Where some problems have no samples yet, so many times the drawn ones' samples a problem too.
    """
    means = {pilot.mean_samples, pilot.drawn.mean_samples}
    multiples = {samples_for(mean * times) for mean in means for times in (1, 2, 3, TIMES)}
    return tuple(sorted({1, max(1, pilot.drawn.measured_up_to)} | multiples))


def ten_times_samples(pilot: Pilot) -> int:
    """The samples a problem of a pool that takes ten times what the pilot took."""
    return samples_for(TIMES * pilot.mean_samples)


def samples_for(mean: float) -> int:
    """The whole number of samples a problem next to a mean, at least 1."""
    return max(1, int(np.floor(mean + 0.5)))
