"""Mixed budgets from pools to arms, metrics and report: every stage takes the same samples."""

from __future__ import annotations

import json
import re
from collections import Counter
from fractions import Fraction
from math import comb
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from harness.arms.stage import build
from harness.budget import match_of
from harness.cli.summaries import summary_of
from harness.grading.stage import grade
from harness.hub.stage import push
from harness.metrics.stage import measure
from harness.plan.planning import plan_of
from harness.plan.text import plan_text
from harness.pool import Pool
from harness.report.stage import report
from harness.run_folder import RunFolder
from tests.arms.conftest import QUIET, make_run

MIXED = ("match.rounding=mixed", "arms.deduplicate=none", "budgets.part={wc: 1}")


@pytest.fixture
def mixed(tmp_path: Path) -> RunFolder:
    """10 problems; a budget of 0.3387 SE samples, of 2.953 and of 5.905 WC samples a problem."""
    made = make_run(tmp_path / "run", *MIXED)
    grade(made, QUIET)
    return made


def rows_of(run: RunFolder, arm: Any, budget: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(run.arm(arm, budget) / "train.parquet").to_pylist()
    return rows


def test_arms_hold_the_correct_ones_of_each_problems_own_samples(mixed: RunFolder) -> None:
    build(mixed, QUIET)
    ids = [problem.id for problem in Pool.open(mixed.pool("wc")).problems]
    for name, budget in match_of(mixed.recipe).items():
        for side in ("wc", "se"):
            counts = budget.samples_of(side, ids)
            assert abs(sum(counts.values()) - 10 * budget.exact[side]) <= Fraction(1, 2)
            expected = {
                (one, index)
                for place, one in enumerate(ids)
                for index in range(counts[one])
                if (index + place) % 3 != 0
            }
            found = [(row["problem_id"], row["sample_index"]) for row in rows_of(mixed, side, name)]
            assert Counter(found) == Counter(expected)
            arm = json.loads((mixed.arm(side, name) / "arm.json").read_text(encoding="utf-8"))
            assert arm["mean_samples_per_problem"] == float(budget.exact[side])


def test_smaller_budgets_are_parts_of_larger_ones(mixed: RunFolder) -> None:
    build(mixed, QUIET)
    for side in ("wc", "se"):
        keys = [
            {(row["problem_id"], row["sample_index"]) for row in rows_of(mixed, side, name)}
            for name in ("part", "low", "high")
        ]
        assert keys[0] <= keys[1] <= keys[2]


def test_measure_is_what_such_budgets_show_on_average(mixed: RunFolder) -> None:
    """Coverage is that of ⌈k⌉ for a share of the problems and of ⌊k⌋ for the others."""
    document = measure(mixed, QUIET)
    assert document["match"]["rounding"] == "mixed"
    pools = {side: len(Pool.open(mixed.pool(side))) // 10 for side in ("wc", "se")}
    for name, budget in match_of(mixed.recipe).items():
        found = document["budgets"][name]
        for side in ("wc", "se"):
            exact, drawn = budget.exact[side], pools[side]
            floor, share = int(exact), float(exact - int(exact))
            coverage = 0.0
            for place in range(10):
                wrong = sum((index + place) % 3 == 0 for index in range(drawn))
                missed = [comb(wrong, k) / comb(drawn, k) for k in (floor, floor + bool(share))]
                coverage += 1 - (1 - share) * missed[0] - share * missed[1]
            numbers = found["sides"][side]
            assert numbers["coverage"]["value"] == pytest.approx(coverage / 10)
            assert abs(numbers["samples"] - 10 * exact) <= Fraction(1, 2)
            assert found["mean_samples_per_problem"][side] == float(exact)
        assert found["cost"]["wc_over_se"] == pytest.approx(1)
    # A problem that is solved has one correct solution where it has one sample at most.
    assert document["budgets"]["part"]["sides"]["se"]["diversity_solved"]["value"] == (
        pytest.approx(1)
    )


def test_report_and_summary_name_the_means(mixed: RunFolder) -> None:
    table = summary_of("measure", measure(mixed, QUIET)).splitlines()
    samples = {tuple(line.split()[:2]): line.split("  ") for line in table}
    assert "0.339 on average" in " ".join(samples["part", "se"])
    assert "on average" not in " ".join(samples["part", "wc"])
    build(mixed, QUIET)
    report(mixed, QUIET)
    text = mixed.report("md").read_text(encoding="utf-8")
    assert "1 WC or 0.339 SE samples a problem" in text
    assert re.search(r"\| part +\| SE \(0\.339 a problem\)", text)
    assert re.search(r"\| low +\| WC \(2\.953 a problem\)", text)
    assert "some problems have one sample fewer than others" in text


def test_plan_and_card_name_the_means_that_their_costs_are_of(mixed: RunFolder) -> None:
    text = plan_text(plan_of(mixed.recipe))
    (row,) = (line.split() for line in text.splitlines() if line.startswith("low "))
    assert row[1:] == ["2.953", "1", "3", "1", "1.0000"]
    assert "WC in mean" in text and "the cost ratio is of the means" in text
    assert "drawn" not in text.split("Pools")[0] and "after rounding" not in text
    build(mixed, QUIET)
    push(mixed, QUIET, folder=mixed.path / "published")
    card = (mixed.path / "published" / "README.md").read_text(encoding="utf-8")
    assert "2.953 WC or 1 SE samples a problem, on average" in card
    assert "cost WC/SE of these means 1.0000" in card
    assert re.search(r"\| `wc-low` \| \d+ \| \d+ \| 2\.953 \|", card)


def test_a_budget_that_spends_less_on_purpose_is_not_called_uneven(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", "budgets.low={se: 1, multiplier: 0.3387}")
    grade(run, QUIET)
    document = measure(run, QUIET)
    cost = document["budgets"]["low"]["cost"]
    assert document["budgets"]["low"]["samples_per_problem"] == {"wc": 1, "se": 1}
    assert cost["wc_over_se"] == pytest.approx(cost["intended_wc_over_se"], rel=1e-3)
    build(run, QUIET)
    report(run, QUIET)
    text = run.report("md").read_text(encoding="utf-8")
    assert "whole samples make WC spend" not in text
    assert "At budget low WC is meant to spend 0.339 of what SE spends" in text
