"""How training runs scatter: against a mixed model, Student's t, and false alarms counted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.statistics.holm import holm
from harness.statistics.pooled import pooled_difference
from harness.statistics.run_scatter import RunScatter, run_scatter


def _cells(
    source: np.random.Generator, seeds: list[int], of_runs: float, problems: int = 300
) -> list[np.ndarray]:
    """Differences of models of two sides that are alike, by cell."""
    ease = source.normal(0, 1.5, problems)

    def outcomes(runs: int) -> np.ndarray:
        rates = 1 / (1 + np.exp(-ease[:, None] - source.normal(0, of_runs, runs)))
        return (source.random(rates.shape) < rates).astype(float)

    return [outcomes(runs) - outcomes(runs) for runs in seeds]


def test_the_variance_is_that_of_a_mixed_model() -> None:
    """Balanced, restricted maximum likelihood is the closed form wherever that is above 0."""
    reason = "statsmodels is not installed"
    pytest.importorskip("statsmodels.regression.mixed_linear_model", reason=reason)
    import pandas
    from statsmodels.regression.mixed_linear_model import MixedLM

    source = np.random.default_rng(1)
    cells = [
        0.2 * place
        + source.normal(0, 0.5, (25, 1))
        + source.normal(0, 0.4, 4)
        + source.normal(0, 0.7, (25, 4))
        for place in range(3)
    ]
    rows = [
        {"cell": place, "run": f"{place} {run}", "problem": f"{place} {problem}", "y": value}
        for place, cell in enumerate(cells)
        for (problem, run), value in np.ndenumerate(cell)
    ]
    model = MixedLM.from_formula(
        "y ~ C(cell)",
        groups=np.ones(len(rows)),
        vc_formula={"run": "0 + C(run)", "problem": "0 + C(problem)"},
        data=pandas.DataFrame(rows),
    )
    fit = model.fit(reml=True)
    by_run = dict(zip(model.exog_vc.names, fit.vcomp, strict=True))["run"]
    found = run_scatter(cells)
    assert found is not None
    assert found.variance == pytest.approx(by_run, rel=0.02)
    assert found.of_answers == pytest.approx(fit.scale / 25, rel=0.02)
    assert found.degrees_of_freedom == 9


def test_cells_count_by_their_seeds_less_one() -> None:
    cells = _cells(np.random.default_rng(2), [5, 2, 1], 0.3)
    five, two, together = run_scatter(cells[:1]), run_scatter(cells[1:2]), run_scatter(cells)
    assert five is not None and two is not None and together is not None
    assert five.of_means == pytest.approx(cells[0].mean(axis=0).var(ddof=1))
    assert together.of_means == pytest.approx((4 * five.of_means + two.of_means) / 5)
    assert together.degrees_of_freedom == 5
    assert run_scatter(cells[2:]) is None
    assert run_scatter([np.ones((1, 3))]) is None


def test_where_only_training_differs_the_interval_is_students() -> None:
    source = np.random.default_rng(3)
    means = source.normal(0.1, 0.05, (4, 3))
    cells = [np.tile(runs, (4_000, 1)) for runs in means]
    found = pooled_difference(cells[:1], scatter=run_scatter(cells))
    spread = means.var(axis=1, ddof=1).mean() ** 0.5
    half_width = stats.t.ppf(0.975, 8) * spread / 3**0.5
    assert found.high - found.low == pytest.approx(2 * half_width, rel=0.04)
    p_value = 2 * stats.t.sf(abs(means[0].mean()) / (spread / 3**0.5), 8)
    assert found.p_value_other_seeds == pytest.approx(p_value, abs=0.01)
    assert found.standard_error == pytest.approx(spread / 3**0.5, rel=1e-6)


def test_two_runs_that_disagree_leave_everything_open_but_no_more() -> None:
    found = pooled_difference([np.tile([0.9, -0.5], (300, 1))])
    assert -1 <= found.low < -0.9 and 0.9 < found.high <= 1
    assert found.p_value_other_seeds is not None and found.p_value_other_seeds > 0.5


def test_runs_without_any_difference_add_nothing() -> None:
    column = np.random.default_rng(4).integers(-1, 2, (200, 1)).astype(float)
    found = pooled_difference([np.repeat(column, 3, axis=1)])
    single = pooled_difference([column])
    assert (found.low, found.high) == pytest.approx((single.low, single.high))
    assert found.covers_seeds and not single.covers_seeds


def test_shifts_are_students_where_answers_have_no_part() -> None:
    """Far out too, where p values after Holm's correction are decided."""
    for freedom in (1, 2, 6, 8):
        drawn = RunScatter(0.25, 0.0, freedom).drawn_shifts(10_000, seed=3)
        for level in (0.05, 0.0125):
            low, high = np.quantile(drawn / 0.5, [level / 2, 1 - level / 2])
            outside = stats.t.cdf(low, freedom) + stats.t.sf(high, freedom)
            assert outside == pytest.approx(level, rel=0.06)


def test_training_is_left_in_doubt_where_its_estimate_is_0() -> None:
    scatter = RunScatter(of_means=0.8, of_answers=1.0, degrees_of_freedom=2)
    assert scatter.variance == 0
    drawn = scatter.drawn_shifts(20_000, seed=1)
    assert np.mean(drawn != 0) == pytest.approx(stats.chi2.cdf(2 * 0.8, 2), abs=0.005)


@pytest.mark.parametrize("seeds", [[2] * 6, [3] * 4, [4, 3, 2]])
def test_false_alarms_over_all_comparisons_stay_below_their_level(seeds: list[int]) -> None:
    source, alarms, rejected, simulations = np.random.default_rng(6), 0, 0.0, 150
    for seed in range(simulations):
        cells = _cells(source, seeds, 0.2)
        scatter = run_scatter(cells)
        found = [
            pooled_difference([cell], scatter=scatter, resamples=500, seed=seed) for cell in cells
        ]
        p_values = np.array([one.p_value_other_seeds for one in found], dtype=float)
        alarms += holm(p_values).min() < 0.05
        rejected += float(np.mean(p_values < 0.05))
    # 5 % of 150 and two standard errors; each comparison on its own rejects 9 to 13 %.
    assert alarms / simulations <= 0.085
    assert 0.015 <= rejected / simulations <= 0.07
