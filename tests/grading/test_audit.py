"""Audits: what is drawn, what a person may do to a sheet, and whether intervals cover."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from harness.errors import InputError
from harness.grading.audit import audit_rates, draw_audit, read_sheet, write_sheet
from harness.grading.audit.drawing import allocation
from harness.grading.audit.sheet import Judged
from harness.grading.audit.strata import Stratum, strata_of
from harness.pool import Pool
from harness.pool.verdicts import VERDICT_SCHEMA
from harness.problems import Problem
from tests.grading.pools_for_tests import written_pool

Outcomes = Callable[[str, int], str]
FORMULA = "=HYPERLINK(1) \x1b[31m"


def audited_pool(folder: Path, problems: int = 60, samples: int = 10) -> tuple[Pool, set[str]]:
    """A pool with two graders that err at known rates; also which samples are right."""
    source = np.random.default_rng(3)
    questions = [Problem(f"=SUM({n})", str(n), external_id=f"p{n}") for n in range(problems)]
    pool = Pool.open(written_pool(folder, questions, *[FORMULA] * samples))
    keys = pool.samples(["problem_id", "sample_index"]).to_pylist()
    right = source.random(len(keys)) < 0.6
    for name, missed, accepted in (("answer", 0.02, 0.01), ("math_verify", 0.15, 0.05)):
        chance = source.random(len(keys))
        called = np.where(right, chance >= missed, chance < accepted)
        rows = [
            {
                **key,
                "outcome": "correct" if yes else "wrong" if number % 17 else "undecided",
                "answer": "'5",
                "rule": "boxed" if number % 11 else "hash",
                "stage": "number",
                "reason": "",
            }
            for number, (key, yes) in enumerate(zip(keys, called, strict=True))
        ]
        identity = {
            "grader": "answer", "format": "boxed", "comparison": "cascade",
            "samples": pool.digest(),
        }  # fmt: skip
        pool.write_verdicts(name, pa.Table.from_pylist(rows, schema=VERDICT_SCHEMA), identity)
    truth = {
        f"{key['problem_id']}/{key['sample_index']}"
        for key, is_right in zip(keys, right, strict=True)
        if is_right
    }
    return pool, truth


def true_rates(pool: Pool, truth: set[str]) -> dict[str, tuple[float, float]]:
    """False-negative and false-positive rate of each grader over the whole pool."""
    rates = {}
    for name in ("answer", "math_verify"):
        rows = pool.verdicts(name).to_pylist()
        called = {f"{r['problem_id']}/{r['sample_index']}": r["outcome"] == "correct" for r in rows}
        missed = sum(not called[key] for key in truth) / len(truth)
        wrong = called.keys() - truth
        rates[name] = (missed, sum(called[key] for key in wrong) / len(wrong))
    return rates


def fill_in(sheet: Path, truth: set[str], change: Callable[[dict[str, Any]], None]) -> None:
    rows = list(csv.DictReader(io.StringIO(sheet.read_text("utf-8-sig"), newline="")))
    for row in rows:
        row["human"] = "correct" if row["id"] in truth else " Wrong "
        change(row)
    with sheet.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=";")  # As spreadsheets may save.
        writer.writeheader()
        writer.writerows(rows)


def nothing(_row: dict[str, Any]) -> None:
    pass


def test_a_full_audit_gives_the_exact_rates(tmp_path: Path) -> None:
    pool, truth = audited_pool(tmp_path / "pool")
    sheet = tmp_path / "sheet.csv"
    write_sheet(sheet, draw_audit(pool, size=10_000, seed=0))
    fill_in(sheet, truth, nothing)
    rates = audit_rates(read_sheet(sheet, pool))
    assert (rates["samples"], rates["judged"]) == (600, 600)
    for name, (missed, accepted) in true_rates(pool, truth).items():
        for key, true in (("false_negative_rate", missed), ("false_positive_rate", accepted)):
            found = rates["graders"][name][key]
            assert found["value"] == pytest.approx(true)
            assert (found["low"], found["high"]) == pytest.approx((true, true))


def test_intervals_cover_when_a_simulated_person_judges(tmp_path: Path) -> None:
    pool, truth = audited_pool(tmp_path / "pool", problems=300)
    true, covered, trials = true_rates(pool, truth), 0, 60
    strata = strata_of(pool)
    keys = pool.samples(["problem_id", "sample_index"]).to_pylist()
    right = np.array([f"{one['problem_id']}/{one['sample_index']}" in truth for one in keys])
    sizes = allocation(strata, 300)
    kinds = ("false_negative_rate", "false_positive_rate")
    for seed in range(trials):
        source = np.random.default_rng(seed)
        judged = []
        for stratum, size in zip(strata, sizes, strict=True):
            correct = int(right[source.choice(stratum.rows, size=size, replace=False)].sum())
            judged.append(Judged(stratum, correct, size - correct, 0, 0))
        rates = audit_rates(judged)["graders"]
        for name, pair in true.items():
            for key, value in zip(kinds, pair, strict=True):
                covered += rates[name][key]["low"] <= value <= rates[name][key]["high"]
    assert covered / (4 * trials) >= 0.95


def test_a_sheet_of_a_seed_is_drawn_again_and_weighs_the_pool(tmp_path: Path) -> None:
    pool, _ = audited_pool(tmp_path / "pool")
    rows = draw_audit(pool, 100, seed=1)
    again, other = draw_audit(pool, 100, seed=1), draw_audit(pool, 100, seed=2)
    keys = [[(one.problem.id, one.sample_index) for one in drawn] for drawn in (rows, again, other)]
    assert keys[0] == keys[1] != keys[2]
    assert len(rows) == 100
    assert sum(row.weight for row in rows) == pytest.approx(600)
    disagreeing = sum(row.stratum.disagreement for row in rows)
    assert disagreeing > 600 * 0.2 * 100 / 600  # More than their share of the pool.


def test_no_cell_of_a_stranger_is_a_formula(tmp_path: Path) -> None:
    pool, _ = audited_pool(tmp_path / "pool")
    sheet = tmp_path / "sheet.csv"
    write_sheet(sheet, draw_audit(pool, 30, seed=0))
    text = sheet.read_text("utf-8-sig")
    assert "\x1b" not in text
    for row in csv.DictReader(io.StringIO(text, newline="")):
        assert row["question"].startswith("'=") and row["completion_tail"].startswith("'=")


def test_judgements_are_not_overwritten(tmp_path: Path) -> None:
    pool, truth = audited_pool(tmp_path / "pool")
    sheet, rows = tmp_path / "sheet.csv", draw_audit(pool, 30, seed=0)
    write_sheet(sheet, rows)
    write_sheet(sheet, rows)  # Nobody has written into it yet.
    fill_in(sheet, truth, nothing)
    before = sheet.read_bytes()
    with pytest.raises(InputError, match="judgements of a person"):
        write_sheet(sheet, rows)
    assert sheet.read_bytes() == before
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="not the sheet of an audit"):
        write_sheet(tmp_path / "other.csv", rows)


def test_malformed_rows_are_reported_at_once(tmp_path: Path) -> None:
    pool, truth = audited_pool(tmp_path / "pool")
    sheet = tmp_path / "sheet.csv"
    write_sheet(sheet, draw_audit(pool, 60, seed=0))
    changes = iter(
        [{"human": "corect"}, {"id": "no/1"}, {"stratum": "x"}, {"stratum_samples": "7"}]
    )
    fill_in(sheet, truth, lambda row: row.update(next(changes, {})))
    with pytest.raises(InputError) as error:
        read_sheet(sheet, pool)
    text = str(error.value)
    assert [f"row {number}:" in text for number in range(2, 7)] == [True] * 4 + [False]
    assert "did you mean 'correct'?" in text
    sheet.write_text("id;human\n1;correct\n")
    with pytest.raises(InputError, match="lacks the columns stratum"):
        read_sheet(sheet, pool)
    with pytest.raises(InputError, match="there is no sheet"):
        read_sheet(tmp_path / "none.csv", pool)


def test_a_stratum_that_nobody_judged_is_named(tmp_path: Path) -> None:
    judged = [
        Judged(Stratum({"a": "correct", "b": "wrong"}, False, np.arange(9)), 0, 0, 2, 3),
        Judged(Stratum({"a": "wrong", "b": "wrong"}, False, np.arange(9)), 1, 4, 0, 0),
    ]
    with pytest.raises(InputError, match="a=correct b=wrong"):
        audit_rates(judged)


def test_one_grader_is_no_audit(tmp_path: Path) -> None:
    pool, _ = audited_pool(tmp_path / "pool")
    (pool.folder / "verdicts" / "math_verify.parquet").unlink()
    with pytest.raises(InputError, match="only 'answer' has graded"):
        draw_audit(pool, 10, 0)
