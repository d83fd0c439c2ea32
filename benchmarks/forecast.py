"""Whether the intervals of forecasts hold: simulated pilots, forecast, and drawn to the end.

    python benchmarks/forecast.py [--simulations 1000] [--others 300] [--seed 0]

A simulation draws success rates of problems, a pilot, and the samples that follow it. The
forecast sees the pilot. Counted is how often its 95 % interval holds what came: coverage of these
problems when their pool is extended, coverage of all problems of the kind, distinct solutions,
and the difference of two sides on the same problems. A beta-binomial fit with nothing but its own
uncertainty would hold for the first rates, which are Beta, and fail for the others. About half
an hour of one core as it stands.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from tabulate import tabulate

from harness.forecast.contest import difference
from harness.forecast.counts import Pilot
from harness.forecast.forecasting import forecast
from harness.metrics.estimators import Floats
from harness.statistics.intervals import percentile_interval

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


def mixed(share: float, first: Rates, second: Rates) -> Rates:
    """Rates of `first` with a probability, else of `second`."""
    return lambda source, count: np.where(
        source.random(count) < share, first(source, count), second(source, count)
    )


def constant(rate: float) -> Rates:
    """The same rate for all."""
    return lambda _, count: np.full(count, rate)


BETAS = [
    Setting("Beta(0.4, 0.8)", beta(0.4, 0.8), 200, 5, 50),
    Setting("Beta(0.4, 0.8)", beta(0.4, 0.8), 1000, 4, 40),
    Setting("Beta(0.25, 1.2)", beta(0.25, 1.2), 400, 4, 40),
    Setting("Beta(1, 10)", beta(1.0, 10.0), 200, 8, 40),
    Setting("Beta(2, 2)", beta(2.0, 2.0), 200, 3, 12),
]
SOLUTIONS = {
    "one": np.ones(1),
    "3 equally likely": np.ones(3),
    "8 equally likely": np.ones(8),
    "30 equally likely": np.ones(30),
    "200 equally likely": np.ones(200),
    "geometric, 0.7": 0.7 ** np.arange(60),
    "Zipf of 30": 1.0 / np.arange(1, 31),
    "Zipf of 1,000": 1.0 / np.arange(1, 1001),
}
OTHERS = [
    Setting("30 % never, else Beta(2, 2)", mixed(0.3, constant(0.0), beta(2, 2)), 400, 5, 50),
    Setting(
        "15 % never, else Beta(.5, .8)", mixed(0.15, constant(0.0), beta(0.5, 0.8)), 400, 5, 50
    ),
    Setting("half 0.9, half 0.05", mixed(0.5, constant(0.9), constant(0.05)), 400, 5, 50),
    Setting("half Beta(8, 2), half Beta(1, 20)", mixed(0.5, beta(8, 2), beta(1, 20)), 400, 5, 50),
    Setting(
        "logit normal(-1.5, 2)",
        lambda source, count: expit(source.normal(-1.5, 2, count)),
        400,
        5,
        50,
    ),
    Setting("half 0.9, half 0.05", mixed(0.5, constant(0.9), constant(0.05)), 400, 3, 15),
]


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


def holds(drawn: Floats, came: float) -> tuple[float, float]:
    """Whether the 95 % interval holds what came, and its width."""
    low, high = percentile_interval(drawn)
    return float(low - 1e-9 <= came <= high + 1e-9), high - low


def coverage_of(setting: Setting, seed: int) -> list[float]:
    """One simulation: these problems and all of their kind held, widths, and errors."""
    source = np.random.default_rng([seed, setting.pilot, setting.pool])
    rates = setting.rates(source, setting.problems)
    pool = drawn_pool(source, rates, setting.pool)
    many = setting.rates(np.random.default_rng(1), 1_000_000)
    kind = float((1.0 - (1.0 - many) ** setting.pool).mean())
    made = forecast(pool.first(setting.pilot), [setting.pool], seed=seed, diversity=False)
    came = float(pool.known_coverage(setting.pool)[0].mean())
    these, width = holds(made.coverage.these[:, 0], came)
    others, other_width = holds(made.coverage.others[:, 0], kind)
    low, high = made.any_distribution(setting.pool)
    return [
        these,
        width,
        others,
        other_width,
        abs(float(made.coverage.value[0]) - came),
        abs(made.beta_coverage(setting.pool) - came),
        float(low - 0.01 <= came <= high + 0.01),
        made.posterior.families["any distribution"],
    ]


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


def diversity_of(theta: float, seed: int) -> list[float]:
    """One simulation: distinct solutions held, width and error relative to what came."""
    source = np.random.default_rng([seed, 7])
    return diversity_held(drawn_pool(source, source.beta(0.6, 0.9, 200), 40, theta), 8, seed)


def repeated_diversity_of(probabilities: Floats, pilot: int, seed: int) -> list[float]:
    """The same where all problems have as many solutions, with the same probabilities."""
    source = np.random.default_rng([seed, 9])
    pool = repeated_pool(source, source.beta(2.0, 2.0, 200), 40, probabilities)
    return diversity_held(pool, pilot, seed)


def diversity_held(pool: Pilot, pilot: int, seed: int) -> list[float]:
    """Whether the forecast for 40 samples held; width and error relative to what came."""
    made = forecast(pool.first(pilot), [40], seed=seed).distinct
    assert made is not None
    came = float(pool.known_distinct(40).mean())
    held, width = holds(made.these[:, 0], came)
    return [held, width / came, (float(made.value[0]) - came) / came]


def contest_of(seed: int) -> list[float]:
    """One simulation of a pair: the difference on these problems held, and that of their kind."""
    source = np.random.default_rng([seed, 8])
    skill = source.normal(-1.5, 2.0, 300)
    pools = [drawn_pool(source, expit(skill + shift), 60) for shift in (0.0, 0.7)]
    pilots = [pools[0].first(6), pools[1].first(4)]
    wc, se = (
        forecast(pilot, [k], seed=number, diversity=False).coverage
        for number, (pilot, k) in enumerate(zip(pilots, (60, 20), strict=True))
    )
    came = [
        float(pool.known_coverage(k)[0].mean()) for pool, k in zip(pools, (60, 20), strict=True)
    ]
    many = np.random.default_rng(1).normal(-1.5, 2.0, 1_000_000)
    kind = [float((1 - (1 - expit(many + s)) ** k).mean()) for s, k in ((0.0, 60), (0.7, 20))]
    found = difference(wc, se)
    return [
        float(found.these.low - 1e-9 <= came[0] - came[1] <= found.these.high + 1e-9),
        float(found.low <= kind[0] - kind[1] <= found.high),
        found.these.high - found.these.low,
        found.high - found.low,
    ]


def coverage_lines(settings: list[Setting], simulations: int, first: int) -> None:
    """Prints how often the intervals hold, a line a setting as soon as it is known."""
    for one in settings:
        started = time.perf_counter()
        found = np.array([coverage_of(one, first + number) for number in range(simulations)])
        seconds = (time.perf_counter() - started) / simulations
        headers = ["these problems", "width", "their kind", "width", "error",
                   "error of the beta fit", "any distribution", "weight of any"]  # fmt: skip
        print(
            f"\n{one.name}: {one.problems} problems, {one.pilot} of {one.pool} samples, "
            f"{simulations} simulations of {seconds:.2f} s"
        )
        print(tabulate([found.mean(axis=0).tolist()], headers, floatfmt=".3f"), flush=True)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--simulations", type=int, default=1000, help="of each Beta")
    parser.add_argument("--others", type=int, default=300, help="of everything else")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    coverage_lines(BETAS, asked.simulations, asked.seed)
    coverage_lines(OTHERS, asked.others, asked.seed)
    seeds = range(asked.seed, asked.seed + asked.others)
    rows: list[list[object]] = []
    for theta in (3.0, 20.0, 1e6):
        found = np.array([diversity_of(theta, seed) for seed in seeds])
        rows.append([theta, asked.others, *found.mean(axis=0).tolist()])
    for name, probabilities in SOLUTIONS.items():
        for pilot in (4, 8):
            found = np.array([repeated_diversity_of(probabilities, pilot, seed) for seed in seeds])
            rows.append([f"{name}; {pilot} of 40", asked.others, *found.mean(axis=0).tolist()])
    headers = ["solutions (strength, or which)", "simulations", "distinct held", "width", "bias"]
    print(tabulate(rows, headers, floatfmt=".3f"), flush=True)
    found = np.array([contest_of(seed) for seed in seeds])
    headers = ["difference, these problems", "their kind", "width", "width"]
    print(tabulate([found.mean(axis=0).tolist()], headers, floatfmt=".3f"))


if __name__ == "__main__":
    main()
