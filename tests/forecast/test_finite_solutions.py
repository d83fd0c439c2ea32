"""Only so many solutions: against brute force, closed forms, the recursion and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import dirichlet_multinomial

from harness.forecast.finite_solutions import FiniteSolutions
from tests.forecast.set_partitions import set_partitions

CONCENTRATIONS = [0.2, 1.0, 20.0, np.inf]


@pytest.mark.parametrize("concentration", CONCENTRATIONS)
def test_probabilities_of_all_partitions_sum_to_one(concentration: float) -> None:
    process, total = FiniteSolutions(concentration), 0.0
    for partition in set_partitions(list(range(5))):
        sizes = np.array([len(block) for block in partition])
        logs = process.log_partitions(np.array([[5, len(sizes)]]))[0]
        total += np.exp(logs + process.log_blocks(sizes))
    assert total == pytest.approx(1.0)


def test_partitions_are_as_likely_as_their_labelled_counts() -> None:
    process, sizes = FiniteSolutions(0.7), np.array([3, 1])
    solutions = int(process.cells[3])
    logs = process.log_partitions(np.array([[4, 2]]))[0, 3] + process.log_blocks(sizes)
    labelled = dirichlet_multinomial.logpmf([3, 1, 0, 0], [0.7] * solutions, 4)
    # 4 orders of the samples have these counts; 4·3 pairs of labels have this partition.
    assert solutions == 4
    assert logs == pytest.approx(labelled - np.log(4) + np.log(12))


@pytest.mark.parametrize("solutions", [1, 3, 8, 30, 1000])
@pytest.mark.parametrize("correct", [0, 1, 5, 200])
def test_equally_likely_solutions_have_the_closed_form(solutions: int, correct: int) -> None:
    expected = solutions * (1.0 - (1.0 - 1.0 / solutions) ** correct)
    found = FiniteSolutions(np.inf).expected_new(solutions, 0, 0, correct)
    assert found == pytest.approx(expected)
    nearly = FiniteSolutions(1e6).expected_new(solutions, 0, 0, correct)
    assert nearly == pytest.approx(expected, rel=1e-3)


@settings(max_examples=60)
@given(
    solutions=st.integers(1, 200),
    concentration=st.sampled_from(CONCENTRATIONS),
    repeats=st.integers(0, 6),
    distinct=st.integers(0, 6),
    more=st.integers(0, 40),
)
def test_new_solutions_follow_the_recursion(
    solutions: int, concentration: float, repeats: int, distinct: int, more: int
) -> None:
    distinct = min(distinct, solutions)
    correct = distinct + repeats if distinct else 0
    expected, seen = float(distinct), correct
    for _ in range(more):
        left = solutions - expected
        if np.isinf(concentration):
            expected += left / solutions
        else:
            expected += left * concentration / (solutions * concentration + seen)
        seen += 1
    process = FiniteSolutions(concentration)
    found = process.expected_new(solutions, correct, distinct, more)
    assert found == pytest.approx(expected - distinct, rel=1e-5, abs=1e-6)
    assert found <= process.unseen(solutions, distinct) + 1e-9


def test_more_solutions_than_there_are_is_impossible() -> None:
    logs = FiniteSolutions(1.0).log_partitions(np.array([[4, 3]]))[0]
    assert np.isneginf(logs[:2]).all()
    assert np.isfinite(logs[2:]).all()
