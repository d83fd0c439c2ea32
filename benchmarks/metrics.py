"""How fast coverage, diversity, majority votes and the bootstrap are, beside plain loops.

    python benchmarks/metrics.py [--problems 10000] [--pool-problems 7500]

One core is enough. Coverage and diversity are held against the published form of pass@k (Chen
et al., 2021), one product per problem and k; both sides must agree before a time is printed. The
majority vote is held against votes of random subsets of each problem's samples, reading a pool
against a loop over its rows. The bootstrap's loop is numpy's own resampled mean, then lm-eval's
`bootstrap_stderr`. Loops that would take minutes are timed on a part and scaled up.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from compare import simulated_pool
from numpy.typing import NDArray
from tabulate import tabulate

from harness.metrics import coverage_at_k, distinct_at_k
from harness.metrics.majority import MAJORITY_SAMPLES, majority_at_k
from harness.metrics.pool_arrays import pool_arrays
from harness.metrics.solution_keys import KEYS, solution_key
from harness.metrics.solutions import Texts, distinct_solutions
from harness.pool import Pool
from harness.problems import Problem
from harness.statistics import bootstrap_mean, paired_difference
from harness.statistics.intervals import resampled

SAMPLES = 1024
DIVERSITY_SAMPLES = 128
POOL_SAMPLES = 30
SLOW_PROBLEMS = 50
SLOW_RESAMPLES = 200
SUBSETS = 100
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


def loop_coverage(correct: Floats, samples: int, most: int) -> Floats:
    """coverage@1 … most of each problem, one at a time."""

    def one(c: int, k: int) -> float:
        if samples - c < k:
            return 1.0
        return 1.0 - float(np.prod(1.0 - k / np.arange(samples - c + 1, samples + 1)))

    return np.array([[one(int(c), k) for k in range(1, most + 1)] for c in correct])


def loop_distinct(owners: Ints, counts: Ints, problems: int, samples: int) -> Floats:
    """diversity@1 … samples of each problem, one solution at a time."""
    found = np.zeros((problems, samples))
    for owner, m in zip(owners.tolist(), counts.tolist(), strict=True):
        found[owner] += loop_coverage(np.array([m]), samples, samples)[0]
    return found


def loop_majority(ballots: Ints, k: int) -> Floats:
    """The share of random subsets of k samples whose most frequent answer is answer 0."""
    source = np.random.default_rng(0)
    found = np.zeros(len(ballots))
    for place, counts in enumerate(ballots):
        answers = np.repeat(np.arange(len(counts)), counts)
        for _ in range(SUBSETS):
            votes = Counter(source.choice(answers, k, replace=False).tolist())
            top = max(votes.values())
            found[place] += (votes[0] == top) / sum(n == top for n in votes.values()) / SUBSETS
    return found


def loop_pool(pool: Pool) -> Floats:
    """Correct samples and distinct correct texts of each problem, one row at a time."""
    samples, verdicts = pool.samples().to_pylist(), pool.verdicts("answer").to_pylist()
    correct = dict.fromkeys((problem.id for problem in pool.problems), 0)
    texts: dict[str, set[str]] = {name: set() for name in correct}
    for sample, verdict in zip(samples, verdicts, strict=True):
        if verdict["outcome"] == "correct":
            correct[sample["problem_id"]] += 1
            texts[sample["problem_id"]].add(sample["completion"].strip())
    return np.array([[correct[name], len(texts[name])] for name in correct], dtype=float)


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


def measure_coverage(problems: int, source: np.random.Generator) -> Line:
    """coverage@1 … 1024 of simulated problems, easy and hard ones alike."""
    correct = source.binomial(SAMPLES, source.beta(0.4, 0.8, problems)).astype(float)
    samples, ks = np.full(problems, SAMPLES), np.arange(1, SAMPLES + 1)
    ours, fast = timed(lambda: coverage_at_k(correct, samples, ks), repeats=3)
    part = correct[:SLOW_PROBLEMS]
    loop, slow = timed(lambda: loop_coverage(part, SAMPLES, SAMPLES))
    np.testing.assert_allclose(fast[: len(part)], slow, atol=1e-9)
    what = f"coverage@1..{SAMPLES}, {problems:,} problems"
    return Line(what, ours, loop * problems / len(part))


def measure_diversity(source: np.random.Generator, samples: int = 1_000_000) -> Line:
    """diversity@1 … 128 of a million samples, all correct; every other text is another's."""
    problems = samples // DIVERSITY_SAMPLES
    texts = source.integers(0, DIVERSITY_SAMPLES, (problems, DIVERSITY_SAMPLES))
    keys, counts = np.unique(
        texts + np.arange(problems)[:, None] * DIVERSITY_SAMPLES, return_counts=True
    )
    owners = keys // DIVERSITY_SAMPLES
    n, ks = np.full(problems, DIVERSITY_SAMPLES), np.arange(1, DIVERSITY_SAMPLES + 1)
    ours, fast = timed(lambda: distinct_at_k(owners, counts, n, ks), repeats=3)
    part = owners < SLOW_PROBLEMS // 10
    first = int(owners[part].max()) + 1
    loop, slow = timed(lambda: loop_distinct(owners[part], counts[part], first, DIVERSITY_SAMPLES))
    np.testing.assert_allclose(fast[:first], slow, atol=1e-8)
    what = f"diversity@1..{DIVERSITY_SAMPLES}, {texts.size:,} samples"
    return Line(what, ours, loop * len(owners) / int(part.sum()))


def measure_majority(problems: int, source: np.random.Generator) -> list[Line]:
    """Exact votes, beside those of random subsets, which are good to some points a problem."""
    lines = []
    for samples in (POOL_SAMPLES, 256):
        chances = source.dirichlet(np.full(20, 0.3), problems)
        ballots = np.array([source.multinomial(samples, one) for one in chances])
        owners, answers = np.nonzero(ballots[:, 1:])
        votes, n = ballots[owners, answers + 1], np.full(problems, samples)
        ks = np.array(MAJORITY_SAMPLES)
        vote = partial(majority_at_k, owners, votes, ballots[:, 0], n, ks)
        ours, fast = timed(vote)
        loop = 0.0
        for column, k in enumerate(MAJORITY_SAMPLES):
            seconds, slow = timed(partial(loop_majority, ballots[:SLOW_PROBLEMS], k))
            np.testing.assert_allclose(fast[:SLOW_PROBLEMS, column].mean(), slow.mean(), atol=0.05)
            loop += seconds * problems / SLOW_PROBLEMS
        what = f"maj@1,4,8,16, {problems:,} problems of {samples} samples"
        lines.append(Line(f"{what}; loop: {SUBSETS} subsets", ours, loop))
    return lines


def measure_pool(problems: int) -> Line:
    """A pool from disk: counts, votes, tokens and distinct texts, beside the first two alone."""
    with tempfile.TemporaryDirectory() as folder:
        made = [Problem(f"What is {n} + 1?", "1") for n in range(problems)]
        path = simulated_pool(Path(folder) / "pool", made, POOL_SAMPLES, 0.5)

        def read() -> Floats:
            arrays = pool_arrays(Pool.open(path))
            texts = np.bincount(arrays.solutions["text"].owners, minlength=problems)
            return np.column_stack([arrays.correct, texts])

        ours, fast = timed(read, repeats=3)
        loop, slow = timed(lambda: loop_pool(Pool.open(path)))
        np.testing.assert_array_equal(fast, slow)
    return Line(f"a pool of {problems * POOL_SAMPLES:,} samples from disk", ours, loop)


def chain(source: np.random.Generator, lines: int = 40) -> str:
    """A long chain of thought of random sums, in prose and LaTeX."""
    numbers = source.integers(2, 900, (lines, 2)).tolist()
    forms = ("So the boxes hold {} + {} = {} apples.", "Then $\\frac{{{}}}{{{}}} = {}$, and on.")
    return "\n".join(forms[a % 2].format(a, b, a + b) for a, b in numbers)


def measure_keys(source: np.random.Generator, texts: int = 10_000) -> Line:
    """All three keys of long chains, over all cores, beside one text after the other."""
    chains = [chain(source) for _ in range(texts)]
    owners = np.arange(texts) // POOL_SAMPLES
    part = Texts(owners, np.ones(texts, dtype=np.bool_), pa.chunked_array([chains]))

    def factorise() -> Floats:
        found = distinct_solutions([part], KEYS)
        return np.array([len(found[key].owners) for key in KEYS], dtype=float)

    def loop() -> Floats:
        return np.array(
            [len({(n // POOL_SAMPLES, solution_key(one, key)) for n, one in enumerate(chains)})
             for key in KEYS], dtype=float
        )  # fmt: skip

    ours, fast = timed(factorise)
    slow_seconds, slow = timed(loop)
    np.testing.assert_array_equal(fast, slow)
    size = sum(map(len, chains)) // texts
    return Line(f"three keys of {texts:,} chains of {size:,} characters", ours, slow_seconds)


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
    parser.add_argument("--pool-problems", type=int, default=7_500)
    options = parser.parse_args()
    source = np.random.default_rng(0)
    lines = [
        measure_coverage(options.problems, source),
        measure_diversity(source),
        *measure_majority(options.problems, source),
        measure_pool(options.pool_problems),
        measure_keys(source),
        *measure_bootstrap(options.problems, source),
    ]
    rows = [(line.what, line.ours, line.loop, line.loop / line.ours) for line in lines]
    headers = ["what", "harness, s", "loop, s", "ratio"]
    print(tabulate(rows, headers, floatfmt=("", ".3f", ".2f", ".0f")))


if __name__ == "__main__":
    main()
