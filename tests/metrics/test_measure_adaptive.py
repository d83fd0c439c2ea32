"""Measure, build and report on adaptive pools, drawn to the stopping points or beyond."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from harness.arms.stage import build
from harness.budget import pool_sizes
from harness.errors import InputError
from harness.grading.stage import grade
from harness.metrics.stage import measure
from harness.pool import Pool, Sample
from harness.report.stage import report
from harness.run_folder import RunFolder
from leaderboard.entry import entry_of
from leaderboard.schema import Entry
from tests.arms.conftest import QUIET, make_run

SIDES = ("wc", "se")
UNTIL = "allocation.until={correct: 2, max: 12}"
BUDGETS = "budgets.high.se=4"


def right(place: int, index: int) -> bool:
    return (index + place) % 3 != 0


def needed(place: int, correct: int, most: int) -> int:
    """Samples up to the stopping point."""
    found = 0
    for index in range(most):
        found += right(place, index)
        if found == correct:
            return index + 1
    return most


def cut(run: RunFolder, side: Any, lengths: list[int]) -> None:
    """Leaves of each problem its first samples only."""
    folder = run.pool(side)
    pool = Pool.open(folder)
    order = {problem.id: place for place, problem in enumerate(pool.problems)}
    rows = pool.samples().to_pylist()
    shutil.rmtree(folder)
    with Pool.open_or_create(folder, {"model": side}, pool.problems) as smaller:
        smaller.append(
            [
                Sample(**row)
                for row in rows
                if row["sample_index"] < lengths[order[row["problem_id"]]]
            ]
        )
        smaller.compact()


def adaptive_run(folder: Path, *overrides: str, more: int = 0) -> RunFolder:
    """A run whose problems were drawn to their stopping points, and `more` samples beyond."""
    run = make_run(folder, BUDGETS, UNTIL, *overrides)
    for side in SIDES:
        most = pool_sizes(run.recipe)[side]
        cut(run, side, [min(most, needed(place, 2, most) + more) for place in range(10)])
    grade(run, QUIET)
    return run


def without_counts(document: dict[str, Any]) -> dict[str, Any]:
    """The document without what says how much was drawn."""
    del document["grader"]  # It holds the digest of the samples that it graded.
    for budget in document["budgets"].values():
        del budget["tokens"]
        for side in SIDES:
            for key in ("samples", "correct", "undecided", "unparsed"):
                del budget["sides"][side][key]
    return document


def test_samples_behind_the_stopping_point_change_no_estimate(tmp_path: Path) -> None:
    exact = without_counts(measure(adaptive_run(tmp_path / "exact"), QUIET))
    beyond = without_counts(measure(adaptive_run(tmp_path / "more", more=3), QUIET))
    whole = without_counts(measure(adaptive_run(tmp_path / "all", more=99), QUIET))
    assert exact == beyond == whole


def test_estimates_are_those_of_the_formula(tmp_path: Path) -> None:
    document = measure(adaptive_run(tmp_path / "run", more=1), QUIET)
    assert document["allocation"] == {"until": {"correct": 2, "max": 12}}
    # Two correct ones come within 3 samples for every problem: (c − 1) / (N − 1).
    stops = [needed(place, 2, 12) for place in range(10)]
    assert set(stops) == {2, 3}
    high = document["budgets"]["high"]["sides"]["wc"]
    assert high["pass_at_1"]["value"] == pytest.approx(sum(1 / (n - 1) for n in stops) / 10)
    assert high["coverage"]["value"] == 1.0
    low = document["budgets"]["low"]["sides"]["se"]
    assert low["coverage"] == low["pass_at_1"]
    assert low["false_positive_rate"] is not None
    assert [point["k"] for point in document["curve"]["wc"]] == list(range(1, 13))


def test_at_the_largest_budget_coverage_is_that_of_a_uniform_pool(tmp_path: Path) -> None:
    """All that matters there is whether a problem was solved."""
    uniform = make_run(tmp_path / "uniform", "budgets.high.se=4")
    grade(uniform, QUIET)
    full = measure(uniform, QUIET)["budgets"]["high"]["sides"]
    found = measure(adaptive_run(tmp_path / "run"), QUIET)["budgets"]["high"]["sides"]
    for side in SIDES:
        assert found[side]["coverage"]["value"] == full[side]["coverage"]["value"]


def test_diversity_is_refused_with_its_reason_to_the_report(tmp_path: Path) -> None:
    run = adaptive_run(tmp_path / "run")
    document = measure(run, QUIET)
    for budget in document["budgets"].values():
        for name in ("diversity_all", "diversity_solved"):
            assert budget["difference"][name] is None
            assert budget["number_matched"]["difference"][name] is None
            assert all(budget["sides"][side][name] is None for side in SIDES)
            assert (
                "the allocation stops a problem at 2 correct samples" in document["refused"][name]
            )
    build(run, QUIET)
    report(run, QUIET)
    text = run.report("md").read_text()
    assert "No estimate of diversity over all problems and diversity over solved problems" in text
    assert "a problem was drawn until it had 2 correct samples, or all" in text
    drawn = sum(needed(place, 2, 12) for place in range(10))
    assert f"% of the WC samples ({drawn})" in text
    assert "diversity" not in json.loads(run.report("json").read_text())["headline"]
    Entry.model_validate(entry_of(json.loads(run.report("json").read_text())))


def test_arms_take_the_first_samples_that_are_there(tmp_path: Path) -> None:
    run = adaptive_run(tmp_path / "run", "arms.deduplicate=none", more=1)
    build(run, QUIET)
    order = {one.id: place for place, one in enumerate(Pool.open(run.pool("wc")).problems)}
    for budget, most in (("low", 3), ("high", 12)):
        rows = pq.read_table(run.arm("wc", budget) / "train.parquet").to_pylist()
        assert [(order[row["problem_id"]], row["sample_index"]) for row in rows] == [
            (place, index)
            for place in range(10)
            for index in range(min(most, needed(place, 2, 12) + 1))
            if right(place, index)
        ]


def test_a_problem_that_was_stopped_too_soon_is_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", BUDGETS, UNTIL)
    lengths = [needed(place, 2, 12) for place in range(10)]
    cut(run, "wc", [length - (place < 4) for place, length in enumerate(lengths)])
    grade(run, QUIET)
    for stage in (measure, build):
        with pytest.raises(InputError, match=r"lacks samples of 4 problems, .* 2 correct samples"):
            stage(run, QUIET)


def test_what_the_engine_refused_counts_as_wrong(tmp_path: Path) -> None:
    from harness.pool import Failure

    run = make_run(tmp_path / "run", BUDGETS, UNTIL)
    lengths = [0, 1, *(needed(place, 2, 12) for place in range(2, 10))]
    cut(run, "wc", lengths)
    with Pool.open(run.pool("wc")) as pool:
        for problem in pool.problems[:2]:
            pool.record_failure(Failure(problem.id, 0, 1, "too long"))
    grade(run, QUIET)
    high = measure(run, QUIET)["budgets"]["high"]["sides"]["wc"]
    assert right(1, 0)
    expected = 0 + 1 / 12 + sum(1 / (n - 1) for n in lengths[2:])
    assert high["pass_at_1"]["value"] == pytest.approx(expected / 10)
    assert high["coverage"]["value"] == pytest.approx(0.9)


def test_counts_show_undecided_samples_which_do_not_stop_a_problem(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", BUDGETS, UNTIL, "answer.chain_verifier=null")
    folder = run.pool("wc")
    pool = Pool.open(folder)
    rows = [{**row, "completion": " #### " + "9" * 1200} for row in pool.samples().to_pylist()]
    shutil.rmtree(folder)
    with Pool.open_or_create(folder, {"model": "wc"}, pool.problems) as vague:
        vague.append([Sample(**row) for row in rows])
    grade(run, QUIET)
    high = measure(run, QUIET)["budgets"]["high"]["sides"]["wc"]
    assert high["undecided"] == high["samples"] == 120
    assert high["coverage"]["value"] == 0.0
