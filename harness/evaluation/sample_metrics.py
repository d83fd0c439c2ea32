"""The metrics of several samples a problem, as lm-eval wants them: one value a document.

Every estimate is the harness's own (`harness.metrics`), on one problem at a time; their means
over the documents are what the harness finds on all problems together. Diversity over solved
problems is a ratio of two means, so its value is a pair, and so is what it is aggregated from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from harness.evaluation.tasks_support import PASS_AT_1, UNDECIDED
from harness.grading.verdict import Verdict
from harness.metrics.canonical_answers import canonical_answer
from harness.metrics.estimators import (
    coverage_at_k,
    distinct_at_k,
    diversity_at_k,
    multiplicities,
    pass_at_1,
)
from harness.metrics.majority import majority_at_k
from harness.metrics.solution_keys import solution_key
from harness.statistics.intervals import Floats, resampled

IDENTICAL = "identical_samples"
MEANS_AT_K = ("coverage", "maj", "diversity_all")
SOLVED = "diversity_solved"
STDERR = "_stderr"  # lm-eval shows `NAME_stderr` as the standard error of NAME.

_RESAMPLES = 2000

Pair = tuple[float, float]


def default_ks(samples: int) -> tuple[int, ...]:
    """The powers of two up to the number of samples, and that number."""
    powers = [2**power for power in range(samples.bit_length()) if 2**power < samples]
    return (*powers, samples)


def metrics_of_problem(
    completions: Sequence[str], verdicts: Sequence[Verdict], ks: Sequence[int]
) -> dict[str, float | Pair]:
    """Every metric of one problem.

    Undecided samples count as not solved. In majority votes they vote for what they say; a
    sample without an answer does not vote.

    Args:
        completions: (samples,) of one problem.
        verdicts: (samples,) on them.
        ks: (ks,) whole numbers up to the number of samples.

    Returns:
        Metric names to values; `diversity_solved@k` is a pair of expected distinct correct
        solutions and coverage, to be aggregated by `ratio_of_means`.

    Raises:
        ValueError: a k exceeds the samples.
    """
    n = [len(completions)]
    right = [verdict.outcome == "correct" for verdict in verdicts]
    found: dict[str, float | Pair] = {
        PASS_AT_1: float(pass_at_1([sum(right)], n)[0]),
        UNDECIDED: sum(verdict.outcome == "undecided" for verdict in verdicts) / n[0],
        IDENTICAL: float(n[0] > 1 and len(set(completions)) == 1),
    }
    keys = [solution_key(t, "text") for t, solved in zip(completions, right, strict=True) if solved]
    owners, counts = multiplicities([0] * len(keys), keys)
    coverage = coverage_at_k([sum(right)], n, ks)[0].tolist()
    distinct = distinct_at_k(owners, counts, n, ks)[0].tolist()
    majority = _majority(verdicts, sum(right), ks)
    for place, k in enumerate(ks):
        found[f"coverage@{k}"] = coverage[place]
        found[f"maj@{k}"] = majority[place]
        found[f"diversity_all@{k}"] = distinct[place]
        found[f"{SOLVED}@{k}"] = (distinct[place], coverage[place])
        found[f"{SOLVED}@{k}{STDERR}"] = (distinct[place], coverage[place])
    return found


def _majority(verdicts: Sequence[Verdict], correct: int, ks: Sequence[int]) -> Sequence[float]:
    """(ks,) maj@k: correct samples are one class, wrong answers one for each canonical form."""
    wrong = [
        canonical_answer(verdict.answer)
        for verdict in verdicts
        if verdict.outcome != "correct" and verdict.answer is not None
    ]
    votes = tuple(sorted(Counter(wrong).values()))
    return _majority_of(votes, correct, len(verdicts), tuple(ks))


@lru_cache(maxsize=10_000)  # Problems often have the same counts, and one at a time is slow.
def _majority_of(
    votes: tuple[int, ...], correct: int, samples: int, ks: tuple[int, ...]
) -> tuple[float, ...]:
    owners = np.zeros(len(votes), dtype=np.int64)
    return tuple(majority_at_k(owners, votes, [correct], [samples], ks)[0].tolist())


def names_at(ks: Sequence[int]) -> Iterator[str]:
    """The metrics at each k that are means over problems."""
    return (f"{name}@{k}" for k in ks for name in MEANS_AT_K)


def ratio_of_means(pairs: Sequence[Pair]) -> float:
    """diversity_solved@k from the pairs of all problems; NaN where none is solved.

    Args:
        pairs: (problems,) expected distinct correct solutions, and coverage.
    """
    columns = np.asarray(pairs, dtype=np.float64)
    return float(diversity_at_k(columns[:, 0], columns[:, 1]).solved)


def ratio_stderr(pairs: Sequence[Pair]) -> float:
    """Standard error of a ratio of means over problems, by resampling problems.

    Args:
        pairs: (problems,) numerator and denominator.

    Returns:
        NaN where the ratio is not defined, or there is one problem only.
    """
    columns = np.asarray(pairs, dtype=np.float64)
    if len(columns) < 2 or not columns[:, 1].any():
        return float("nan")
    drawn = resampled(columns, _RESAMPLES, 0, _ratio)
    return float(np.nanstd(drawn, ddof=1))


def _ratio(sums: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums[:, 0] / sums[:, 1])
