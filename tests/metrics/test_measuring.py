"""Metrics of both sides: by hand where all is known, sane where nothing or everything is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.metrics.adaptive_arrays import arrays_of
from harness.metrics.measuring import by_group, compare, coverage_curve, side_columns
from harness.metrics.pool_arrays import PoolArrays, pool_arrays
from harness.metrics.side_columns import METRICS
from harness.metrics.solution_keys import KEYS
from tests.metrics.graded_pools import Row, graded_pool

RIGHT, WRONG = Row("correct"), Row("wrong", "2")


def arrays(folder: Path, rows: list[list[Row]]) -> PoolArrays:
    return pool_arrays(graded_pool(folder, rows), chain=True, keys=KEYS)


def both(tmp_path: Path, wc: list[list[Row]], se: list[list[Row]], k: float = 2) -> Any:
    sides = {"wc": arrays(tmp_path / "wc", wc), "se": arrays(tmp_path / "se", se)}
    columns = {side: side_columns(one, k) for side, one in sides.items()}
    return compare(columns, 2000, samples_per_problem=dict.fromkeys(columns, k))


def test_every_metric_is_what_it_says(tmp_path: Path) -> None:
    wc = [
        [RIGHT, RIGHT, WRONG, Row("correct", "1", "3 + 4 = 7", 40, "wrong")],
        [WRONG, WRONG, Row("wrong", None), RIGHT],
        [WRONG] * 4,
    ]
    found = both(tmp_path, wc, [[RIGHT] * 4, [WRONG] * 4, [RIGHT, RIGHT, WRONG, WRONG]])
    value = {name: one and one["value"] for name, one in found.metrics("wc").items()}
    assert list(value) == list(METRICS)
    assert value["pass_at_1"] == pytest.approx((3 / 4 + 1 / 4) / 3)
    assert value["coverage"] == pytest.approx((1 + 1 / 2) / 3)
    assert value["diversity_all"] == pytest.approx((3 / 2 + 1 / 2) / 3)
    assert value["diversity_solved"] == pytest.approx(2 / 1.5)
    # Two texts without an equation are one solution by that key.
    assert value["diversity_all_equations"] == pytest.approx((5 / 6 + 1 / 2 + 1 / 2) / 3)
    assert value["false_positive_rate"] == pytest.approx(1 / 4)
    assert value["majority_at_1"] == pytest.approx(value["pass_at_1"])
    assert value["majority_at_4"] == pytest.approx(1 / 3)
    assert value["majority_at_8"] is None
    assert value["yield_per_sample"] == pytest.approx(4 / 12)
    assert value["yield_per_token"] == pytest.approx(4 / (11 * 10 + 40))
    gaps = found.differences()
    assert gaps["majority_at_4"]["value"] == pytest.approx(1 / 3 - (1 + 0.5) / 3)
    assert gaps["majority_at_8"] is None


@pytest.mark.parametrize("problems", [1, 30])
@pytest.mark.parametrize("wc", [RIGHT, WRONG, Row("wrong", None), Row("undecided", "3")])
@pytest.mark.parametrize("se", [RIGHT, WRONG])
def test_all_or_none_solved_is_sane(tmp_path: Path, problems: int, wc: Row, se: Row) -> None:
    found = both(tmp_path, [[wc] * 4] * problems, [[se] * 4] * problems)
    documents = [found.metrics("wc"), found.metrics("se"), found.differences()]
    json.dumps(documents, allow_nan=False)
    for document in documents:
        for one in filter(None, document.values()):
            assert one["low"] <= one["value"] <= one["high"]
            assert 0 <= one.get("p_value", 0) <= 1
    for side, row in (("wc", wc), ("se", se)):
        coverage = found.metrics(side)["coverage"]
        assert coverage["value"] == float(row.outcome == "correct")
        # The rule of three: with n problems, about 3 / n more or fewer cannot be excluded.
        width = coverage["high"] - coverage["low"]
        assert 1 / (problems + 1) < width < 4 / problems
        assert coverage["low"] >= 0 and coverage["high"] <= 1
    gap = found.differences()["coverage"]
    assert gap["low"] < gap["high"]
    if problems == 30 and wc.outcome != "correct" and se.outcome == "correct":
        assert gap["high"] < 0
        assert gap["p_value"] < 0.01


@pytest.mark.parametrize(("solved", "of"), [(0, 4), (2, 4), (4, 4)])
def test_a_yield_of_equal_completions_is_that_of_samples(
    tmp_path: Path, solved: int, of: int
) -> None:
    row = [RIGHT] * solved + [WRONG] * (of - solved)
    found = both(tmp_path, [row] * 15, [[RIGHT, *[WRONG] * 3]] * 3 + [[WRONG] * 4] * 12)
    for document in (found.metrics("wc"), found.metrics("se"), found.differences()):
        for end in ("value", "low", "high"):
            # Every completion has ten tokens.
            by_token, by_sample = (document[f"yield_per_{one}"] for one in ("token", "sample"))
            assert 10 * by_token[end] == pytest.approx(by_sample[end])


def test_no_yield_of_few_samples_does_not_prove_a_lower_one(tmp_path: Path) -> None:
    shorter = [[Row("wrong", "2", tokens=5)] * 4] * 15
    found = both(tmp_path, shorter, [[RIGHT, *[WRONG] * 3]] * 2 + [[WRONG] * 4] * 13)
    none, gap = found.metrics("wc")["yield_per_token"], found.differences()["yield_per_token"]
    # The rule of three: some 3 of 15 problems could have shown the most, a solution in 5 tokens.
    assert 0 == none["low"] == none["value"] < 1 / 15 / 5 < none["high"] < 4 / 15 / 5
    assert gap["low"] < 0 < gap["high"] and gap["p_value"] > 0.05


def test_groups_without_samples_solved_or_named(tmp_path: Path) -> None:
    """Problem 0 has no subject; level 1 is never solved, and one level has a single problem."""
    rows = [[RIGHT] * 3 if place % 2 else [WRONG] * 3 for place in range(6)]
    sides = {"wc": arrays(tmp_path / "wc", rows), "se": arrays(tmp_path / "se", rows)}
    columns = {side: side_columns(one, 2) for side, one in sides.items()}
    levels = by_group(columns, sides["wc"].levels, {"wc": 2, "se": 2})
    assert {name: one["problems"] for name, one in levels.items()} == {"1": 3, "2": 3}
    assert levels["1"]["wc"]["coverage"]["value"] == 0.0
    assert levels["1"]["wc"]["diversity_solved"] is None
    assert levels["1"]["wc"]["false_positive_rate"] is None
    subjects = by_group(columns, sides["wc"].subjects, {"wc": 2, "se": 2})
    assert {name: one["problems"] for name, one in subjects.items()} == {"algebra": 5}
    assert by_group(columns, [""] * 6, {"wc": 2, "se": 2}) == {}
    json.dumps([levels, subjects], allow_nan=False)


def test_real_numbers_of_samples_lie_between(tmp_path: Path) -> None:
    one = arrays(tmp_path / "wc", [[RIGHT, WRONG, RIGHT, WRONG, WRONG]])
    values = [float(side_columns(one, k)["coverage"][0]) for k in (2, 2.5, 3)]
    assert values == sorted(values)
    assert values[0] < values[1] < values[2]


def test_tokens_that_nobody_counted_give_no_yield(tmp_path: Path) -> None:
    rows = [[RIGHT, Row("correct", "1", "", None)]]
    found = both(tmp_path, rows, [[RIGHT, RIGHT]])
    assert found.metrics("wc")["yield_per_token"] is None
    assert found.metrics("wc")["yield_per_sample"]["value"] == 1.0
    assert found.differences()["yield_per_token"] is None


def test_a_yield_per_token_is_as_uncertain_as_the_pass_at_1_that_it_is(tmp_path: Path) -> None:
    """20 problems, three solved now and then, every completion of 10 tokens."""
    rows = [[RIGHT] * right + [WRONG] * (4 - right) for right in (1, 2, 1, *[0] * 17)]
    found = both(tmp_path, rows, rows[::-1])
    for document in (found.metrics("wc"), found.differences()):
        tokens, samples = document["yield_per_token"], document["pass_at_1"]
        for end in ("value", "low", "high"):
            assert tokens[end] == pytest.approx(samples[end] / 10, abs=1e-12)


def test_an_adaptive_pool_has_no_diversity_and_no_vote(tmp_path: Path) -> None:
    until = {"allocation": {"until": {"correct": 1, "max": 4}}}
    rows = [[WRONG, RIGHT], [WRONG] * 4, [RIGHT]]
    adaptive = arrays_of(graded_pool(tmp_path / "wc", rows, identity=until))
    uniform = arrays(tmp_path / "se", [[RIGHT] * 4] * 3)
    columns = {"wc": side_columns(adaptive, 4), "se": side_columns(uniform, 4)}
    found = compare(columns, 500, samples_per_problem={"wc": 4, "se": 4})
    metrics = found.metrics("wc")
    assert metrics["coverage"]["value"] == pytest.approx(2 / 3)
    assert metrics["yield_per_sample"]["value"] == pytest.approx(2 / 7)
    for name in ("diversity_all", "diversity_solved_equations", "majority_at_4"):
        assert metrics[name] is None
        assert found.differences()[name] is None
    assert len(coverage_curve(adaptive, 4, 1.0)) == 4


def test_intervals_respect_that_samples_of_a_problem_belong_together(tmp_path: Path) -> None:
    """40 problems, all or nothing: as wide as for 40 outcomes, not as for 320."""
    rows = [[RIGHT] * 8 if place < 20 else [WRONG] * 8 for place in range(40)]
    metrics = both(tmp_path, rows, rows).metrics("wc")
    for name in ("pass_at_1", "coverage", "majority_at_4", "yield_per_sample", "yield_per_token"):
        one = metrics[name]
        half = (one["high"] - one["low"]) / 2 / one["value"]
        assert half == pytest.approx(1.96 * np.sqrt(1 / 40), rel=0.15)


def test_few_solved_problems_leave_diversity_uncertain() -> None:
    """45 problems of which a handful are solved, all solutions distinct, both sides alike."""
    source = np.random.default_rng(3)
    samples, within, rejected, counted = 16, 0, 0, 0
    chances = source.beta(0.1, 10, 500_000)
    true = (samples * chances).mean() / (1 - (1 - chances) ** samples).mean()
    for _ in range(150):
        chances = source.beta(0.1, 10, 45)
        correct = {side: source.binomial(samples, chances).astype(float) for side in ("wc", "se")}
        columns = {side: {"coverage": np.sign(c), "distinct": c} for side, c in correct.items()}
        found = compare(columns, 500, samples_per_problem=dict.fromkeys(columns, samples))
        difference = found.differences()["diversity_solved"]
        if difference is None:
            continue
        interval = found.metrics("wc")["diversity_solved"]
        counted += 1
        within += interval["low"] <= true <= interval["high"]
        rejected += difference["p_value"] < 0.05
    assert counted > 100
    assert within / counted > 0.88  # Two thirds without prior problems that show many solutions.
    assert rejected / counted < 0.08
