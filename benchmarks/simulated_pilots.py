"""Pilots with known success rates, for the benchmark of forecasts."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from harness.forecast.counts import Pilot
from harness.metrics.estimators import Floats

Source = np.random.Generator
Rates = Callable[[Source, int], Floats]


@dataclass(frozen=True)
class Setting:
    """Success rates, and the sizes of pilot and pool."""

    name: str
    rates: Rates
    problems: int
    pilot: int
    pool: int


def beta(a: float, b: float) -> Rates:
    """Rates from a Beta distribution."""
    return lambda source, count: source.beta(a, b, count)


def logit_normal(mean: float, deviation: float) -> Rates:
    """Rates whose logits are normal."""
    return lambda source, count: expit(source.normal(mean, deviation, count))


def mixed(share: float, first: Rates, second: Rates) -> Rates:
    """Rates of `first` with a probability, else of `second`."""
    return lambda source, count: np.where(
        source.random(count) < share, first(source, count), second(source, count)
    )


def constant(rate: float) -> Rates:
    """The same rate for all."""
    return lambda _, count: np.full(count, rate)


@functools.cache
def coverage_of_kind(rates: Rates, samples: int) -> float:
    """coverage@k over all problems of a kind."""
    many = rates(np.random.default_rng(1), 1_000_000)
    return float((1.0 - (1.0 - many) ** samples).mean())


def drawn_pool(source: Source, rates: Floats, samples: int, theta: float | None = None) -> Pilot:
    """A pool; solutions come back as in a Chinese restaurant with strength theta, if given."""
    problems = len(rates)
    correct = source.random((problems, samples)) < rates[:, None]
    solution = np.where(correct, np.arange(samples), -1)
    if theta is not None:
        for row, right in zip(solution, correct, strict=True):
            seen: list[int] = []
            for place in np.flatnonzero(right):
                if seen and source.random() >= theta / (theta + len(seen)):
                    row[place] = seen[source.integers(len(seen))]
                seen.append(int(row[place]))
    return Pilot(
        tuple(map(str, range(problems))),
        np.repeat(np.arange(problems), samples),
        correct.ravel(),
        solution.ravel(),
        np.zeros(problems, dtype=np.bool_),
    )


def repeated_pool(source: Source, rates: Floats, samples: int, probabilities: Floats) -> Pilot:
    """A pool whose correct samples are independent draws from the same solutions."""
    shape = (len(rates), samples)
    correct = source.random(shape) < rates[:, None]
    chosen = source.choice(len(probabilities), shape, p=probabilities / probabilities.sum())
    return Pilot(
        tuple(map(str, range(len(rates)))),
        np.repeat(np.arange(len(rates)), samples),
        correct.ravel(),
        np.where(correct, chosen, -1).ravel(),
        np.zeros(len(rates), dtype=np.bool_),
    )
