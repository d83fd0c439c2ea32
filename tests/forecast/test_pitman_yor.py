"""Solutions that keep coming: against brute force over partitions and the recursion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.forecast.pitman_yor import PitmanYor
from tests.forecast.set_partitions import set_partitions


@pytest.mark.parametrize("discount", [0.0, 0.4])
def test_probabilities_of_all_partitions_sum_to_one(discount: float) -> None:
    process, total = PitmanYor(discount), 0.0
    for partition in set_partitions(list(range(5))):
        sizes = np.array([len(block) for block in partition])
        logs = process.log_partitions(np.array([[5, len(sizes)]]))[0]
        total += np.exp(logs + process.log_blocks(sizes))
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
    found = PitmanYor(discount).expected_new(theta, correct, distinct, more)
    assert found == pytest.approx(expected - distinct, rel=1e-4, abs=1e-6)
    assert np.isinf(PitmanYor(discount).unseen(theta, distinct))
