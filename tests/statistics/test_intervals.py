"""Intervals and paired differences, against closed forms, scipy and simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.statistics import (
    bootstrap_mean,
    bootstrap_ratio,
    mcnemar_exact,
    paired_difference,
    paired_ratio_difference,
    wilson,
)
from harness.statistics.paired import sign_flip

BITS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=60)


@given(n=st.integers(1, 2000), share=st.floats(0, 1))
def test_wilson_is_its_closed_form(n: int, share: float) -> None:
    successes = round(share * n)
    found = wilson(successes, n)
    z, p = stats.norm.ppf(0.975), successes / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert found.value == p
    assert found.low == pytest.approx(max(0.0, middle - half), abs=1e-9)
    assert found.high == pytest.approx(min(1.0, middle + half), abs=1e-9)


def test_the_papers_human_study_is_not_conclusive() -> None:
    """24 % and 17 % of about 50 solutions: the intervals overlap widely."""
    weak, strong = wilson(12, 50), wilson(8, 47)
    assert (round(weak.low, 2), round(weak.high, 2)) == (0.14, 0.37)
    assert (round(strong.low, 2), round(strong.high, 2)) == (0.09, 0.30)


def test_the_bootstrap_of_a_mean_agrees_with_the_normal_interval() -> None:
    values = np.random.default_rng(3).beta(2, 3, size=400)
    found = bootstrap_mean(values)
    half = 1.96 * values.std(ddof=1) / math.sqrt(len(values))
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    source = np.random.default_rng(0)
    holds = 0
    for trial in range(300):
        rates = source.beta(1.5, 1.5, size=120)
        solved = source.binomial(10, rates)
        interval = bootstrap_ratio(solved, np.full(120, 10), resamples=600, seed=trial)
        holds += interval.low <= 0.5 <= interval.high
    assert 0.90 <= holds / 300 <= 0.985


def test_equal_sides_do_not_differ() -> None:
    values = np.random.default_rng(1).random(50)
    found = paired_difference(values, values)
    assert (found.value, found.p_value) == (0.0, 1.0)
    assert -0.1 < found.low < 0.0 < found.high < 0.1


@given(pairs=BITS)
def test_mcnemar_is_the_binomial_tail(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs).T
    b = int(((first == 1) & (second == 0)).sum())
    c = int(((first == 0) & (second == 1)).sum())
    n, k = b + c, min(b, c)
    tail = sum(math.comb(n, i) for i in range(k + 1)) / 2**n
    assert mcnemar_exact(first, second) == pytest.approx(min(1.0, 2 * tail))
    assert mcnemar_exact(first, second) == pytest.approx(mcnemar_exact(second, first))


@given(others=st.lists(st.integers(-3, 3), max_size=8))
def test_sign_flips_of_differences_that_are_not_whole_agree_with_all_of_them(
    others: list[int],
) -> None:
    values = [*others, 4, 2, -2]  # Halves of the largest.
    observed = abs(sum(values))
    every = [
        abs(sum(s * v for s, v in zip(signs, values, strict=True))) >= observed
        for signs in itertools.product((-1, 1), repeat=len(values))
    ]
    exact = sum(every) / len(every)
    assert sign_flip(np.array(values, dtype=float), 20_000) == pytest.approx(exact, abs=0.02)


def test_single_outcomes_are_tested_exactly_and_seeds_are_averaged() -> None:
    source = np.random.default_rng(2)
    first, second = source.integers(0, 2, (80, 3)), source.integers(0, 2, (80, 3))
    one = paired_difference(first[:, 0], second[:, 0])
    assert one.test == "mcnemar exact"
    assert one.p_value == mcnemar_exact(first[:, 0], second[:, 0])
    several = paired_difference(first, second)
    assert several.test == "sign-flip permutation over problems, 3 seeds averaged"
    assert several.value == pytest.approx(first.mean() - second.mean())
    assert several.low < several.value < several.high


def test_a_clear_difference_is_found_with_the_right_sign() -> None:
    source = np.random.default_rng(4)
    easy = source.random(300)
    found = paired_difference(np.clip(easy + 0.1, 0, 1), easy)
    assert 0 < found.low < found.value < found.high
    assert found.p_value < 0.001
    flipped = paired_difference(easy, np.clip(easy + 0.1, 0, 1))
    assert flipped.value == pytest.approx(-found.value)


def test_ratios_weigh_problems_by_their_denominators() -> None:
    first = (np.array([1.0, 0, 3]), np.array([2.0, 0, 4]))
    second = (np.array([1.0, 1, 1]), np.array([4.0, 4, 4]))
    found = paired_ratio_difference(first, second)
    assert found.value == pytest.approx(4 / 6 - 3 / 12)
    assert found.test == "paired bootstrap"


@pytest.mark.parametrize(
    "call",
    [
        lambda: wilson(1, 0),
        lambda: wilson(3, 2),
        lambda: bootstrap_mean([]),
        lambda: bootstrap_mean([0.5, float("nan")]),
        lambda: bootstrap_ratio([1.0], [0.0]),
        lambda: paired_difference([1.0, 2.0], [1.0]),
        lambda: paired_difference([1.0, float("inf")], [1.0, 2.0]),
        lambda: paired_ratio_difference(([1.0], [0.0]), ([1.0], [1.0])),
    ],
)
def test_what_is_no_number_is_refused(call: object) -> None:
    with pytest.raises(ValueError):
        call()  # type: ignore[operator]


def test_equal_seeds_give_equal_intervals() -> None:
    values = np.random.default_rng(5).random(100)
    assert bootstrap_mean(values, seed=1) == bootstrap_mean(values, seed=1)
    assert bootstrap_mean(values, seed=1) != bootstrap_mean(values, seed=2)
