"""How often the intervals hold the truth, and how often the tests cry wolf.

    python benchmarks/simulations.py [--simulations 1000] [--jobs 1]

Pools are simulated whose truth is known: every problem's success rate is drawn from a beta
distribution, its samples from that rate. A 95 % interval should hold the truth in 93 to 97 % of
simulations, and a test of no difference should reject in 4 to 6 % where there is none (a
thousand simulations are exact to about ±1.4 points). The functions are those that the harness
calls. Beside them stands the usual percentile bootstrap, which draws whole problems.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from harness.metrics import coverage_at_k, distinct_at_k
from harness.statistics import (
    Difference,
    Interval,
    bootstrap_mean,
    bootstrap_ratio,
    mcnemar_exact,
    paired_difference,
    paired_ratio_difference,
)
from harness.statistics.paired import mcnemar_mid_p

RESAMPLES = 1_000
LEVEL = 0.05
CLASSES = 20  # Equally likely solutions of a problem, for diversity.
LARGE = 1_000_000  # Problems that stand for all of them where no closed form is at hand.

Floats = NDArray[np.float64]
Beta = tuple[float, float]
EVEN, HARD, EASY, SPLIT = (1.5, 1.5), (0.3, 6.0), (8.0, 0.5), (0.4, 0.8)


@dataclass(frozen=True)
class Outcome:
    """One simulation: the truth, what was found, and the usual bootstrap's interval."""

    truth: float
    found: Interval | Difference
    plain: tuple[float, float]
    p_values: tuple[float, ...] = ()


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    metric: str
    problems: int
    samples: str
    rates: str
    simulate: Callable[[int], Outcome]


def plain_bootstrap(
    columns: Floats, statistic: Callable[[Floats], Floats], seed: int
) -> tuple[float, float]:
    """The percentile interval of problems drawn with replacement."""
    problems = len(columns)
    picks = np.random.default_rng(seed).integers(0, problems, (RESAMPLES, problems))
    picks += np.arange(RESAMPLES)[:, None] * problems
    counts = np.bincount(picks.ravel(), minlength=picks.size).reshape(picks.shape)
    drawn = statistic(counts.astype(float) @ columns)
    low, high = np.quantile(drawn[np.isfinite(drawn)], [LEVEL / 2, 1 - LEVEL / 2])
    return float(low), float(high)


def ratio(sums: Floats) -> Floats:
    """First over second column; not finite where there is no denominator."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums[:, 0] / sums[:, 1])


def ratio_gap(sums: Floats) -> Floats:
    """The difference of two such ratios."""
    return ratio(sums[:, :2]) - ratio(sums[:, 2:])


def true_coverage(rates: Beta, k: float) -> float:
    """E[1 − (1 − p)^k] of beta-distributed p."""
    from scipy.special import betaln

    a, b = rates
    return float(1 - np.exp(betaln(a, b + k) - betaln(a, b)))


def coverage(problems: int, samples: int, k: int, rates: Beta, seed: int) -> Outcome:
    """coverage@k, and pass@1 at k = 1."""
    source = np.random.default_rng(seed)
    correct = source.binomial(samples, source.beta(*rates, problems))
    values = coverage_at_k(correct, np.full(problems, samples), k)
    found = bootstrap_mean(values, resamples=RESAMPLES, seed=seed)
    plain = plain_bootstrap(values[:, None], lambda sums: sums[:, 0] / problems, seed)
    return Outcome(true_coverage(rates, k), found, plain)


def diversity_pool(
    problems: int, samples: int, k: int, rates: Beta, source: np.random.Generator
) -> tuple[Floats, Floats]:
    """Distinct correct solutions and coverage at k of each problem."""
    correct = source.binomial(samples, source.beta(*rates, problems))
    owner = np.repeat(np.arange(problems), correct)
    solutions, times = np.unique(
        owner * CLASSES + source.integers(0, CLASSES, len(owner)), return_counts=True
    )
    drawn = np.full(problems, samples)
    return (
        distinct_at_k(solutions // CLASSES, times, drawn, k),
        coverage_at_k(correct, drawn, k),
    )


def true_diversity(rates: Beta, k: int) -> float:
    """Distinct solutions per solved problem, over very many problems."""
    p = np.random.default_rng(0).beta(*rates, LARGE)
    return float((CLASSES * (1 - (1 - p / CLASSES) ** k)).mean() / (1 - (1 - p) ** k).mean())


def diversity(problems: int, samples: int, k: int, rates: Beta, truth: float, seed: int) -> Outcome:
    """diversity_solved@k."""
    pool = diversity_pool(problems, samples, k, rates, np.random.default_rng(seed))
    found = bootstrap_ratio(*pool, least=1.0, resamples=RESAMPLES, seed=seed)
    return Outcome(truth, found, plain_bootstrap(np.stack(pool, axis=1), ratio, seed))


def false_positive_pool(
    problems: int, rates: Beta, wrong: Beta, source: np.random.Generator
) -> tuple[Floats, Floats]:
    """False positives and correct samples among ten of each problem."""
    correct = source.binomial(10, source.beta(*rates, problems))
    found = source.binomial(correct, source.beta(*wrong, problems))
    return found.astype(float), correct.astype(float)


def false_positives(problems: int, wrong: Beta, seed: int) -> Outcome:
    """False-positive rate, different from problem to problem."""
    pool = false_positive_pool(problems, EVEN, wrong, np.random.default_rng(seed))
    found = bootstrap_ratio(*pool, resamples=RESAMPLES, seed=seed)
    plain = plain_bootstrap(np.stack(pool, axis=1), ratio, seed)
    return Outcome(wrong[0] / sum(wrong), found, plain)


def pair_of_rates(
    problems: int, rates: tuple[Beta, Beta], source: np.random.Generator
) -> tuple[Floats, Floats]:
    """Success rates of two sides: what is hard for one is hard for the other."""
    from scipy.stats import beta

    place = source.random(problems)
    near = np.where(source.random(problems) < 0.7, place, source.random(problems))
    return beta.ppf(place, *rates[0]), beta.ppf(near, *rates[1])


def coverage_difference(
    problems: int,
    pools: tuple[tuple[int, float], tuple[int, float]],
    rates: tuple[Beta, Beta],
    seed: int,
) -> Outcome:
    """coverage@k of two sides over the same problems; pools are (samples, k)."""
    source = np.random.default_rng(seed)
    wc, se = (
        coverage_at_k(source.binomial(samples, p), np.full(problems, samples), k)
        for p, (samples, k) in zip(pair_of_rates(problems, rates, source), pools, strict=True)
    )
    found = paired_difference(wc, se, resamples=RESAMPLES, seed=seed)
    plain = plain_bootstrap((wc - se)[:, None], lambda sums: sums[:, 0] / problems, seed)
    truth = true_coverage(rates[0], pools[0][1]) - true_coverage(rates[1], pools[1][1])
    return Outcome(truth, found, plain, (found.p_value,))


def outcome_difference(problems: int, rate: float, discordant: float, seed: int) -> Outcome:
    """Single 0/1 outcomes of two equally good models that differ on a share of the problems."""
    source = np.random.default_rng(seed)
    kinds = source.choice(
        4,
        problems,
        p=[discordant / 2, discordant / 2, rate - discordant / 2, 1 - rate - discordant / 2],
    )
    wc, se = np.isin(kinds, (0, 2)).astype(float), np.isin(kinds, (1, 2)).astype(float)
    found = paired_difference(wc, se, resamples=RESAMPLES, seed=seed)
    plain = plain_bootstrap((wc - se)[:, None], lambda sums: sums[:, 0] / problems, seed)
    return Outcome(0.0, found, plain, (mcnemar_exact(wc, se), mcnemar_mid_p(wc, se)))


def diversity_difference(problems: int, samples: int, k: int, seed: int) -> Outcome:
    """diversity_solved@k of two sides that are alike."""
    source = np.random.default_rng(seed)
    pools = [diversity_pool(problems, samples, k, SPLIT, source) for _ in range(2)]
    found = paired_ratio_difference(*pools, least=1.0, resamples=RESAMPLES, seed=seed)
    plain = plain_bootstrap(np.stack([*pools[0], *pools[1]], axis=1), ratio_gap, seed)
    return Outcome(0.0, found, plain, (found.p_value,))


def false_positive_difference(problems: int, wrong: Beta, seed: int) -> Outcome:
    """False-positive rates of two sides that are alike."""
    source = np.random.default_rng(seed)
    pools = [false_positive_pool(problems, EVEN, wrong, source) for _ in range(2)]
    found = paired_ratio_difference(*pools, resamples=RESAMPLES, seed=seed)
    plain = plain_bootstrap(np.stack([*pools[0], *pools[1]], axis=1), ratio_gap, seed)
    return Outcome(0.0, found, plain, (found.p_value,))


def cases(problems: int) -> Iterator[Case]:
    """Every line of the table for one number of problems."""
    named = {"even": EVEN, "hard": HARD, "easy": EASY, "split": SPLIT}
    for name, rates in named.items():
        for samples, k in ((1, 1), (10, 1), (10, 5), (30, 10)):
            if true_coverage(rates, k) < 0.995:
                metric = "pass@1" if k == 1 else f"coverage@{k}"
                run = partial(coverage, problems, samples, k, rates)
                yield Case(metric, problems, str(samples), name, run)
    yield Case("coverage@20", problems, "30", "even", partial(coverage, problems, 30, 20, EVEN))
    for samples, k in ((10, 10), (30, 10)):
        run = partial(diversity, problems, samples, k, SPLIT, true_diversity(SPLIT, k))
        yield Case(f"diversity_solved@{k}", problems, str(samples), "split", run)
    for wrong in ((1.0, 9.0), (0.3, 5.0)):
        run = partial(false_positives, problems, wrong)
        yield Case("false-positive rate", problems, "10", f"beta{wrong}", run)
    pairs: tuple[tuple[tuple[tuple[int, float], tuple[int, float]], tuple[Beta, Beta]], ...] = (
        (((10, 1), (10, 1)), (EVEN, EVEN)),
        (((30, 3), (10, 1)), (EVEN, EVEN)),
        (((30, 30), (10, 10)), (SPLIT, (0.6, 0.6))),
        (((10, 5), (10, 5)), (HARD, HARD)),
        (((10, 9.9), (10, 9.9)), (SPLIT, SPLIT)),
    )
    for pools, both in pairs:
        run = partial(coverage_difference, problems, pools, both)
        at, drawn = (" − ".join(str(one[place]) for one in pools) for place in (1, 0))
        kind = "alike" if both[0] == both[1] else "different"
        yield Case(f"difference of coverage@ {at}", problems, drawn, kind, run)
    for rate, discordant in ((0.5, 0.2), (0.9, 0.1), (0.5, 0.05)):
        run = partial(outcome_difference, problems, rate, discordant)
        yield Case("difference of 0/1 outcomes", problems, "1", f"{discordant} discordant", run)
    run = partial(diversity_difference, problems, 30, 10)
    yield Case("difference of diversity_solved@10", problems, "30", "alike", run)
    run = partial(false_positive_difference, problems, (1.0, 9.0))
    yield Case("difference of false-positive rates", problems, "10", "alike", run)


def row(case: Case, simulations: int) -> list[str]:
    """One line of the table."""
    outcomes = [case.simulate(seed) for seed in range(simulations)]
    held = np.mean([one.found.low <= one.truth <= one.found.high for one in outcomes])
    plain = np.mean([one.plain[0] <= one.truth <= one.plain[1] for one in outcomes])
    width = np.mean([one.found.high - one.found.low for one in outcomes])
    # A test is only asked where there is no difference.
    tests = [one.p_values for one in outcomes] if abs(outcomes[0].truth) < 1e-12 else [()]
    rejected = [f"{100 * share:.1f} %" for share in np.mean(np.array(tests) < LEVEL, axis=0)]
    return [
        case.metric,
        f"{case.problems:,}",
        case.samples,
        case.rates,
        f"{100 * held:.1f} %",
        f"{100 * plain:.1f} %",
        f"{width:.3f}",
        ", mid-p ".join(rejected) or "–",
    ]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--simulations", type=int, default=1_000)
    parser.add_argument("--problems", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    table = [case for problems in options.problems for case in cases(problems)]
    with ProcessPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(partial(row, simulations=options.simulations), table))
    headers = [
        "metric",
        "problems",
        "samples",
        "rates",
        "interval holds",
        "plain bootstrap",
        "width",
        "rejects",
    ]
    print(tabulate(rows, headers, disable_numparse=True))


if __name__ == "__main__":
    main()
