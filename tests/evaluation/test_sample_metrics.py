"""Metrics of samples against all subsets, and against the harness on all problems at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evaluation.sample_metrics import (
    default_ks,
    metrics_of_problem,
    names_at,
    ratio_of_means,
    ratio_stderr,
)
from harness.grading.verdict import Outcome, Verdict
from harness.metrics.estimators import coverage_at_k, distinct_at_k, diversity_at_k

Sample = tuple[str, Outcome, str | None]

RIGHT: list[Sample] = [("2+2=4", "correct", "4"), ("4", "correct", "4.0"), ("so 4", "correct", "4")]
OTHERS: list[Sample] = [
    ("5", "wrong", "5"), ("is 5.0", "wrong", "5.0"), ("6", "wrong", "6"), ("?", "wrong", None),
    ("huge", "undecided", "2^{2^{99}}"),
]  # fmt: skip


def _of(samples: Sequence[Sample], ks: Sequence[int]) -> dict[str, float | tuple[float, float]]:
    verdicts = [Verdict(outcome, answer, "r", "s") for _, outcome, answer in samples]
    return metrics_of_problem([text for text, _, _ in samples], verdicts, ks)


def _vote(samples: Sequence[Sample]) -> Fraction:
    """Chance that the majority is right, ties shared; 5 and 5.0 are one answer."""
    votes = Counter("right" if o == "correct" else str(a).removesuffix(".0")
                    for _, o, a in samples if a is not None)  # fmt: skip
    best = [answer for answer, count in votes.items() if count == max(votes.values())]
    return Fraction("right" in best, len(best) or 1)


@given(st.lists(st.sampled_from(RIGHT + OTHERS), min_size=1, max_size=8), st.data())
def test_every_metric_is_the_mean_over_all_subsets(
    samples: list[Sample], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(samples)))
    found = _of(samples, [k])
    subsets = list(combinations(samples, k))
    solved = [[text for text, outcome, _ in chosen if outcome == "correct"] for chosen in subsets]
    assert found[f"coverage@{k}"] == pytest.approx(fmean(bool(texts) for texts in solved))
    assert found[f"diversity_all@{k}"] == pytest.approx(fmean(len(set(t)) for t in solved))
    assert found[f"maj@{k}"] == pytest.approx(fmean(map(_vote, subsets)))
    assert found[f"diversity_solved@{k}"] == pytest.approx(
        (found[f"diversity_all@{k}"], found[f"coverage@{k}"])
    )
    outcomes = [outcome for _, outcome, _ in samples]
    assert found["pass@1"] == pytest.approx(outcomes.count("correct") / len(samples))
    assert found["undecided"] == pytest.approx(outcomes.count("undecided") / len(samples))
    assert found["identical_samples"] == (len(samples) > 1 and len({t for t, _, _ in samples}) == 1)


@pytest.mark.parametrize(
    ("samples", "ks"),
    [(1, (1,)), (2, (1, 2)), (3, (1, 2, 3)), (16, (1, 2, 4, 8, 16)), (30, (1, 2, 4, 8, 16, 30))],
)
def test_ks_are_powers_of_two_and_the_number_itself(samples: int, ks: tuple[int, ...]) -> None:
    assert default_ks(samples) == ks
    assert set(names_at(ks)) < set(_of([RIGHT[0]] * samples, ks))


def test_too_large_a_k_is_refused() -> None:
    with pytest.raises(ValueError, match="k"):
        _of(RIGHT, [4])


def test_means_over_problems_are_what_the_harness_finds_on_all_at_once() -> None:
    source = np.random.default_rng(3)
    every = RIGHT + OTHERS
    pool = [[every[i] for i in source.integers(0, len(every), 12)] for _ in range(40)]
    rows = [_of(samples, [1, 5, 12]) for samples in pool]
    correct = [sum(o == "correct" for _, o, _ in samples) for samples in pool]
    counts = [Counter(t for t, o, _ in samples if o == "correct") for samples in pool]
    owners = [number for number, count in enumerate(counts) for _ in count]
    sizes = [size for count in counts for size in count.values()]
    ks = [1.0, 5.0, 12.0]
    coverage = coverage_at_k(correct, [12] * 40, ks)
    distinct = distinct_at_k(owners, sizes, [12] * 40, ks)
    solved = diversity_at_k(distinct, coverage).solved
    for place, k in enumerate((1, 5, 12)):
        pairs: list[tuple[float, float]] = [row[f"diversity_solved@{k}"] for row in rows]  # type: ignore[misc]
        assert fmean(row[f"coverage@{k}"] for row in rows) == pytest.approx(  # type: ignore[misc]
            coverage[:, place].mean()
        )
        assert ratio_of_means(pairs) == pytest.approx(solved[place])
    assert ratio_of_means([row["diversity_solved@1"] for row in rows]) == pytest.approx(1.0)  # type: ignore[misc]


def test_the_standard_error_of_a_ratio_is_that_of_its_linearisation() -> None:
    source = np.random.default_rng(5)
    below = source.random(400)
    above = below * 3 + source.normal(size=400)
    pairs = list(zip(above.tolist(), below.tolist(), strict=True))
    ratio = above.sum() / below.sum()
    linear = (above - ratio * below) / below.mean()
    assert ratio_of_means(pairs) == pytest.approx(ratio)
    assert ratio_stderr(pairs) == pytest.approx(linear.std(ddof=1) / 20, rel=0.08)
    picks = source.integers(0, 400, (4000, 400))
    drawn = above[picks].sum(axis=1) / below[picks].sum(axis=1)
    assert ratio_stderr(pairs) == pytest.approx(drawn.std(), rel=0.08)


@pytest.mark.parametrize("pairs", [[(0.0, 0.0)], [(0.0, 0.0), (0.0, 0.0)], [(1.0, 1.0)]])
def test_without_solved_problems_or_with_one_only_nothing_is_claimed(
    pairs: list[tuple[float, float]],
) -> None:
    assert np.isnan(ratio_stderr(pairs))
    assert np.isnan(ratio_of_means(pairs)) == (pairs[0][1] == 0.0)
