"""Distinct solutions: posteriors and forecasts against simulated pools."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from harness.forecast.distinct import SolutionPosterior, solution_posterior
from harness.forecast.finite_solutions import FiniteSolutions
from harness.forecast.forecasting import forecast
from harness.forecast.pitman_yor import PitmanYor
from harness.statistics.intervals import percentile_interval
from tests.forecast.pilots_for_tests import Floats, drawn_from


def expected_new_of(posterior: SolutionPosterior, correct: int, distinct: Floats) -> Floats:
    """(problems,) expected new solutions among 28 more correct samples."""
    c, d = np.full(len(distinct), correct), distinct.astype(np.int64)
    cells = posterior.draw_cells(c, d, np.random.default_rng(0))
    more = np.full(cells.shape, 28)
    found: Floats = posterior.expected_new(cells, c, d, more).mean(axis=0)
    return found


def test_where_every_sample_is_another_text_all_are_new() -> None:
    owner = np.repeat(np.arange(200), 4)
    posterior = solution_posterior(owner, np.ones(800, dtype=np.int64), seed=0, draws=200)
    assert expected_new_of(posterior, 4, np.full(200, 4.0)).mean() > 26


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
    owner = np.array(owners)
    posterior = solution_posterior(owner, np.array(sizes), seed=0, draws=100)
    new = expected_new_of(posterior, 12, np.bincount(owner).astype(np.float64))
    odd = np.arange(1500) % 2 == 1
    # θ·(ψ(θ+40) − ψ(θ+12)): 2.2 and 18.7.
    assert new.mean() == pytest.approx((2.2 + 18.7) / 2, abs=1.0)
    assert new[odd].mean() < 4.0 < 15.0 < new[~odd].mean()


def test_the_evidence_tells_whether_solutions_run_out() -> None:
    for probabilities, family in (
        (np.full(8, 1 / 8), FiniteSolutions),
        (1.0 / np.arange(1, 3001) ** 1.6, PitmanYor),
    ):
        pilot = drawn_from(probabilities, np.full(400, 0.7), 20, 0)
        posterior = solution_posterior(*pilot.multiplicities(), seed=0, draws=200)
        assert np.mean([isinstance(one, family) for one in posterior.processes]) > 0.95


def test_the_draw_is_the_same_for_the_same_seed() -> None:
    pilot = drawn_from(np.full(3, 1 / 3), np.full(50, 0.5), 4, 0)
    first, again, other = (forecast(pilot, [40], seed=seed).distinct for seed in (0, 0, 1))
    assert first is not None and again is not None and other is not None
    assert (first.these == again.these).all()
    assert not (first.these == other.these).all()


ZIPF = 1.0 / np.arange(1, 1001)


@pytest.mark.parametrize("pilot", [4, 8])
@pytest.mark.parametrize(
    "probabilities",
    [np.ones(3), np.ones(8), np.ones(30), np.ones(200), 0.7 ** np.arange(60), ZIPF[:30], ZIPF],
    ids=["uniform 3", "uniform 8", "uniform 30", "uniform 200", "geometric", "Zipf 30",
         "Zipf 1000"],
)  # fmt: skip
def test_intervals_hold_whether_or_not_solutions_run_out(probabilities: Floats, pilot: int) -> None:
    """`benchmarks/forecast.py` counts 300 of each."""
    outcomes = []
    for seed in range(4):
        rates = np.random.default_rng([seed, 1]).beta(2.0, 2.0, 200)
        full = drawn_from(probabilities, rates, 40, seed)
        made = forecast(full.first(pilot), [40], seed=seed).distinct
        assert made is not None
        came = float(full.known_distinct(40).mean())
        low, high = percentile_interval(made.these[:, 0])
        outcomes.append(low - 1e-9 <= came <= high + 1e-9)
        assert made.value[0] == pytest.approx(came, rel=0.45)
    assert sum(outcomes) >= 3


def test_no_more_is_forecast_than_there_is() -> None:
    full = drawn_from(np.ones(3), np.full(300, 0.5), 40, 0)
    made = forecast(full.first(8), [8, 40, 400], seed=0).distinct
    assert made is not None
    assert made.value[1:] == pytest.approx(3.0, abs=0.02)
    assert (np.diff(made.these, axis=1)[:, 1] >= 0).all()


def test_one_solution_a_problem_stays_one() -> None:
    full = drawn_from(np.ones(1), np.full(100, 0.5), 40, 0)
    made = forecast(full.first(8), [40], seed=0).distinct
    assert made is not None
    assert made.value[0] == pytest.approx(1.0, abs=0.02)


def test_more_solutions_than_any_finite_process_has_keep_coming() -> None:
    owner = np.zeros(4000, dtype=np.int64)
    posterior = solution_posterior(owner, np.ones(4000, dtype=np.int64), seed=0, draws=20)
    assert all(isinstance(one, PitmanYor) for one in posterior.processes)
    assert np.isfinite(expected_new_of(posterior, 4000, np.array([4000.0]))).all()


def test_without_a_second_correct_sample_nothing_is_known() -> None:
    made = forecast(drawn_from(np.ones(3), np.full(40, 0.02), 3, 0), [30]).distinct
    assert made is not None
    assert np.isfinite(made.these).all()
