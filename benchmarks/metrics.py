"""How fast coverage, diversity and the bootstrap are, beside a plain loop over the problems.

    python benchmarks/metrics.py [--problems 10000]

One core is enough. The loop is the published form of pass@k (Chen et al., 2021), one product
per problem and k; both sides must agree before a time is printed. The bootstrap's loop is
numpy's own resampled mean, then lm-eval's `bootstrap_stderr`, both timed on fewer resamples.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from harness.metrics import coverage_at_k, distinct_at_k
from harness.statistics import bootstrap_mean, paired_difference
from harness.statistics.intervals import resampled

SAMPLES = 30
SLOW_RESAMPLES = 200
METRICS = 8

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Line(NamedTuple):
    """One row of the result: seconds of the harness, seconds of the loop."""

    what: str
    ours: float
    loop: float


def timed(work: Callable[[], Floats], repeats: int = 1) -> tuple[float, Floats]:
    """Seconds of the fastest repeat, and the result."""
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - started)
    return best, result


def loop_coverage(correct: Floats, samples: int) -> Floats:
    """coverage@1 … n of each problem, one at a time."""

    def one(c: int, k: int) -> float:
        if samples - c < k:
            return 1.0
        return 1.0 - float(np.prod(1.0 - k / np.arange(samples - c + 1, samples + 1)))

    return np.array([[one(int(c), k) for k in range(1, samples + 1)] for c in correct])


def loop_distinct(owners: Ints, counts: Floats, problems: int, samples: int) -> Floats:
    """diversity@1 … n of each problem, one solution at a time."""
    found = np.zeros((problems, samples))
    for owner, m in zip(owners.tolist(), counts.tolist(), strict=True):
        found[owner] += loop_coverage(np.array([m]), samples)[0]
    return found


def loop_bootstrap(values: Floats, resamples: int) -> Floats:
    """Means of resampled problems, one resample at a time."""
    source = np.random.default_rng(0)
    return np.array(
        [values[source.integers(0, len(values), len(values))].mean() for _ in range(resamples)]
    )


def lm_eval_bootstrap(values: Floats, resamples: int) -> Floats:
    """lm-eval's standard error of a mean, in this process."""
    from lm_eval.api.metrics import bootstrap_stderr, mean

    os.environ["DISABLE_MULTIPROC"] = "1"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return np.array(bootstrap_stderr(mean, values.tolist(), resamples))


def measure(problems: int) -> list[Line]:
    """Times all three on simulated problems, easy and hard ones alike."""
    source = np.random.default_rng(0)
    correct = source.binomial(SAMPLES, source.beta(0.4, 0.8, problems)).astype(float)
    samples, ks = np.full(problems, SAMPLES), np.arange(1, SAMPLES + 1)

    ours, fast = timed(lambda: coverage_at_k(correct, samples, ks), repeats=3)
    loop, slow = timed(lambda: loop_coverage(correct, SAMPLES))
    np.testing.assert_allclose(fast, slow, atol=1e-10)
    lines = [Line(f"coverage@1..{SAMPLES}, {problems:,} problems", ours, loop)]

    owners = np.repeat(np.arange(problems, dtype=np.int64), correct.astype(int))
    counts = np.ones(len(owners))
    ours, fast = timed(lambda: distinct_at_k(owners, counts, samples, ks), repeats=3)
    loop, slow = timed(lambda: loop_distinct(owners, counts, problems, SAMPLES))
    np.testing.assert_allclose(fast, slow, atol=1e-8)
    lines.append(Line(f"diversity@1..{SAMPLES}, {len(owners):,} distinct solutions", ours, loop))

    return [*lines, *measure_bootstrap(problems, source)]


def measure_bootstrap(problems: int, source: np.random.Generator) -> list[Line]:
    """Times resampling where all problems differ, which is the slowest case, and 0/1 outcomes."""
    what = f"10,000 resamples of {problems:,} problems"
    columns = source.random((problems, METRICS))
    values, other = columns[:, 0], columns[:, 1]
    solved = (values < 0.5).astype(float)
    loop = 10_000 / SLOW_RESAMPLES * timed(lambda: loop_bootstrap(values, SLOW_RESAMPLES))[0]
    lm_eval = 10_000 / SLOW_RESAMPLES * timed(lambda: lm_eval_bootstrap(values, SLOW_RESAMPLES))[0]
    mean, _ = timed(lambda: np.array(bootstrap_mean(values).value), repeats=3)
    paired, _ = timed(lambda: np.array(paired_difference(values, other).p_value), repeats=3)
    binary, _ = timed(lambda: np.array(bootstrap_mean(solved).value), repeats=3)
    many, _ = timed(lambda: resampled(columns, 10_000, 0, lambda sums: sums), repeats=3)
    return [
        Line(f"bootstrap, {what}", mean, loop),
        Line("the same, beside lm-eval's", mean, lm_eval),
        Line("the same, paired, with the sign-flip's 10,000", paired, 2 * loop),
        Line("the same, 0/1 outcomes", binary, loop),
        Line(f"the same for {METRICS} metrics at once", many, METRICS * loop),
    ]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--problems", type=int, default=10_000)
    lines = measure(parser.parse_args().problems)
    rows = [(line.what, line.ours, line.loop, line.loop / line.ours) for line in lines]
    headers = ["what", "harness, s", "loop, s", "ratio"]
    print(tabulate(rows, headers, floatfmt=("", ".3f", ".2f", ".0f")))


if __name__ == "__main__":
    main()
