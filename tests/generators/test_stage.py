"""The stage `sample`: both pools of a run, their sizes, prompts and account."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from harness.budget import pool_sizes
from harness.generators.stage import sample, sampling_jobs
from harness.pool import Pool
from harness.problems.loading import load_problems
from harness.progress import Progress
from harness.recipe.loading import load_recipe
from harness.run_folder import RunFolder
from tests.generators.fault_server import FaultServer, honest, running, text_for


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with running(FaultServer()) as server:
        yield server


def run_with(folder: Path, server: FaultServer, *overrides: str) -> RunFolder:
    sides = [f"execution.endpoints.{side}.url={server.url}" for side in ("wc", "se")]
    return RunFolder(folder, load_recipe("w2s-micro", ["profile=smoke", *sides, *overrides]))


def quiet() -> Progress:
    return Progress(io.StringIO(), live=False)


def test_sample_fills_both_pools_once(server: FaultServer, tmp_path: Path) -> None:
    run = run_with(tmp_path, server)
    sizes = pool_sizes(run.recipe)
    problems = load_problems(run.recipe.problems, "train")
    document = sample(run, quiet())
    for side, size in sizes.items():
        account = document["pools"][side]
        assert account["samples"] == account["new"] == size * len(problems)
        assert account["most_samples"] == account["samples"]
        assert account["prompt_tokens"] == 9 * len(problems)
        assert account["completion_tokens"] == 11 * account["samples"]
        pool = Pool.open(run.pool(side))
        assert pool.problems == problems
        for row in pool.samples().to_pylist()[::37]:
            question = next(one.question for one in problems if one.id == row["problem_id"])
            prompt = run.recipe.prompt.template.replace("{question}", question)
            assert row["completion"] == text_for(prompt, row["seed"])
    asked = len(server.bodies)
    again = sample(run, quiet())
    assert len(server.bodies) == asked == 2 * len(problems)
    assert {side: account["new"] for side, account in again["pools"].items()} == {"wc": 0, "se": 0}


def test_an_adaptive_run_says_what_it_spared(server: FaultServer, tmp_path: Path) -> None:
    until = "allocation.until={correct: 1, max: 6}"
    run = run_with(tmp_path, server, "problems.train.count=9", until)
    gold = {one.question: one.gold for one in load_problems(run.recipe.problems, "train")}

    def always_right(number: int, body: dict[str, Any]) -> web.Response:
        question = body["prompt"].removeprefix("Q: ").removesuffix("\nA:")
        answer = honest(body)
        for choice in answer["choices"]:
            choice["text"] = f" #### {gold[question]}"
        return web.json_response(answer)

    server.fault = always_right
    pools = sample(run, quiet())["pools"]
    assert {side: pool["samples"] for side, pool in pools.items()} == {"wc": 9, "se": 9}
    assert {side: pool["most_samples"] for side, pool in pools.items()} == {"wc": 54, "se": 18}
    assert {body.get("n", 1) for body in server.bodies} == {1}


def test_jobs_carry_what_the_recipe_says(server: FaultServer, tmp_path: Path) -> None:
    run = run_with(tmp_path, server, "decoding.temperature=0.9", "engine.max_model_length=200")
    jobs = sampling_jobs(run)
    assert list(jobs) == ["wc", "se"]
    for side, job in jobs.items():
        assert job.folder == run.pool(side)  # type: ignore[arg-type]
        assert job.decoding.temperature == 0.9
        assert job.decoding.max_tokens == run.recipe.decoding.max_tokens
        assert job.engine.max_model_length == 200
        assert job.seed == run.recipe.seeds.run
    assert jobs["wc"].model.id == "micro:wc"
