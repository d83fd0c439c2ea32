"""Whether the intervals of forecasts hold: simulated pilots, forecast, and drawn to the end.

    python benchmarks/forecast.py [--simulations 1000] [--others 300] [--diversity 100] [--seed 0]

A simulation draws success rates of problems, a pilot, and the samples that follow it. The
forecast sees the pilot. Counted is how often its 95 % interval holds what came: coverage of these
problems when their pool is extended, coverage of all problems of the kind, distinct solutions,
the difference of two sides on the same problems and where it changes its sign. The first rates
are such as a pilot of a few samples can hardly tell from Beta; Beta itself comes last, in more
simulations. A line is printed as soon as it is known; about an hour of one core as it stands.
"""

from __future__ import annotations

import argparse
import functools
import time

import numpy as np
from scipy.special import expit, logit
from simulated_pilots import (
    Setting,
    Source,
    beta,
    constant,
    coverage_of_kind,
    drawn_pool,
    logit_normal,
    mixed,
    repeated_pool,
)
from tabulate import tabulate

from harness.forecast.contest import contest, first_crossings, whole_samples
from harness.forecast.counts import Pilot
from harness.forecast.forecasting import forecast
from harness.metrics.estimators import Floats
from harness.recipe import SIDES, Side
from harness.statistics.intervals import percentile_interval

BETAS = [
    Setting("Beta(0.4, 0.8)", beta(0.4, 0.8), 200, 5, 50),
    Setting("Beta(0.4, 0.8)", beta(0.4, 0.8), 1000, 4, 40),
    Setting("Beta(0.25, 1.2)", beta(0.25, 1.2), 400, 4, 40),
    Setting("Beta(1, 10)", beta(1.0, 10.0), 200, 8, 40),
    Setting("Beta(2, 2)", beta(2.0, 2.0), 200, 3, 12),
]
HARD_ZEROS = mixed(0.15, constant(0.0), beta(0.5, 0.8))
MOSTLY_ZEROS = mixed(0.8, constant(0.0), beta(1, 1))
TWO_RATES = mixed(0.5, constant(0.9), constant(0.05))
OTHERS = [
    Setting("80 % never, else uniform", MOSTLY_ZEROS, 45, 2, 20),
    Setting("80 % never, else uniform", MOSTLY_ZEROS, 45, 4, 40),
    Setting("80 % never, else uniform", MOSTLY_ZEROS, 150, 4, 40),
    Setting("80 % never, else uniform", MOSTLY_ZEROS, 400, 4, 40),
    Setting("90 % never, else Beta(2, 2)", mixed(0.9, constant(0.0), beta(2, 2)), 200, 4, 40),
    Setting("60 % never, else Beta(.5, 2)", mixed(0.6, constant(0.0), beta(0.5, 2)), 100, 4, 40),
    Setting("30 % never, else Beta(2, 2)", mixed(0.3, constant(0.0), beta(2, 2)), 400, 5, 50),
    Setting("15 % never, else Beta(.5, .8)", HARD_ZEROS, 400, 5, 50),
    Setting("15 % never, else Beta(.5, .8)", HARD_ZEROS, 1000, 8, 80),
    Setting("half 0.9, half 0.05", TWO_RATES, 400, 5, 50),
    Setting("half 0.9, half 0.05", TWO_RATES, 400, 3, 30),
    Setting("half 0.9, half 0.05", TWO_RATES, 100, 4, 40),
    Setting("0.5 (40 %), else 0.02", mixed(0.4, constant(0.5), constant(0.02)), 300, 6, 60),
    Setting("half Beta(8, 2), half Beta(1, 20)", mixed(0.5, beta(8, 2), beta(1, 20)), 400, 5, 50),
    Setting(
        "half Beta(5, 5), half Beta(.5, 20)", mixed(0.5, beta(5, 5), beta(0.5, 20)), 200, 4, 40
    ),
    Setting("logit normal(-1.5, 2)", logit_normal(-1.5, 2), 400, 5, 50),
    Setting("logit normal(-1.5, 2)", logit_normal(-1.5, 2), 100, 8, 80),
    Setting("logit normal(-1.5, 2)", logit_normal(-1.5, 2), 1000, 3, 30),
    Setting("logit normal(-3, 1.5)", logit_normal(-3, 1.5), 300, 4, 40),
    Setting("logit normal(-4, 3)", logit_normal(-4, 3), 300, 6, 60),
    Setting("logit normal(0, 1)", logit_normal(0, 1), 300, 4, 40),
    Setting("nearly all solved: Beta(6, .5)", beta(6, 0.5), 300, 4, 40),
    Setting(
        "nearly all solved: 95 % 0.99, else Beta(.5, 2)",
        mixed(0.95, constant(0.99), beta(0.5, 2)),
        500,
        4,
        40,
    ),
    Setting(
        "20 % never, else logit normal(-1, 1.5)",
        mixed(0.2, constant(0.0), logit_normal(-1, 1.5)),
        300,
        6,
        60,
    ),
    Setting(
        "a third each 0.95, 0.3, 0.03",
        mixed(1 / 3, constant(0.95), mixed(0.5, constant(0.3), constant(0.03))),
        300,
        5,
        50,
    ),
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


def holds(drawn: Floats, came: float) -> tuple[float, float]:
    """Whether the 95 % interval holds what came, and its width."""
    low, high = percentile_interval(drawn)
    return float(low - 1e-9 <= came <= high + 1e-9), high - low


def coverage_of(setting: Setting, seed: int) -> list[float]:
    """One simulation: these problems and all of their kind held, widths, and errors."""
    source = np.random.default_rng([seed, setting.pilot, setting.pool])
    rates = setting.rates(source, setting.problems)
    pool = drawn_pool(source, rates, setting.pool)
    kind = coverage_of_kind(setting.rates, setting.pool)
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
    if made is None:
        raise ValueError("no correct sample")
    came = float(pool.known_distinct(40).mean())
    held, width = holds(made.these[:, 0], came)
    return [held, width / came, (float(made.value[0]) - came) / came]


BUDGETS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
WC_FOR_ONE = 3
# WC never solves a fifth of the problems; the rest it solves nearly as often as SE.
SKILL = logit_normal(-1.5, 2.0)
NEVER = 0.2


def pair_of_rates(source: Source, problems: int) -> dict[Side, Floats]:
    """Success rates of both sides for the same problems."""
    rates = SKILL(source, problems)
    never = source.random(problems) < NEVER
    return {"wc": np.where(never, 0.0, rates), "se": expit(logit(rates) + 0.1)}


@functools.cache
def true_contest() -> tuple[Floats, float]:
    """WC minus SE at each budget over all problems of the kind, and the budget of the crossover."""
    rates = pair_of_rates(np.random.default_rng(1), 1_000_000)
    curve = np.array(
        [((1 - rates["se"]) ** k - (1 - rates["wc"]) ** (WC_FOR_ONE * k)).mean() for k in BUDGETS]
    )
    return curve, float(np.exp(first_crossings(np.log(BUDGETS), curve[None, :])[0]))


def contest_of(seed: int) -> list[float]:
    """One simulation of a pair: differences, crossover and winners against what is true."""
    source = np.random.default_rng([seed, 8])
    rates = pair_of_rates(source, 300)
    sizes: dict[Side, int] = {"wc": 6, "se": 4}
    samples: dict[Side, tuple[float, ...]] = {
        "wc": tuple(WC_FOR_ONE * k for k in BUDGETS),
        "se": BUDGETS,
    }
    pools = {side: drawn_pool(source, rates[side], int(samples[side][-1])) for side in SIDES}
    made = {
        side: forecast(
            pools[side].first(sizes[side]), whole_samples(samples[side]), seed=number,
            diversity=False,
        )
        for number, side in enumerate(SIDES)
    }  # fmt: skip
    found = contest(made, BUDGETS, samples)
    curve, crossover = true_contest()
    last = found.differences["coverage"][-1]
    came = [float(pools[side].known_coverage(int(samples[side][-1]))[0].mean()) for side in SIDES]
    between = found.crossovers["coverage"]
    winners = [
        {"wc": 1, "se": -1, None: 0}[one.winner]
        for one in found.stretches["coverage"]
        for budget in BUDGETS
        if one.first <= budget <= one.last
    ]
    return [
        float(last.these.low - 1e-9 <= came[0] - came[1] <= last.these.high + 1e-9),
        last.these.high - last.these.low,
        float(last.low <= curve[-1] <= last.high),
        last.high - last.low,
        float(between.low is not None and between.high is not None
              and between.low <= crossover <= between.high),
        float(np.mean([named * value < 0 for named, value in zip(winners, curve, strict=True)])),
        float(np.mean(np.array(winners) == 0)),
    ]  # fmt: skip


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


def diversity_line(name: str, found: list[list[float]]) -> None:
    """Prints how often the intervals of distinct solutions hold."""
    held, width, bias = np.mean(found, axis=0)
    print(f"{name}: held {held:.3f}, width {width:.3f}, bias {bias:+.3f}", flush=True)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--simulations", type=int, default=1000, help="of each Beta")
    parser.add_argument("--others", type=int, default=300, help="of other rates, and of pairs")
    parser.add_argument("--diversity", type=int, default=100, help="of distinct solutions")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    coverage_lines(OTHERS, asked.others, asked.seed)
    found = np.array([contest_of(asked.seed + number) for number in range(asked.others)])
    headers = ["difference, these problems", "width", "their kind", "width", "crossover",
               "wrong winner", "open"]  # fmt: skip
    print(f"\nWC against SE, crossover at {true_contest()[1]:.2f}, {asked.others} simulations")
    print(tabulate([found.mean(axis=0).tolist()], headers, floatfmt=".3f"), flush=True)
    seeds = range(asked.seed, asked.seed + asked.diversity)
    print(f"\nDistinct solutions, {asked.diversity} simulations a line, width and bias relative")
    for theta in (3.0, 20.0, 1e6):
        diversity_line(f"strength {theta:g}; 8 of 40", [diversity_of(theta, one) for one in seeds])
    for name, probabilities in SOLUTIONS.items():
        for pilot in (4, 8):
            diversity_line(
                f"{name}; {pilot} of 40",
                [repeated_diversity_of(probabilities, pilot, one) for one in seeds],
            )
    coverage_lines(BETAS, asked.simulations, asked.seed)


if __name__ == "__main__":
    main()
