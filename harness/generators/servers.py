"""Finds out what answers at an address before anything is drawn from it.

The port of a model server is often taken by something else, and the model there is often
another one than the recipe means; both are said at once, with what was found.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import re
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from harness.errors import EnvironmentFailure, InputError, unknown_name
from harness.generators.jobs import PoolJob, Request
from harness.generators.protocol import (
    PassingTrouble,
    Refused,
    answer_of,
    check_status,
    request_body,
    shown,
)
from harness.recipe.schema import Endpoint

REQUEST_SECONDS = 1800.0
CONNECT_SECONDS = 15.0
BROKEN = (aiohttp.ClientError, asyncio.TimeoutError, OSError)
_CHECK_SECONDS = 30.0


@dataclass(frozen=True)
class Server:
    """A server that was found to be one.

    Attributes:
        endpoint: where it is, as the recipe says.
        url: its address, without user name and password.
        model: the model's name there.
        engine: what a pool's identity says about it.
        is_vllm: whether it is vLLM's own server.
    """

    endpoint: Endpoint
    url: str
    model: str
    engine: dict[str, Any]
    is_vllm: bool


def inspect_server(endpoint: Endpoint, job: PoolJob, trial: Request) -> Server:
    """Makes sure that a server of the protocol answers there, and serves what is asked for.

    Args:
        endpoint: where it should be.
        job: what shall be drawn; its settings are tried on one token.
        trial: a request of the job.

    Raises:
        InputError: the key's variable is not set, or there is no such model.
        EnvironmentFailure: nothing answers, or something else does; says what.
    """
    return asyncio.run(_inspect(endpoint, job, trial))


def open_session(endpoint: Endpoint, connections: int) -> aiohttp.ClientSession:
    """A session that carries the key, for at most `connections` requests at once.

    Raises:
        InputError: the variable that should hold the key is not set.
    """
    headers = {}
    if endpoint.api_key_variable is not None:
        key = _key(endpoint)
        if not key:
            raise InputError(
                f"the environment variable {endpoint.api_key_variable} holds no key.",
                f"Set it before the run: export {endpoint.api_key_variable}=…",
            )
        headers["Authorization"] = f"Bearer {key}"
    return aiohttp.ClientSession(
        headers=headers,
        connector=aiohttp.TCPConnector(limit=connections),
        timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS, connect=CONNECT_SECONDS),
        trust_env=not _is_here(URL(endpoint.url).host or ""),
    )


async def post(session: aiohttp.ClientSession, server: Server, body: dict[str, Any]) -> str:
    """Asks for completions and returns the body of the answer.

    Raises:
        PassingTrouble: asking again may help.
        Refused: the server will never answer this request.
        EnvironmentFailure: no repetition helps.
    """
    endpoint = server.endpoint
    try:
        async with session.post(f"{endpoint.url.rstrip('/')}/completions", json=body) as got:
            text = await got.text(errors="replace")
            check_status(got.status, got.headers, without_secrets(text, endpoint), server.url)
            return text
    except BROKEN as error:
        words = without_secrets(str(error), endpoint)
        raise PassingTrouble(f"{type(error).__name__}: {words}") from error


async def _inspect(endpoint: Endpoint, job: PoolJob, trial: Request) -> Server:
    url = str(URL(endpoint.url).with_user(None))
    async with open_session(endpoint, 1) as session:
        listed, headers = await _models(session, endpoint, url)
        names = [str(entry.get("id")) for entry in listed]
        model = _chosen_model(endpoint, names, url)
        entry = next((one for one in listed if one.get("id") == model), {})
        is_vllm = entry.get("owned_by") == "vllm"
        engine = {
            "name": "endpoint",
            "model": model,
            "server": "vllm" if is_vllm else headers.get("Server", ""),
            "max_model_length": entry.get("max_model_len"),
        }
        server = Server(endpoint, url, model, engine, is_vllm)
        await _try_one_token(session, job, server, trial)
    return server


async def _models(
    session: aiohttp.ClientSession, endpoint: Endpoint, url: str
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    address = f"{url.rstrip('/')}/models"
    timeout = aiohttp.ClientTimeout(total=_CHECK_SECONDS)
    try:
        async with session.get(f"{endpoint.url.rstrip('/')}/models", timeout=timeout) as got:
            text = without_secrets(await got.text(errors="replace"), endpoint)
            if got.status in (401, 403):
                check_status(got.status, got.headers, text, address)
            kind = got.content_type
            status, headers = got.status, dict(got.headers)
    except BROKEN as error:
        words = without_secrets(str(error), endpoint) or type(error).__name__
        raise EnvironmentFailure(
            f"no server answers at {address}: {words}",
            "Start it, or correct the address in `execution.endpoints` (up to and with /v1).",
        ) from error
    try:
        data = json.loads(text)["data"]
        if status == 200 and isinstance(data, list) and all(isinstance(one, dict) for one in data):
            return data, headers
    except (ValueError, KeyError, TypeError):
        pass
    raise EnvironmentFailure(
        f"what answers at {address} is not a server of the OpenAI protocol: HTTP {status}, "
        f"{kind}: {shown(text)}",
        "Another program may be using the port, or the address lacks /v1; correct "
        "`execution.endpoints`.",
    )


def _chosen_model(endpoint: Endpoint, names: list[str], url: str) -> str:
    if endpoint.model is not None:
        if endpoint.model not in names:
            raise InputError(f"{url}: {unknown_name('model', endpoint.model, names)}")
        return endpoint.model
    if len(names) != 1:
        raise InputError(
            f"{url} serves {len(names)} models: {', '.join(sorted(names)[:10]) or 'none'}.",
            "Name one of them in `execution.endpoints.….model`.",
        )
    return names[0]


async def _try_one_token(
    session: aiohttp.ClientSession, job: PoolJob, server: Server, trial: Request
) -> None:
    """Refusals after this are about single prompts, not about the settings of all of them."""
    short = Request(trial.problem_id, "1", 0, min(2, trial.count), trial.seed)
    body = request_body(job, server.model, short, is_vllm=server.is_vllm)
    try:
        text = await post(session, server, {**body, "max_tokens": 1})
        answer_of(short, text, model=server.model, endpoint=server.url, seconds=0.0)
    except Refused as refusal:
        raise EnvironmentFailure(
            f"{server.url} does not take the recipe's decoding: {refusal}",
            "Change `decoding` or `prompt.stop`, or choose another server.",
        ) from refusal
    except PassingTrouble:
        pass  # A busy server is one nevertheless; the drawing itself is patient.


def without_secrets(text: str, endpoint: Endpoint) -> str:
    """A text without the key, and without user name and password of an address in it."""
    key = _key(endpoint)
    text = text.replace(key, "[key]") if key else text
    return re.sub(r"://[^/@\s]+@", "://", text)


def _key(endpoint: Endpoint) -> str:
    return os.environ.get(endpoint.api_key_variable or "", "").strip()


def _is_here(host: str) -> bool:
    """Whether an address is this machine, so that no proxy has business with it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
