"""Outcomes of real models: two sizes of GPT-3 on GSM8K, two of Llama 3 on hard problems."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from harness.budget.cost_models import SampleCost
from harness.comparison.curves import cost_grid
from harness.metrics import coverage_at_k
from harness.recipe import Side
from harness.statistics import bootstrap_mean, paired_difference, pooled_difference
from harness.statistics.crossover import resampled_crossover
from harness.statistics.paired import mcnemar_exact
from tests.grading.pools_for_tests import shared_rows


def _openai(method: str) -> tuple[np.ndarray, np.ndarray]:
    """0/1 outcomes of the 6B and the 175B model on the same 1,319 problems."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for row in shared_rows("gsm8k_openai_6b_175b"):
        if row["method"] == method:
            found[row["model"]][row["id"]] = float(row["is_correct"])
    ids = sorted(found["6b"])
    small, large = (np.array([found[model][one] for one in ids]) for model in ("6b", "175b"))
    return small, large


def _llama() -> dict[str, np.ndarray]:
    """(problems, 16) outcomes of the 8B and the 70B model."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in shared_rows("epoch_otis_mock_aime_samples"):
        size = "70B" if "70B" in row["model"] else "8B"
        found[size][row["problem_id"]].append(float(row["grade"] == "C"))
    ids = sorted(found["8B"])
    return {size: np.array([rows[one] for one in ids]) for size, rows in found.items()}


def test_the_larger_model_is_better_by_every_method() -> None:
    small, large = _openai("finetuning")
    found = paired_difference(small, large)
    assert found.value == pytest.approx(0.2168 - 0.3472, abs=1e-4)
    assert found.test == "mcnemar exact" and found.p_value < 1e-12
    reference = stats.bootstrap(
        (small - large,), np.mean, n_resamples=4000, rng=np.random.default_rng(0)
    ).confidence_interval
    assert found.low == pytest.approx(reference.low, abs=0.003)
    assert found.high == pytest.approx(reference.high, abs=0.003)


def test_mcnemar_of_real_outcomes_agrees_with_statsmodels() -> None:
    tables = pytest.importorskip(
        "statsmodels.stats.contingency_tables", reason="statsmodels is not installed"
    )
    # A small model with a verifier against a large one without: a smaller difference.
    small, large = _openai("verification")[0], _openai("finetuning")[1]
    table = [[int(((small == a) & (large == b)).sum()) for b in (1, 0)] for a in (1, 0)]
    assert mcnemar_exact(small, large) == pytest.approx(tables.mcnemar(table, exact=True).pvalue)


def test_two_methods_pool_to_their_mean_with_the_problems_in_common() -> None:
    cells = [
        (small - large)[:, None] for small, large in map(_openai, ("finetuning", "verification"))
    ]
    found = pooled_difference(cells)
    assert found.value == pytest.approx((0.2168 - 0.3472 + 0.3904 - 0.5625) / 2, abs=1e-4)
    assert (found.cells, found.cells_negative) == (2, 2)
    single = [paired_difference(cell[:, 0], np.zeros(len(cell))) for cell in cells]
    apart = np.sqrt(sum((one.high - one.low) ** 2 for one in single)) / 2
    # Whoever pools two cells as if they were independent is too sure.
    assert found.high - found.low > apart
    together = np.mean(cells, axis=0)[:, 0]
    assert found.standard_error == pytest.approx(stats.sem(together))


def test_very_few_solved_problems_leave_a_wide_interval() -> None:
    """The published mean and pass@16 of Llama-3-8B: 0.83 % and 3 of 45 problems."""
    outcomes = _llama()["8B"]
    solved = outcomes.any(axis=1)
    found = bootstrap_mean(solved)
    assert found.value == pytest.approx(3 / 45)
    exact = stats.binomtest(int(solved.sum()), 45).proportion_ci(method="exact")
    assert exact.low <= found.low < found.value < found.high <= exact.high
    mean = bootstrap_mean(outcomes.mean(axis=1))
    assert mean.value == pytest.approx(0.00833, abs=1e-4)
    assert 0 < mean.low < mean.value < 0.02 < mean.high < 0.07


def test_llama_70b_is_above_at_equal_number_but_not_at_equal_compute() -> None:
    outcomes = _llama()
    ks = np.arange(1, 17)
    curves = {
        size: coverage_at_k(rows.sum(axis=1), np.full(len(rows), 16), ks)
        for size, rows in outcomes.items()
    }
    equal = paired_difference(curves["70B"][:, -1], curves["8B"][:, -1])
    assert equal.value == pytest.approx(0.2444 - 0.0667, abs=1e-4)
    assert equal.low > 0
    costs: dict[Side, SampleCost] = {"wc": SampleCost(Fraction(8)), "se": SampleCost(Fraction(70))}
    grid = cost_grid(costs, {"wc": 16, "se": 16})
    assert (grid.costs[0], grid.costs[-1]) == (70, 128)
    small, large = (
        coverage_at_k(outcomes[size].sum(axis=1), np.full(45, 16), grid.samples[side])
        for size, side in (("8B", "wc"), ("70B", "se"))
    )
    found = resampled_crossover(grid.costs, small, large)
    # 8B at 9 samples solves 4.6 %, 70B at one 4.3 %: too close to call with 45 problems.
    assert found.crossover.above_throughout == "first"
    assert found.share_first_above > 0.2 and found.share_second_above > 0.2
    shares = found.share_first_above + found.share_second_above + found.share_crossing
    assert shares == pytest.approx(1.0)
