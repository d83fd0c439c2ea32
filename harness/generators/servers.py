"""Finds out what answers at an address before anything is drawn from it.

The port of a model server is often taken by something else, and the model there is often
another one than the recipe means; both are said at once, with what was found. Several servers
of one side must be alike in everything that the pool's identity records.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import aiohttp
from yarl import URL

from harness.errors import EnvironmentFailure, InputError, Issues, unknown_name
from harness.generators.connection import (
    BROKEN,
    address_below,
    open_session,
    trouble_of,
    without_secrets,
)
from harness.generators.jobs import PoolJob
from harness.generators.patience import Patience
from harness.generators.protocol import Dialect, is_same_model
from harness.generators.spending import Purse
from harness.generators.statuses import PassingTrouble, check_status, shown
from harness.generators.trial import ServerAway, Trial, sit_out
from harness.recipe.schema import Endpoint

_LIST_SECONDS = 30.0
# Hosted APIs have no list of models, or one that a key for completions may not read.
_NO_LIST = {401, 403, 404, 405, 501}


@dataclass(frozen=True)
class Server:
    """A server that was found to be one.

    Attributes:
        endpoint: where it is, as the recipe says.
        url: its address, without user name, password and query.
        dialect: how it wants to be asked.
        engine: what a pool's identity says about it.
        trial_prompt_tokens, trial_completion_tokens: what finding this out has taken.
    """

    endpoint: Endpoint
    url: str
    dialect: Dialect
    engine: dict[str, Any]
    trial_prompt_tokens: int
    trial_completion_tokens: int


def find_servers(
    job: PoolJob,
    largest: int,
    patience: Patience,
    note: Callable[[str], None],
    purse: Purse | None = None,
) -> list[Server | None]:
    """Looks at all servers of a job; those that are away for now are None.

    Args:
        job: what shall be drawn; its settings are tried on one token.
        largest: most samples that one request asks for.
        patience: how long trouble may last.
        note: takes a sentence for the user.
        purse: pays for the trial, under a spending limit.

    Raises:
        InputError: a key's variable is not set, there is no such model, or servers differ.
        EnvironmentFailure: nothing answers at any address, or something else does at one.
    """
    return asyncio.run(_find(job, largest, patience, note, purse))


async def _find(
    job: PoolJob,
    largest: int,
    patience: Patience,
    note: Callable[[str], None],
    purse: Purse | None,
) -> list[Server | None]:
    async def look(endpoint: Endpoint) -> Server | ServerAway:
        try:
            async with open_session(endpoint) as session:
                return await inspect_server(session, endpoint, job, largest, patience, note, purse)
        except ServerAway as away:
            return away

    found = await asyncio.gather(*map(look, job.endpoints))
    well = [one for one in found if isinstance(one, Server)]
    away = [one for one in found if isinstance(one, ServerAway)]
    if not well:
        raise away[0]
    for one in away:
        note(f"{one.message}; the other servers begin without it")
    if job.seeded and any(not one.dialect.is_vllm for one in well):
        note(
            "not all of these servers are vLLM's: that sample i of a request with seed s is what "
            "seed s + i draws is not known of them, so drawing in other parts may bring others"
        )
    for other in well[1:]:
        check_alike(well[0].url, well[0].engine, other)
    return [one if isinstance(one, Server) else None for one in found]


def check_alike(url: str, engine: dict[str, Any], other: Server) -> None:
    """Refuses a server whose samples may not join those of another one.

    Args:
        url: the first server's address.
        engine: what the pool's identity says of it.
        other: the server.

    Raises:
        InputError: everything in which they differ.
    """
    issues = Issues()
    for key, value in engine.items():
        if other.engine.get(key) != value:
            issues.add(
                key, f"{url} has {json.dumps(value)}, {other.url} {json.dumps(other.engine[key])}"
            )
    issues.raise_if_any(
        "the servers of one side must serve the same model under the same settings:"
    )


async def inspect_server(
    session: aiohttp.ClientSession,
    endpoint: Endpoint,
    job: PoolJob,
    largest: int,
    patience: Patience,
    note: Callable[[str], None],
    purse: Purse | None,
) -> Server:
    """Looks at one server; see `find_servers`.

    Raises:
        ServerAway: it gives no service now.
        InputError: there is no such model.
        EnvironmentFailure: something else answers, or it does not take the recipe's decoding.
    """
    page = await _look_at(session, endpoint, address_below(endpoint, "models"), patience, note)
    listed = _models(endpoint, page)
    model = _chosen_model(endpoint, [str(entry.get("id")) for entry in listed])
    entry = next((one for one in listed if one.get("id") == model), {})
    is_vllm = entry.get("owned_by") == "vllm"
    paying = purse if endpoint.billed else None
    trial = Trial(session, endpoint, job, largest, patience, note, paying)
    dialect = await trial.run(
        Dialect(endpoint.protocol, model, is_vllm=is_vllm, answers_as=endpoint.answers_as)
    )
    version = None
    if is_vllm:
        about = await _look_at(session, endpoint, _version_address(endpoint), patience, note)
        version = _vllm_version(about)
    engine = {
        "name": "endpoint",
        "model": model,
        "answers_as": dialect.answers_as,
        "server": "vllm" if is_vllm else _product(page.headers),
        "version": version,
        "max_model_length": entry.get("max_model_len"),
        "protocol": endpoint.protocol,
        "seeds": endpoint.seeds,
    }
    return Server(
        endpoint,
        endpoint.address,
        dialect,
        engine,
        trial.prompt_tokens,
        trial.completion_tokens,
    )


class _Page(NamedTuple):
    """What a server answered to a look."""

    status: int
    kind: str
    headers: dict[str, str]
    text: str


async def _look_at(
    session: aiohttp.ClientSession,
    endpoint: Endpoint,
    url: URL,
    patience: Patience,
    note: Callable[[str], None],
) -> _Page:
    """A page of the server, asked for again while the trouble is a passing one.

    Raises:
        ServerAway: it gives no service now.
    """
    started, troubles = time.monotonic(), 0
    seconds = min(_LIST_SECONDS, endpoint.timeout_seconds)
    while True:
        try:
            async with session.get(url, timeout=aiohttp.ClientTimeout(total=seconds)) as got:
                text = without_secrets(await got.text(errors="replace"), endpoint)
                if (got.status >= 500 and got.status not in _NO_LIST) or got.status in (408, 429):
                    check_status(got.status, got.headers, text, endpoint.address)
                return _Page(got.status, got.content_type, dict(got.headers), text)
        except BROKEN as error:
            trouble = trouble_of(error, endpoint, seconds)
        except PassingTrouble as passing:
            trouble = passing
        troubles += 1
        passed = time.monotonic() - started
        await sit_out(url.path, trouble, troubles, passed, endpoint, patience, note)


def _models(endpoint: Endpoint, page: _Page) -> list[dict[str, Any]]:
    """The list of models on a page; empty where the server has none and the recipe names one."""
    if page.status in _NO_LIST and endpoint.model is not None:
        return []  # The trial decides.
    address = f"{endpoint.address.rstrip('/')}/models"
    if page.status in (401, 403):
        check_status(page.status, page.headers, page.text, address)
    try:
        data = json.loads(page.text)["data"]
        sound = isinstance(data, list) and all(isinstance(one, dict) for one in data)
        if page.status == 200 and sound:
            return list(data)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise EnvironmentFailure(
        f"what answers at {address} is not a server of the OpenAI protocol: HTTP {page.status}, "
        f"{page.kind}: {shown(page.text)}",
        "Another program may be using the port, or the address lacks /v1; correct "
        "`execution.endpoints`. A server without a list of models needs its `model` named there.",
    )


def _chosen_model(endpoint: Endpoint, names: list[str]) -> str:
    url = endpoint.address
    if endpoint.model is not None:
        if names and not any(is_same_model(endpoint.model, name) for name in names):
            raise InputError(f"{url}: {unknown_name('model', endpoint.model, names)}")
        return endpoint.model
    if len(names) != 1:
        raise InputError(
            f"{url} serves {len(names)} models: {', '.join(sorted(names)[:10]) or 'none'}.",
            "Name one of them in `execution.endpoints.….model`.",
        )
    return names[0]


def _product(headers: dict[str, str]) -> str:
    """What kind of server it is; not its version, with which a proxy may change at any time."""
    return headers.get("Server", "").partition("/")[0].strip()


def _version_address(endpoint: Endpoint) -> URL:
    base = URL(endpoint.url)
    return base.with_path(f"{base.path.rstrip('/').removesuffix('/v1')}/version")


def _vllm_version(page: _Page) -> str | None:
    try:
        version = json.loads(page.text)["version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return version if isinstance(version, str) else None
