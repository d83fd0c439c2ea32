"""Engines that die, hang or fall silent, at any time: the pool is the same, or the work stops."""

from __future__ import annotations

import os
import random
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.engines.process import WORKERS_FOLDER, EngineProcess
from harness.errors import InputError
from harness.generators import managed, vllm_client
from harness.generators.jobs import PoolJob
from harness.pool import Pool
from harness.recipe.engine_sections import Engine
from tests.generators.jobs_for_tests import fill, job
from tests.generators.watching import digest, journal_lines, wait_until

pytestmark = pytest.mark.engines
MODEL = "micro:wc"
KILLS = 8


class Recorded(EngineProcess):
    """A worker that is remembered."""

    started: list[EngineProcess] = []  # noqa: RUF012 - emptied by the fixture

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.started.append(self)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[EngineProcess]:
    Recorded.started.clear()
    monkeypatch.setattr(managed, "EngineProcess", Recorded)
    return Recorded.started


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    worker = str(Path(__file__).with_name("poisoned_worker.py"))
    monkeypatch.setattr(vllm_client, "VLLM_WORKER", worker)
    monkeypatch.setenv("WORKERS_FOLDER", str(WORKERS_FOLDER))
    monkeypatch.setenv("POISON_FOLDER", str(tmp_path))


def with_prompt(one: PoolJob, number: int, prompt: str) -> PoolJob:
    return replace(one, prompts={**one.prompts, one.problems[number].id: prompt})


def test_kills_at_random_times_change_nothing(
    vllm_python: Path, tmp_path: Path, started: list[EngineProcess]
) -> None:
    def one(name: str) -> PoolJob:
        return job(tmp_path / name, problems=400, samples=30, model=MODEL)

    fill(one("quiet"), python=vllm_python)
    started.clear()
    chance = random.Random(5)

    def kill() -> None:
        for number in range(KILLS):
            wait_until(lambda number=number: len(started) > number)  # type: ignore[misc]
            pause = 3.0
            if number % 3 == 2:  # In the middle of the work; else while it starts.
                kept = journal_lines(tmp_path / "killed")
                wait_until(lambda kept=kept: journal_lines(tmp_path / "killed") > kept)  # type: ignore[misc]
                pause = 0.5
            threading.Event().wait(chance.uniform(0, pause))
            os.kill(started[number].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    said = fill(one("killed"), python=vllm_python)
    killer.join()
    assert digest(tmp_path / "killed") == digest(tmp_path / "quiet")
    assert said.count("was killed by SIGKILL; it is started again") == len(started) - 1
    assert len(started) > KILLS
    assert not Pool.open(tmp_path / "killed").failures()


def test_a_hang_and_a_closed_line_are_found_out(
    vllm_python: Path, tmp_path: Path, poisoned: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(managed, "SILENCE_SECONDS", 30.0)
    sick = job(tmp_path / "sick", problems=12, samples=4, model=MODEL)
    sick = with_prompt(with_prompt(sick, 5, "Q: DEAF\nA:"), 9, "Q: MUTE\nA:")
    said = fill(sick, python=vllm_python)
    assert "has said nothing for 30 s; it is started again" in said
    assert "has closed its line; it is started again" in said
    well = replace(sick, folder=tmp_path / "well")
    monkeypatch.setattr(vllm_client, "VLLM_WORKER", "vllm_worker.py")
    fill(well, python=vllm_python)
    assert digest(sick.folder) == digest(well.folder)


def test_a_request_that_kills_every_time_becomes_a_failure(
    vllm_python: Path, tmp_path: Path, poisoned: None
) -> None:
    one = with_prompt(
        job(tmp_path / "pool", problems=12, samples=4, model=MODEL), 5, "Q: POISON\nA:"
    )
    said = fill(one, python=vllm_python)
    (failure,) = Pool.open(one.folder).failures()
    assert failure.problem_id == one.problems[5].id
    assert "the engine died 5 times while working on it" in failure.reason
    assert "the engine chokes" in failure.reason
    assert len(Pool.open(one.folder)) == 11 * 4
    assert said.count("it is started again") == 5


def test_options_reach_the_engine_and_the_identity(vllm_python: Path, tmp_path: Path) -> None:
    plain = job(tmp_path / "plain", problems=6, samples=4, model=MODEL)
    fill(plain, python=vllm_python)
    few = replace(plain, folder=tmp_path / "few", engine=Engine(options={"max_num_seqs": 3}))
    fill(few, python=vllm_python)
    assert digest(few.folder) == digest(plain.folder)
    assert Pool.open(few.folder).identity["engine"]["options"] == {"max_num_seqs": 3}
    assert "options" not in Pool.open(plain.folder).identity["engine"]
    with pytest.raises(InputError) as differs:
        fill(replace(few, engine=plain.engine, samples_per_problem=9), python=vllm_python)
    assert "engine.options.max_num_seqs" in str(differs.value)
    with pytest.raises(InputError) as unknown:
        odd = replace(plain, folder=tmp_path / "odd", engine=Engine(options={"sequences": 3}))
        fill(odd, python=vllm_python)
    assert "unexpected keyword argument 'sequences'" in str(unknown.value)
    assert not odd.folder.exists()
