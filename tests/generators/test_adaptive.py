"""Adaptive draws: what they ask for, whatever goes wrong on the way, and when they may go on."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from harness.budget.allocation import next_block
from harness.errors import InputError
from harness.generators import endpoint
from harness.generators.patience import Patience
from harness.pool import Pool
from harness.pool.identity import IDENTITY_FILE
from tests.generators.adaptive_jobs import (
    MOST,
    PROBLEMS,
    adaptive_job,
    answers,
    completion,
    truth,
)
from tests.generators.fault_server import FaultServer, error, running
from tests.generators.jobs_for_tests import fill, job
from tests.stopping_points import stopping_point


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    quick = Patience(1.0, first_wait_seconds=0.01, longest_wait_seconds=0.05)
    monkeypatch.setattr(endpoint, "PATIENCE", quick)
    with running(FaultServer(lambda number, body: answers(body))) as server:
        yield server


def drawn(folder: Path) -> list[dict[str, Any]]:
    """What the seeds determine; a server that only says sums of tokens leaves shares open."""
    columns = ["problem_id", "sample_index", "completion", "finish_reason", "seed"]
    rows: list[dict[str, Any]] = Pool.open(folder).samples(columns).to_pylist()
    return rows


def expected_counts(rights: list[list[bool]], correct: int = 2, most: int = MOST) -> list[int]:
    counts = []
    for right in rights:
        have = 0
        while (block := next_block(right[:have], correct, most)) is not None:
            have = block.stop
        counts.append(have)
    return counts


def test_every_problem_is_drawn_until_it_has_enough(server: FaultServer, tmp_path: Path) -> None:
    one = adaptive_job(tmp_path / "pool", server.url)
    said = fill(one)
    pool, rights = Pool.open(one.folder), truth(one)
    counts = list(pool.counts().values())
    assert counts == expected_counts(rights)
    assert counts[0] == MOST
    for count, right in zip(counts, rights, strict=True):
        point = stopping_point(right, 2)
        assert count == MOST if point is None else point <= count
    for row in pool.samples().to_pylist():
        assert row["completion"] == completion(one.prompts[row["problem_id"]], row["seed"])
    assert len(pool) < 0.6 * PROBLEMS * MOST
    assert f"{PROBLEMS * MOST}/{PROBLEMS * MOST} samples" in said.splitlines()[-1]
    assert (one.folder / "samples.parquet").exists()
    assert not (one.folder / "samples.jsonl").exists()


def test_problems_take_turns(server: FaultServer, tmp_path: Path) -> None:
    """No problem is asked for again before every other one was asked for once."""
    fill(adaptive_job(tmp_path / "pool", server.url))
    prompts = [body["prompt"] for body in server.bodies]
    assert len(set(prompts[:PROBLEMS])) == PROBLEMS
    assert {body["n"] for body in server.bodies[:PROBLEMS]} == {2}


def test_nothing_is_asked_for_when_it_is_done(server: FaultServer, tmp_path: Path) -> None:
    fill(adaptive_job(tmp_path / "pool", server.url))
    asked = len(server.bodies)
    fill(adaptive_job(tmp_path / "pool", server.url))
    assert len(server.bodies) == asked


def _sometimes(answer: Any) -> Any:
    chance = random.Random(4)

    def fault(number: int, body: dict[str, Any]) -> Any:
        return answer(body) if chance.random() < 0.4 else answers(body)

    return fault


@pytest.mark.parametrize(
    "trouble",
    [
        lambda body: error(429, "slow down"),
        lambda body: "drop",
        lambda body: answers(body, choices=max(1, body["n"] // 2)),
        lambda body: web.Response(text="<html>proxy</html>", content_type="text/html"),
    ],
    ids=["429", "drop", "fewer choices", "html"],
)
def test_trouble_leaves_the_pool_the_same(
    server: FaultServer, tmp_path: Path, trouble: Any
) -> None:
    fill(adaptive_job(tmp_path / "quiet", server.url))
    server.fault = _sometimes(trouble)
    fill(adaptive_job(tmp_path / "pool", server.url))
    assert drawn(tmp_path / "pool") == drawn(tmp_path / "quiet")


def test_killed_again_and_again_it_ends_with_the_same_pool(
    server: FaultServer, tmp_path: Path
) -> None:
    fill(adaptive_job(tmp_path / "whole", server.url))

    async def slowly(body: dict[str, Any]) -> web.Response:
        await asyncio.sleep(0.05)
        return answers(body)

    server.fault = lambda number, body: slowly(body)
    folder = tmp_path / "pool"
    command = [sys.executable, "-m", "tests.generators.adaptive_jobs", str(folder), server.url]
    kills, grown = 0, [0]
    while not (folder / "samples.parquet").exists():
        process = subprocess.Popen(command, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2])
        aim = grown[-1] + random.randint(1, 20)
        while process.poll() is None:
            have = _journal_lines(folder)
            if have >= aim and kills < 6:
                process.kill()
                kills += 1
            time.sleep(0.005)
        _, errors = process.communicate()
        assert process.returncode in (0, -9), errors.decode()
        grown.append(_journal_lines(folder))
    assert kills >= 3
    assert drawn(folder) == drawn(tmp_path / "whole")


def _journal_lines(folder: Path) -> int:
    journal = folder / "samples.jsonl"
    try:
        return journal.read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


def test_three_extended_to_thirty_are_thirty_drawn_at_once(
    server: FaultServer, tmp_path: Path
) -> None:
    fill(adaptive_job(tmp_path / "once", server.url))
    small = adaptive_job(tmp_path / "grown", server.url, samples=3)
    fill(small)
    assert list(Pool.open(small.folder).counts().values()) == expected_counts(truth(small), most=3)
    fill(adaptive_job(tmp_path / "grown", server.url))
    assert drawn(tmp_path / "grown") == drawn(tmp_path / "once")


def test_an_adaptive_draw_is_a_part_of_the_uniform_one(server: FaultServer, tmp_path: Path) -> None:
    fill(adaptive_job(tmp_path / "adaptive", server.url))
    fill(job(tmp_path / "uniform", problems=PROBLEMS, samples=MOST, url=server.url))
    every = drawn(tmp_path / "uniform")
    assert all(row in every for row in drawn(tmp_path / "adaptive"))


def test_a_pool_goes_on_under_its_own_allocation_only(server: FaultServer, tmp_path: Path) -> None:
    one = adaptive_job(tmp_path / "pool", server.url)
    fill(one)
    identity = json.loads((one.folder / IDENTITY_FILE).read_text())["identity"]
    assert identity["allocation"] == {"until": {"correct": 2, "max": MOST}}
    with pytest.raises(InputError, match=r"allocation\.until\.correct: the pool has 2, .* is 3"):
        fill(adaptive_job(one.folder, server.url, correct=3))
    with pytest.raises(InputError, match=r"allocation\.until\.max: the pool has 30, .* nothing"):
        fill(job(one.folder, problems=PROBLEMS, samples=MOST, url=server.url))


def test_a_problem_that_is_refused_is_left_as_it_is(server: FaultServer, tmp_path: Path) -> None:
    one = adaptive_job(tmp_path / "pool", server.url)
    hopeless = one.prompts[one.problems[0].id]

    def fault(number: int, body: dict[str, Any]) -> web.Response:
        again = sum(earlier["prompt"] == hopeless for earlier in server.bodies) > 1
        if body["prompt"] == hopeless and again:
            return error(400, "maximum context length exceeded")
        return answers(body)

    server.fault = fault
    fill(one)
    pool = Pool.open(one.folder)
    counts = list(pool.counts().values())
    assert counts == [2, *expected_counts(truth(one))[1:]]
    assert [failure.problem_id for failure in pool.failures()] == [one.problems[0].id]
    asked = len(server.bodies)
    fill(adaptive_job(one.folder, server.url))
    assert len(server.bodies) == asked


def test_a_pool_that_was_only_just_made_is_drawn(server: FaultServer, tmp_path: Path) -> None:
    one = adaptive_job(tmp_path / "whole", server.url)
    fill(one)
    origin = Pool.open(one.folder)
    Pool.open_or_create(tmp_path / "empty", origin.identity, origin.problems).close()
    fill(adaptive_job(tmp_path / "empty", server.url))
    assert drawn(tmp_path / "empty") == drawn(one.folder)


@pytest.mark.engines
def test_on_the_real_engine_it_stops_early_and_draws_the_same_samples(
    tmp_path: Path, vllm_python: Path
) -> None:
    from harness.generators.stage import sampling_jobs
    from harness.recipe.loading import load_recipe
    from harness.run_folder import RunFolder

    settings = ["problems.train.count=24", "budgets.high.se=4", "pair.se=micro-wc"]
    until = "allocation.until={correct: 1, max: 12}"
    folders = {}
    for name, more in (("uniform", []), ("adaptive", [until])):
        run = RunFolder(tmp_path / name, load_recipe("w2s-micro", [*settings, *more]))
        one = sampling_jobs(run)["wc"]
        fill(one, python=vllm_python)
        folders[name] = one.folder
    every, some = drawn(folders["uniform"]), drawn(folders["adaptive"])
    assert 24 <= len(some) < len(every)
    assert all(row in every for row in some)
