"""Estimators of adaptive draws: exact over every sequence, and unbiased on simulated pools."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from harness.budget.allocation import next_block
from harness.metrics.estimators import coverage_at_k, pass_at_1
from harness.metrics.sequential import sequential_coverage_at_k, sequential_share
from tests.stopping_points import stopping_point


def counted(verdicts: list[bool], enough: int) -> tuple[int, int, bool]:
    """Correct samples and samples up to the stopping point, and whether it was reached."""
    point = stopping_point(verdicts, enough)
    return sum(verdicts[:point]), point or len(verdicts), point is not None


def estimate(verdicts: list[bool], enough: int, k: float) -> float:
    correct, samples, stopped = counted(verdicts, enough)
    return float(sequential_coverage_at_k([correct], [samples], [stopped], k)[0])


@pytest.mark.parametrize("enough", [1, 2, 3])
@pytest.mark.parametrize("largest", [1, 3, 4, 6])
def test_the_mean_over_all_sequences_is_the_truth_for_every_rate(enough: int, largest: int) -> None:
    """Unbiased means: equal as polynomials in the rate, so equal at more rates than degrees."""
    for rate in (Fraction(j, 9) for j in range(1, 9)):
        for k in range(1, largest + 1):
            mean = 0.0
            for verdicts in itertools.product([False, True], repeat=largest):
                chance = rate ** sum(verdicts) * (1 - rate) ** (largest - sum(verdicts))
                mean += float(chance) * estimate(list(verdicts), enough, k)
            assert mean == pytest.approx(1 - float(1 - rate) ** k, abs=1e-12)


@given(st.lists(st.booleans(), min_size=2, max_size=9), st.integers(1, 4), st.data())
def test_it_is_the_mean_over_the_orders_that_stop_at_the_same_place(
    verdicts: list[bool], enough: int, data: st.DataObject
) -> None:
    """Rao-Blackwell: what the first k samples show, over all orders with the same ending."""
    correct, samples, stopped = counted(verdicts, enough)
    k = data.draw(st.integers(1, len(verdicts)))
    before = samples - stopped
    orders = [
        [place in places for place in range(before)] + [True] * stopped
        for places in itertools.combinations(range(before), correct - stopped)
    ]
    shown = [any(order[:k]) for order in orders]
    assert estimate(verdicts, enough, k) == pytest.approx(sum(shown) / len(shown))


@given(st.lists(st.booleans(), min_size=2, max_size=9), st.integers(1, 4))
def test_more_samples_never_show_less(verdicts: list[bool], enough: int) -> None:
    correct, samples, stopped = counted(verdicts, enough)
    ks = np.linspace(0.25, len(verdicts), 60)
    curve = sequential_coverage_at_k([correct], [samples], [stopped], ks)[0]
    assert (np.diff(curve) >= -1e-12).all()
    assert curve.min() >= 0.0
    assert curve.max() <= 1.0


@given(st.lists(st.booleans(), min_size=1, max_size=9), st.integers(1, 4))
def test_without_an_early_stop_it_is_the_usual_estimator(verdicts: list[bool], enough: int) -> None:
    correct, samples, stopped = counted(verdicts, enough)
    if not stopped:
        ks = np.arange(1, samples + 1)
        found = sequential_coverage_at_k([correct], [samples], [False], ks)
        assert found == pytest.approx(coverage_at_k([correct], [samples], ks))


def test_closed_forms() -> None:
    # Haldane: (c − 1) / (N − 1); with c = 1 whether the first sample is correct.
    one = sequential_coverage_at_k([3, 1, 1], [9, 1, 5], [True] * 3, 1)
    assert one == pytest.approx([2 / 8, 1.0, 0.0])
    curve = sequential_coverage_at_k([1], [5], [True], [1, 4, 4.25, 5, 30])
    assert curve[0] == pytest.approx([0, 0, 0.25, 1, 1])
    with pytest.raises(ValueError):
        sequential_coverage_at_k([0], [5], [False], 6)


def simulated(
    source: np.random.Generator, rates: NDArray[np.float64], enough: int, largest: int
) -> list[list[bool]]:
    """One adaptive pool: each problem drawn in blocks as the harness draws them."""
    pool = []
    for rate in rates:
        verdicts: list[bool] = []
        while (block := next_block(verdicts, enough, largest)) is not None:
            verdicts += (source.random(block.stop - len(verdicts)) < rate).tolist()
        pool.append(verdicts)
    return pool


@pytest.mark.parametrize(("enough", "largest"), [(1, 10), (3, 12)])
def test_simulated_pools_are_unbiased_and_naive_estimates_of_them_are_not(
    enough: int, largest: int
) -> None:
    """1,500 pools of 20 problems, from hopeless ones to easy ones."""
    source = np.random.default_rng(11)
    rates = np.linspace(0.02, 0.9, 20)
    ks = np.array([1, 2, 4, largest])
    truth = (1 - (1 - rates[:, None]) ** ks).mean(axis=0)
    found, naive = [], []
    for _ in range(1500):
        pool = simulated(source, rates, enough, largest)
        numbers = [counted(verdicts, enough) for verdicts in pool]
        correct, samples, stopped = map(np.array, zip(*numbers, strict=True))
        found.append(sequential_coverage_at_k(correct, samples, stopped, ks).mean(axis=0))
        everything = [sum(verdicts) for verdicts in pool]
        naive.append(pass_at_1(everything, [len(verdicts) for verdicts in pool]).mean())
    error = np.std(found, axis=0) / np.sqrt(len(found))
    assert (np.abs(np.mean(found, axis=0) - truth) < 4 * error + 1e-12).all()
    naive_error = np.std(naive) / np.sqrt(len(naive))
    assert np.mean(naive) - truth[0] > 20 * naive_error


@pytest.mark.parametrize("enough", [1, 2])
def test_shares_of_samples_are_unbiased_over_all_sequences(enough: int) -> None:
    """False positives: every sample is wrong, right, or right by a wrong chain."""
    chances = {"wrong": 0.5, "right": 0.3, "false": 0.2}
    largest, mean = 5, 0.0
    for kinds in itertools.product(chances, repeat=largest):
        _, samples, stopped = counted([kind != "wrong" for kind in kinds], enough)
        marked = [kind == "false" for kind in kinds[:samples]]
        share = sequential_share([sum(marked)], [marked[-1]], [samples], [stopped])[0]
        mean += float(share) * float(np.prod([chances[kind] for kind in kinds]))
    assert mean == pytest.approx(chances["false"], abs=1e-12)
