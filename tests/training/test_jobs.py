"""What is done, what is half made, and where a killed training goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cells import cells_of
from harness.run_folder import RunFolder
from harness.training.jobs import (
    CellJob,
    Outcome,
    inputs_digest,
    is_done,
    prepare,
    read_state,
    record,
)
from harness.training.rows import rows_of


@pytest.fixture
def job(tmp_path: Path, make_run: Callable[..., RunFolder]) -> CellJob:
    run = make_run(tmp_path)
    cell = cells_of(run.recipe)[0]
    rows = rows_of(run.arm(cell.arm, cell.budget), run.recipe.prompt)
    return CellJob(
        cell=cell,
        folder=run.cell(cell.id),
        rows=rows,
        configuration={"max_steps": 8, "save_steps": 2, "save_total_limit": 1},
        inputs="abc",
        steps=8,
        work=1.0,
    )


def _leave_model(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "model.safetensors", "tokenizer.json", "debug.log"):
        (folder / name).write_text("x")


def _leave_checkpoint(job: CellJob, step: int, *, whole: bool) -> Path:
    folder = job.model / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_text("x")
    if whole:
        (folder / "trainer_state.json").write_text("{}")
    return folder


def test_a_done_cell_is_done_for_the_same_inputs_only(job: CellJob) -> None:
    assert prepare(job) is None
    _leave_model(job.model)
    assert not is_done(job)
    state = record(job, Outcome(job.cell.id, "", 1.5, 8, 0.25, 900))
    assert state == read_state(job.folder)
    assert state["status"] == "done"
    assert (state["cell"]["paradigm"], state["rows"], state["model"]) == ("wc_lm", 40, "model")
    assert is_done(job)
    assert not is_done(replace(job, inputs="other"))
    assert sorted(path.name for path in job.folder.iterdir()) == [
        "axolotl.yaml", "model", job.rows.file_name, "state.json",
    ]  # fmt: skip
    assert not (job.model / "debug.log").exists()
    (job.model / "model.safetensors").unlink()
    assert not is_done(job)


def test_a_training_without_a_model_has_failed(job: CellJob) -> None:
    prepare(job)
    state = record(job, Outcome(job.cell.id, "", 1.5, 8, 0.25, 900))
    assert state["status"] == "failed"
    assert "has left no whole model" in state["reason"]
    assert state["model"] is None


def test_what_an_earlier_attempt_left_is_removed(job: CellJob) -> None:
    prepare(job)
    record(job, Outcome(job.cell.id, "boom"))
    _leave_model(job.model)
    job.log.write_text("old")
    prepared = job.folder / "prepared-0123"
    prepared.mkdir()
    assert prepare(job) is None
    assert not job.model.exists()
    assert not job.log.exists()
    assert not prepared.exists()
    assert read_state(job.folder) == {}


def test_a_killed_training_goes_on_at_its_newest_whole_checkpoint(job: CellJob) -> None:
    prepare(job)
    _leave_checkpoint(job, 2, whole=True)
    _leave_checkpoint(job, 10, whole=True)
    torn = _leave_checkpoint(job, 12, whole=False)
    job.log.write_text("old")
    assert prepare(job) == "model/checkpoint-10"
    assert not torn.exists()
    assert job.log.read_text() == "old"
    _leave_model(job.model)
    record(job, Outcome(job.cell.id, "", 1.0, 8, 0.5, 9))
    assert not list(job.model.glob("checkpoint-*"))


def test_checkpoints_of_other_inputs_are_not_used(job: CellJob) -> None:
    prepare(job)
    _leave_checkpoint(job, 2, whole=True)
    assert prepare(replace(job, inputs="other")) is None
    assert not job.model.exists()


def test_checkpoints_that_the_user_asked_for_stay(job: CellJob) -> None:
    job = replace(job, configuration={"save_strategy": "epoch"})
    prepare(job)
    _leave_checkpoint(job, 2, whole=True)
    _leave_model(job.model)
    record(job, Outcome(job.cell.id, "", 1.0, 8, 0.5, 9))
    assert (job.model / "checkpoint-2").is_dir()


def test_the_digest_covers_what_decides_and_no_paths(job: CellJob) -> None:
    configuration = {"base_model": "/a/b", "seed": 1}
    digest = inputs_digest(job.rows, configuration, "model", "0.19.0")
    assert digest == inputs_digest(job.rows, {"base_model": "/c", "seed": 1}, "model", "0.19.0")
    others = [
        inputs_digest(job.rows, {"base_model": "/a/b", "seed": 2}, "model", "0.19.0"),
        inputs_digest(job.rows, configuration, "other", "0.19.0"),
        inputs_digest(job.rows, configuration, "model", "0.20.0"),
        inputs_digest(replace(job.rows, sha256="0"), configuration, "model", "0.19.0"),
    ]
    assert len({digest, *others}) == 5


def test_a_state_that_is_no_json(job: CellJob) -> None:
    job.folder.mkdir(parents=True)
    for text in ("{", "[]", ""):
        (job.folder / "state.json").write_text(text)
        assert read_state(job.folder) == {}
        assert not is_done(job)


def test_a_diverged_training_has_failed(job: CellJob) -> None:
    prepare(job)
    _leave_model(job.model)
    state = record(job, Outcome(job.cell.id, "", 1.0, 8, float("nan"), 9))
    assert state["status"] == "failed"
    assert "its loss is nan" in state["reason"]
    assert read_state(job.folder) == state
