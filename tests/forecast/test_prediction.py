"""Draws for other problems: their spread is that of the posterior of all problems of the kind."""

from __future__ import annotations

import numpy as np
import pytest

from harness.forecast.grid import RATES
from harness.forecast.prediction import (
    coverage_prediction,
    matched_to_weights,
    problem_weights,
)
from harness.forecast.rates import rate_posterior
from tests.forecast.pilots_for_tests import by_hand, simulated


def test_each_distribution_goes_with_weights_that_solve_as_many() -> None:
    pilot = by_hand(["ab..", "....", "c...", "..", ""], failed=[4])
    source = np.random.default_rng(0)
    weights = source.dirichlet(np.ones(len(RATES)), 60)
    emphasis = problem_weights(pilot.problems, 40, 0)
    matched = matched_to_weights(pilot, weights, emphasis, 0)
    places = [int(np.flatnonzero((weights == row).all(axis=1))[0]) for row in matched]
    assert len(set(places)) == 40
    expected = [
        sum(1 - row @ (1 - RATES) ** n for n in (4, 4, 4, 2)) for row in matched
    ]  # fmt: skip
    shown = emphasis[:, 0] + emphasis[:, 2]
    assert np.argsort(expected).tolist() == np.argsort(shown).tolist()


@pytest.mark.parametrize("letter", ["a", "."])
def test_where_all_problems_are_alike_chance_decides(letter: str) -> None:
    pilot = by_hand([letter * 3] * 20)
    weights = np.random.default_rng(0).dirichlet(np.ones(len(RATES)), 400)
    matched = matched_to_weights(pilot, weights, problem_weights(20, 400, 0), 0)
    means = matched @ RATES
    assert abs(np.corrcoef(means, np.arange(400))[0, 1]) < 0.15


def test_others_spread_as_the_posterior_of_the_kind() -> None:
    """Coverage of all problems of a kind follows from the distribution of rates alone."""
    ratios, unmatched = [], []
    for seed in range(4):
        rates = np.random.default_rng(seed).beta(0.5, 1.0, 150)
        pilot = simulated(rates * (np.arange(150) % 3 > 0), 4, seed)
        found = rate_posterior(pilot.correct_of, pilot.samples_of, [8], seed=seed)
        emphasis = problem_weights(150, 1000, 0)
        direct = found.weights @ (1 - (1 - RATES) ** 8)
        for weights, kept in (
            (matched_to_weights(pilot, found.weights, emphasis, seed), ratios),
            (np.random.default_rng(seed).permutation(found.weights), unmatched),
        ):
            others = coverage_prediction(pilot, weights, [8], emphasis, seed).others[:, 0]
            kept.append(others.std() / direct.std())
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.08)
    assert np.mean(unmatched) < np.mean(ratios) - 0.08
