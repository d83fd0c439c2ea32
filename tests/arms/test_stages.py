"""Grade, measure and build on a pool whose truth is known sample by sample."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harness.arms.stage import build
from harness.budget import match_of
from harness.errors import InputError
from harness.grading.stage import grade
from harness.metrics.stage import measure
from harness.pipeline.opening import open_or_create_run
from harness.pool import Pool, Sample
from harness.recipe.loading import load_recipe
from harness.run_folder import RunFolder
from tests.arms.conftest import QUIET, make_run

SIDES = ("wc", "se")


def right(place: int, index: int) -> bool:
    return (index + place) % 3 != 0


def test_verdicts_are_those_that_the_samples_were_made_for(run: RunFolder) -> None:
    for side in SIDES:
        pool = Pool.open(run.pool(side))
        answers, chains = pool.verdicts("answer"), pool.verdicts("chain")
        per_problem = len(pool) // 10
        for row, (answer, chain) in enumerate(
            zip(answers["outcome"].to_pylist(), chains["outcome"].to_pylist(), strict=True)
        ):
            place, index = divmod(row, per_problem)
            assert (answer == "correct") == right(place, index)
            assert (chain == "correct") == (right(place, index) and index % 4 != 3)


def test_graded_pools_are_not_graded_again(run: RunFolder) -> None:
    file = run.pool("wc") / "verdicts" / "answer.parquet"
    before = file.stat().st_mtime_ns
    shares = grade(run, QUIET)["pools"]["wc"]
    assert file.stat().st_mtime_ns == before
    assert shares["correct"] + shares["wrong"] + shares["undecided"] == shares["samples"]
    assert shares["unparsed"] == 0


def add_sample(run: RunFolder, completion: str) -> None:
    """One more sample of the first problem, beyond the largest budget."""
    with Pool.open(run.pool("wc")) as pool:
        sample = Sample(pool.problems[0].id, 50, completion, "stop", 1, 1, 0, 1, "hand", 0.0)
        pool.append([sample])


def test_new_samples_are_graded(run: RunFolder) -> None:
    add_sample(run, " #### x")
    for stage in (measure, build):
        with pytest.raises(InputError, match="Grade the new samples"):
            stage(run, QUIET)
    grade(run, QUIET)
    assert Pool.open(run.pool("wc")).verdicts("answer").num_rows == 10 * 6 + 1
    measure(run, QUIET)


def test_half_drawn_pools_are_refused(tmp_path: Path) -> None:
    made = make_run(tmp_path / "run")
    more = load_recipe("w2s-micro", ["problems.train.count=10", "budgets.high.se=3"])
    run = RunFolder(made.path, more)
    grade(run, QUIET)
    for stage in (measure, build):
        with pytest.raises(InputError, match=r"lacks 30 samples .*largest budget"):
            stage(run, QUIET)


def test_the_exact_verifier_settles_what_comparison_cannot(run: RunFolder) -> None:
    """The micro format is a bare integer: with a verifier nothing stays undecided."""
    gold = Pool.open(run.pool("wc")).problems[0].gold
    add_sample(run, f" #### {gold} {gold}")
    assert grade(run, QUIET)["pools"]["wc"]["undecided"] == 0
    rows = Pool.open(run.pool("wc")).verdicts("answer").to_pylist()
    (settled,) = [row for row in rows if row["stage"] == "exact verifier"]
    assert (settled["outcome"], settled["answer"]) == ("wrong", f"{gold} {gold}")
    assert settled["reason"]


def test_measures_equal_direct_counts(run: RunFolder) -> None:
    document = measure(run, QUIET)
    assert document == json.loads(run.measure_file.read_text())
    matched = match_of(run.recipe)
    sizes = {"wc": 6, "se": 2}
    for name, budget in document["budgets"].items():
        for side in SIDES:
            found = budget["sides"][side]
            k, n = matched[name].samples_per_problem[side], sizes[side]
            correct = [sum(right(p, i) for i in range(n)) for p in range(10)]
            lucky = [sum(right(p, i) and i % 4 == 3 for i in range(n)) for p in range(10)]
            assert found["pass_at_1"]["value"] == pytest.approx(sum(correct) / (10 * n))
            assert found["false_positive_rate"]["value"] == pytest.approx(sum(lucky) / sum(correct))
            assert found["samples"] == 10 * k
            assert found["correct"] == sum(right(p, i) for p in range(10) for i in range(k))
            if k == n:
                assert found["coverage"]["value"] == pytest.approx(sum(c > 0 for c in correct) / 10)
                kinds = [len({i % 4 == 3 for i in range(n) if right(p, i)}) for p in range(10)]
                assert found["diversity_all"]["value"] == pytest.approx(sum(kinds) / 10)
            for metric in ("pass_at_1", "coverage", "diversity_all", "diversity_solved"):
                assert found[metric]["low"] <= found[metric]["value"] <= found[metric]["high"]
            assert sum(level["problems"] for level in found["by_level"].values()) == 10
        gap = (
            budget["sides"]["wc"]["coverage"]["value"] - budget["sides"]["se"]["coverage"]["value"]
        )
        assert budget["difference"]["coverage"]["value"] == pytest.approx(gap)
    low = document["budgets"]["low"]["sides"]
    assert low["se"]["diversity_solved"]["value"] == pytest.approx(1.0)
    assert [point["k"] for point in document["curve"]["wc"]] == [1, 2, 3, 4, 5, 6]
    assert document["curve"]["wc"][2]["coverage"]["value"] == pytest.approx(
        low["wc"]["coverage"]["value"]
    )


def test_arms_hold_the_correct_samples_in_canonical_order(run: RunFolder) -> None:
    build(run, QUIET)
    for arm, budget, k in (
        ("wc", "low", 3),
        ("wc", "high", 6),
        ("se", "low", 1),
        ("se", "high", 2),
    ):
        rows = pq.read_table(run.arm(arm, budget) / "train.parquet").to_pylist()
        order = [problem.id for problem in Pool.open(run.pool(arm)).problems]
        keys = [(order.index(row["problem_id"]), row["sample_index"]) for row in rows]
        assert keys == sorted(keys)
        expected = set()
        for place in range(10):
            seen = set()
            for index in range(k):
                if right(place, index) and (index % 4 == 3) not in seen:
                    seen.add(index % 4 == 3)
                    expected.add((place, index))
        assert set(keys) == expected
        assert all(row["completion"].endswith(f"#### {row['gold']}") for row in rows)
        assert all(row["prompt"] == f"Q: {row['question']}\nA:" for row in rows)
        assert {row["generator"] for row in rows} == {f"micro:{arm}"}
        assert all(row["seed"] == 1000 * p + i for row, (p, i) in zip(rows, keys, strict=True))


def test_without_deduplication_every_correct_sample_is_a_row(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", "arms.deduplicate=none")
    grade(run, QUIET)
    build(run, QUIET)
    rows = pq.read_table(run.arm("wc", "high") / "train.parquet").num_rows
    assert rows == sum(right(p, i) for p in range(10) for i in range(6))


def test_reference_solutions_make_the_ground_truth_arm(run: RunFolder) -> None:
    build(run, QUIET)
    low, high = (
        pq.read_table(run.arm("ground_truth", name) / "train.parquet").to_pylist()
        for name in ("low", "high")
    )
    assert len(low) == len(high) == 10
    assert {row["source"] for row in low} == {"reference"}
    assert {row["generator"] for row in low} == {None}
    problems = Pool.open(run.pool("wc")).problems
    assert [row["completion"] for row in low] == [problem.solution for problem in problems]


def test_reference_solutions_stand_behind_the_solution_prefix(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", "prompt.solution_prefix= Let us see.")
    grade(run, QUIET)
    build(run, QUIET)
    rows = pq.read_table(run.arm("ground_truth", "low") / "train.parquet").to_pylist()
    assert all(row["completion"].startswith(" Let us see.") for row in rows)


def test_arms_are_stored_as_the_hub_stores_best(run: RunFolder) -> None:
    build(run, QUIET)
    group = pq.ParquetFile(run.arm("wc", "high") / "train.parquet").metadata.row_group(0)
    column = group.column(group.num_columns - 1)
    assert column.compression == "ZSTD"
    assert column.has_column_index
    assert column.has_offset_index


def test_building_twice_gives_equal_bytes(run: RunFolder) -> None:
    build(run, QUIET)
    files = sorted(run.path.glob("arms/*/*"))
    before = [file.read_bytes() for file in files]
    build(run, QUIET)
    assert [file.read_bytes() for file in files] == before


def test_an_arm_without_a_right_sample_is_empty_and_says_why(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", wrong=True)
    grade(run, QUIET)
    measured = measure(run, QUIET)["budgets"]["high"]["sides"]["wc"]
    assert measured["coverage"]["value"] == 0.0
    assert measured["diversity_solved"] is None
    assert measured["false_positive_rate"] is None
    arms = {(a["arm"], a["budget"]): a for a in build(run, QUIET)["arms"]}
    assert arms["wc", "high"]["empty"]
    assert "right answer" in arms["wc", "high"]["reason"]
    assert pq.read_table(run.arm("wc", "high") / "train.parquet").num_rows == 0


def test_arms_load_with_datasets(run: RunFolder, tmp_path: Path) -> None:
    from datasets import load_dataset

    build(run, QUIET)
    file = str(run.arm("wc", "high") / "train.parquet")
    loaded = load_dataset("parquet", data_files=file, split="train", cache_dir=str(tmp_path / "c"))
    assert loaded.num_rows == pq.read_table(file).num_rows
    assert loaded[0]["problem_id"] == Pool.open(run.pool("wc")).problems[0].id


def test_stages_before_their_turn_name_the_command(tmp_path: Path) -> None:
    run = open_or_create_run(tmp_path / "run", load_recipe("w2s-micro"))
    for stage in (grade, measure, build):
        with pytest.raises(InputError, match="harness sample"):
            stage(run, QUIET)
    sampled = make_run(tmp_path / "other")
    for stage in (measure, build):
        with pytest.raises(InputError, match="harness grade"):
            stage(sampled, QUIET)
