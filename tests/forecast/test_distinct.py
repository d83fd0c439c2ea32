"""Distinct solutions: against brute force over partitions, recursions and simulated pools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln

from harness.forecast.distinct import _log_partitions, expected_new, solution_posterior


def partitions(items: list[int]) -> Iterator[list[list[int]]]:
    """Every set partition."""
    if not items:
        yield []
        return
    first, *rest = items
    for smaller in partitions(rest):
        yield [[first], *smaller]
        for place, block in enumerate(smaller):
            yield [*smaller[:place], [first, *block], *smaller[place + 1 :]]


@pytest.mark.parametrize("discount", [0.0, 0.4])
def test_probabilities_of_all_partitions_sum_to_one(discount: float) -> None:
    total = 0.0
    for partition in partitions(list(range(5))):
        sizes = np.array([len(block) for block in partition])
        blocks = (gammaln(sizes - discount) - gammaln(1 - discount)).sum()
        total += np.exp(_log_partitions(np.array([[5, len(sizes)]]), discount)[0] + blocks)
    assert total == pytest.approx(1.0)


@settings(max_examples=60)
@given(
    theta=st.floats(0.05, 1e4),
    discount=st.sampled_from([0.0, 0.1, 0.5, 0.9]),
    repeats=st.integers(0, 6),
    distinct=st.integers(0, 6),
    more=st.integers(0, 40),
)
def test_new_solutions_follow_the_recursion(
    theta: float, discount: float, repeats: int, distinct: int, more: int
) -> None:
    correct = distinct + repeats if distinct else 0
    expected, seen = float(distinct), correct
    for _ in range(more):
        expected += (theta + expected * discount) / (theta + seen)
        seen += 1
    found = expected_new(theta, discount, correct, distinct, more)
    assert found == pytest.approx(expected - distinct, rel=1e-4, abs=1e-6)


def test_where_every_sample_is_another_text_all_are_new() -> None:
    owner = np.repeat(np.arange(200), 4)
    posterior = solution_posterior(owner, np.ones(800, dtype=np.int64), seed=0, draws=200)
    strengths = posterior.draw_strengths(np.full(200, 4), np.full(200, 4), np.random.default_rng(0))
    new = [
        expected_new(strengths[row], float(discount), 4, 4, 30).mean()
        for row, discount in enumerate(posterior.discounts)
    ]
    assert np.mean(new) > 28


def test_strengths_are_recovered() -> None:
    source = np.random.default_rng(2)
    owners, sizes = [], []
    for problem in range(1500):
        theta = 2.0 if problem % 2 else 50.0
        seen: list[int] = []
        for _ in range(12):
            fresh = not seen or source.random() < theta / (theta + len(seen))
            seen.append(len(seen) if fresh else seen[source.integers(len(seen))])
        for count in Counter(seen).values():
            owners.append(problem)
            sizes.append(count)
    owner, multiplicity = np.array(owners), np.array(sizes)
    posterior = solution_posterior(owner, multiplicity, seed=0, draws=100)
    distinct = np.bincount(owner)
    strengths = posterior.draw_strengths(np.full(1500, 12), distinct, source)
    odd = np.arange(1500) % 2 == 1
    assert np.median(strengths[:, odd]) < 6 < 20 < np.median(strengths[:, ~odd])
    assert posterior.discounts.mean() < 0.15
