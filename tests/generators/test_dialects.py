"""What hosted APIs take and do not take: found out with one token, explained, or worked around."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from harness.errors import EnvironmentFailure, InputError
from harness.generators import endpoint
from harness.generators.filling import DecodingSettings
from harness.generators.patience import Patience
from harness.pool import Pool
from harness.recipe.schema import Endpoint
from tests.generators.fault_server import FaultServer, error, honest, running, text_for
from tests.generators.jobs_for_tests import fill, job


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    monkeypatch.setattr(endpoint, "PATIENCE", Patience(1.0, 0.01, 0.05, trial_seconds=0.5))
    with running(FaultServer()) as server:
        yield server


def at(server: FaultServer, **settings: Any) -> tuple[Endpoint, ...]:
    return (Endpoint(url=server.url, **settings),)


def refusing(**limits: Any) -> Any:
    """Refuses each parameter that it names: wholly, or above a number."""

    def fault(number: int, body: dict[str, Any]) -> Any:
        for key, most in limits.items():
            if key in body and (most is None or body[key] > most):
                return error(400, f"unsupported value of {key}")
        return None

    return fault


def test_chat_sends_the_prompt_as_the_users_message(server: FaultServer, tmp_path: Path) -> None:
    one = job(tmp_path / "pool", endpoints=at(server, protocol="chat"))
    fill(one)
    pool = Pool.open(one.folder)
    for body in server.bodies:
        (message,) = body["messages"]
        assert message["role"] == "user" and message["content"] in one.prompts.values()
        assert "prompt" not in body
    for row in pool.samples().to_pylist():
        assert row["completion"] == text_for(one.prompts[row["problem_id"]], row["seed"])
        assert row["cached_tokens"] == 4
    assert pool.identity["engine"]["protocol"] == "chat"
    with pytest.raises(InputError) as refusal:
        fill(job(one.folder, samples=9, url=server.url))
    assert [issue.where for issue in refusal.value.issues] == ["engine.protocol"]


def test_chat_with_the_newer_name_of_the_length(server: FaultServer, tmp_path: Path) -> None:
    server.fault = server.trial_fault = refusing(max_tokens=None)
    fill(job(tmp_path / "pool", endpoints=at(server, protocol="chat")))
    assert {body["max_completion_tokens"] for body in server.bodies} == {48}


def test_chat_without_a_template_says_what_to_do(server: FaultServer, tmp_path: Path) -> None:
    server.trial_fault = lambda number, body: error(400, "no chat template is set")
    with pytest.raises(EnvironmentFailure, match="no chat template is set") as failure:
        fill(job(tmp_path / "pool", endpoints=at(server, protocol="chat")))
    assert "protocol: completions" in failure.value.advice
    assert not (tmp_path / "pool").exists()


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_a_server_without_a_list_of_models(
    server: FaultServer, tmp_path: Path, status: int
) -> None:
    server.model_page = lambda: error(status, "no such page")
    fill(job(tmp_path / "pool", endpoints=at(server, model="hosted")))
    assert len(Pool.open(tmp_path / "pool")) == 30
    with pytest.raises(EnvironmentFailure):
        fill(job(tmp_path / "other", url=server.url))


def _answering(name: str) -> Any:
    return lambda number, body: web.json_response({**honest(body), "model": name})


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("gpt-3.5-turbo", "gpt-3.5-turbo-0125"),
        ("gemini-1.5-pro", "models/gemini-1.5-pro-002"),
        ("mistral-large-latest", "mistral-large-2407"),
    ],
)
def test_dated_names_are_recorded(
    server: FaultServer, tmp_path: Path, asked: str, answered: str
) -> None:
    server.models = [asked]
    server.fault = server.trial_fault = _answering(answered)
    fill(job(tmp_path / "pool", endpoints=at(server, model=asked)))
    engine = Pool.open(tmp_path / "pool").identity["engine"]
    assert (engine["model"], engine["answers_as"]) == (asked, answered)
    # The name without a date now means another version: its samples may not join.
    server.fault = server.trial_fault = _answering(f"{asked.removesuffix('-latest')}-999")
    with pytest.raises(InputError, match="was drawn otherwise"):
        fill(job(tmp_path / "pool", samples=9, endpoints=at(server, model=asked)))


@pytest.mark.parametrize("answered", ["gpt-4o-mini", "gpt-4", "gpt-4o.1", "other"])
def test_other_models_are_not_taken_for_dated_ones(
    server: FaultServer, tmp_path: Path, answered: str
) -> None:
    server.models = ["gpt-4o"]
    server.trial_fault = _answering(answered)
    with pytest.raises(EnvironmentFailure, match=f"answered as {answered}"):
        fill(job(tmp_path / "pool", url=server.url))
    server.fault = server.trial_fault
    fill(job(tmp_path / "pool", endpoints=at(server, answers_as=answered)))
    assert len(Pool.open(tmp_path / "pool")) == 30


@pytest.mark.parametrize("most", [1, 4, 8, 29])
def test_the_largest_n_is_learned(server: FaultServer, tmp_path: Path, most: int) -> None:
    server.fault = server.trial_fault = refusing(n=most)
    fill(job(tmp_path / "limited", samples=30, url=server.url))
    assert max(body.get("n", 1) for body in server.bodies) == most
    assert len(server.bodies) == 5 * -(-30 // most)
    server.fault = server.trial_fault = lambda number, body: None
    fill(job(tmp_path / "whole", samples=30, url=server.url))
    pools = [Pool.open(tmp_path / name) for name in ("limited", "whole")]
    assert pools[0].digest() == pools[1].digest()
    assert len(list(pools[0].ledger())) == 5 * -(-30 // most)  # The prompt is paid for each time.


def test_a_server_without_n_at_all(server: FaultServer, tmp_path: Path) -> None:
    server.fault = server.trial_fault = refusing(n=None)
    fill(job(tmp_path / "pool", url=server.url))
    assert len(server.bodies) == 30 and not [body for body in server.bodies if "n" in body]


def test_a_server_that_ignores_n(server: FaultServer, tmp_path: Path) -> None:
    server.fault = server.trial_fault = lambda number, body: web.json_response(honest(body, 1))
    fill(job(tmp_path / "pool", url=server.url))
    assert len(Pool.open(tmp_path / "pool")) == len(server.bodies) == 30


def test_all_parameters_that_are_not_taken_are_named_at_once(
    server: FaultServer, tmp_path: Path
) -> None:
    server.trial_fault = refusing(top_k=None, seed=None, stop=None)
    decoding = DecodingSettings(0.7, 5, 0.9, 48, ("\n",))
    with pytest.raises(EnvironmentFailure, match="does not take the recipe's decoding") as failure:
        fill(job(tmp_path / "pool", url=server.url, decoding=decoding))
    assert [issue.where for issue in failure.value.issues] == ["seed", "stop", "top_k"]
    assert "seeds: false" in str(failure.value) and "decoding.top_k" in str(failure.value)
    assert not server.bodies and not (tmp_path / "pool").exists()


def test_top_p_that_changes_nothing_is_left_out(server: FaultServer, tmp_path: Path) -> None:
    server.fault = server.trial_fault = refusing(top_p=None)
    fill(job(tmp_path / "pool", url=server.url))
    assert len(Pool.open(tmp_path / "pool")) == 30
    narrow = DecodingSettings(0.7, None, 0.9, 48, ())
    with pytest.raises(EnvironmentFailure, match="top_p"):
        fill(job(tmp_path / "narrow", url=server.url, decoding=narrow))


def test_without_seeds_nothing_is_sent_and_the_pool_says_so(
    server: FaultServer, tmp_path: Path
) -> None:
    server.fault = server.trial_fault = refusing(seed=None)
    fill(job(tmp_path / "pool", endpoints=at(server, seeds=False)))
    pool = Pool.open(tmp_path / "pool")
    assert len(pool) == 30
    assert pool.identity["engine"]["seeds"] is False and pool.identity["seed"] is None
    assert set(pool.samples(["seed"])["seed"].to_pylist()) == {None}


def test_greedy_prompts_travel_in_lists_to_vllm_alone(server: FaultServer, tmp_path: Path) -> None:
    greedy = {"problems": 100, "samples": 1, "temperature": 0.0}
    fill(job(tmp_path / "single", url=server.url, **greedy))
    assert len(server.bodies) == 100
    with running(FaultServer(owner="vllm")) as vllm:
        one = job(tmp_path / "lists", url=vllm.url, **greedy)
        too_long = one.prompts[one.problems[7].id]
        vllm.fault = lambda number, body: (
            error(400, "maximum context length")
            if too_long in ([body["prompt"]] if isinstance(body["prompt"], str) else body["prompt"])
            else None
        )
        fill(one)
        assert any(isinstance(body["prompt"], list) for body in vllm.bodies)
        assert len(vllm.bodies) < 60
        assert {body["top_k"] for body in vllm.bodies} == {-1}
        fill(job(tmp_path / "seeded", problems=100, url=vllm.url))
        assert not any(isinstance(body["prompt"], list) for body in vllm.bodies if "n" in body)
    pool = Pool.open(one.folder)
    assert [failure.problem_id for failure in pool.failures()] == [one.problems[7].id]
    rows = pool.samples().to_pylist()
    assert len(rows) == 99
    for row in rows:
        assert row["completion"] == text_for(one.prompts[row["problem_id"]], 0)
        assert row["completion_tokens"] == 11 and row["seed"] is None


def test_a_query_in_the_address_goes_along_and_is_not_shown(
    server: FaultServer, tmp_path: Path
) -> None:
    seen = []
    server.model_page = lambda: error(404, "none")

    async def note_query(request: web.Request) -> web.StreamResponse:
        seen.append(dict(request.query))
        return await FaultServer.complete(server, request)

    server.complete = note_query  # type: ignore[method-assign]
    with running(server) as server:
        asked = Endpoint(url=f"{server.url}?api-version=2024-secret", model="hosted")
        fill(job(tmp_path / "pool", endpoints=(asked,)))
    assert seen and all(query == {"api-version": "2024-secret"} for query in seen)
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"2024-secret" not in files


def test_a_server_that_takes_requests_and_never_answers(
    server: FaultServer, tmp_path: Path
) -> None:
    async def hang() -> None:
        await asyncio.sleep(60)

    server.trial_fault = lambda number, body: hang()
    with pytest.raises(EnvironmentFailure, match=r"one token .* no answer within 0\.5 s"):
        fill(job(tmp_path / "pool", url=server.url))
    server.trial_fault = lambda number, body: None
    server.fault = lambda number, body: hang() if number > 1 else None
    with pytest.raises(EnvironmentFailure, match=r"no answer within 0\.6 s") as failure:
        fill(job(tmp_path / "pool", endpoints=at(server, timeout_seconds=0.6)))
    assert "timeout_seconds" in failure.value.advice
    server.fault = lambda number, body: hang() if number % 3 == 0 else None
    fill(job(tmp_path / "pool", endpoints=at(server, timeout_seconds=0.3)))
    assert len(Pool.open(tmp_path / "pool")) == 30


def test_a_busy_server_is_asked_for_the_trial_again(server: FaultServer, tmp_path: Path) -> None:
    server.trial_fault = lambda number, body: error(503, "loading") if number < 3 else None
    assert "loading; it is asked again" in fill(job(tmp_path / "pool", url=server.url))
    server.trial_fault = lambda number, body: error(503, "loading for ever")
    with pytest.raises(EnvironmentFailure, match="loading for ever"):
        fill(job(tmp_path / "other", url=server.url))


def test_a_busy_list_of_models_is_asked_for_again(server: FaultServer, tmp_path: Path) -> None:
    pages = iter([error(429, "slow"), error(503, "slow"), error(500, "slow")])

    def page() -> web.Response:
        found = next(pages, None)
        return web.json_response({"data": [{"id": "m"}]}) if found is None else found

    server.model_page = page
    assert "slow; it is asked again" in fill(job(tmp_path / "pool", url=server.url))
    assert Pool.open(tmp_path / "pool").identity["engine"]["model"] == "m"


def test_a_server_that_begins_to_refuse_everything_is_not_taken_for_long_prompts(
    server: FaultServer, tmp_path: Path
) -> None:
    server.fault = lambda number, body: error(400, "plan ended") if number >= 30 else None
    one = job(tmp_path / "pool", problems=120, url=server.url)

    def trial(number: int, body: dict[str, Any]) -> Any:
        return error(400, "plan ended") if len(server.bodies) > 30 else None

    server.trial_fault = trial
    with pytest.raises(EnvironmentFailure, match="plan ended"):
        fill(one)
    assert len(Pool.open(one.folder).failures()) == 15
    server.fault = lambda number, body: error(400, "too long") if number < 160 else None
    server.trial_fault = lambda number, body: None
    fill(job(tmp_path / "long", problems=120, url=server.url))  # These are about the prompts.
    assert len(Pool.open(tmp_path / "long").failures()) > 50
