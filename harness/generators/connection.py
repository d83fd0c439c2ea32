"""Talks to a server: one session a server, the key in its headers and nowhere else."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
from collections.abc import Mapping
from typing import Any

import aiohttp
from yarl import URL

from harness.errors import InputError
from harness.generators.statuses import PassingTrouble, check_status
from harness.recipe.schema import Endpoint

CONNECT_SECONDS = 15.0
# A body of the protocol is some ten bytes a token; what is longer is no answer.
LARGEST_ANSWER_BYTES = 256 << 20
BROKEN = (aiohttp.ClientError, asyncio.TimeoutError, OSError)
_AWAY = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
_PATHS = {"completions": "completions", "chat": "chat/completions"}


def open_session(endpoint: Endpoint) -> aiohttp.ClientSession:
    """A session that carries the key.

    Raises:
        InputError: the variable that should hold the key is not set or holds no key, or the
            address has a password as well.
    """
    headers = {}
    if endpoint.api_key_variable is not None:
        key = _key(endpoint)
        if not key:
            raise InputError(
                f"the environment variable {endpoint.api_key_variable} holds no key.",
                f"Set it before the run: export {endpoint.api_key_variable}=…",
            )
        if not key.isprintable() or URL(endpoint.url).user is not None:
            found = (
                "an address with a user name" if key.isprintable() else "a line break in the key"
            )
            raise InputError(
                f"{endpoint.address}: {found} cannot be used with api_key_variable "
                f"({endpoint.api_key_variable}).",
                "Give the key alone in the variable, and the address without a user name.",
            )
        headers["Authorization"] = f"Bearer {key}"
    return aiohttp.ClientSession(
        headers=headers,
        connector=aiohttp.TCPConnector(limit=0),  # How many is decided by `concurrency`.
        timeout=aiohttp.ClientTimeout(total=endpoint.timeout_seconds, sock_connect=CONNECT_SECONDS),
        trust_env=not _is_here(URL(endpoint.url).host or ""),
    )


async def post(
    session: aiohttp.ClientSession,
    endpoint: Endpoint,
    body: Mapping[str, Any],
    timeout_seconds: float | None = None,
) -> str:
    """Asks for completions and returns the body of the answer.

    Args:
        session: the server's.
        endpoint: the server.
        body: the request.
        timeout_seconds: the longest wait; that of the endpoint if None.

    Raises:
        PassingTrouble: asking again may help.
        Refused: the server will never answer this request.
        EnvironmentFailure: no repetition helps.
    """
    limit = timeout_seconds or endpoint.timeout_seconds
    timeout = aiohttp.ClientTimeout(total=limit, sock_connect=min(limit, CONNECT_SECONDS))
    url = address_below(endpoint, _PATHS[endpoint.protocol])
    try:
        async with session.post(url, json=body, timeout=timeout) as got:
            text = await _text_of(got)
            if got.status >= 300:
                words = without_secrets(text, endpoint)
                check_status(got.status, got.headers, words, endpoint.address)
            return text
    except BROKEN as error:
        raise trouble_of(error, endpoint, limit) from error


def trouble_of(error: BaseException, endpoint: Endpoint, timeout_seconds: float) -> PassingTrouble:
    """A broken connection or a time-out, in words."""
    away = isinstance(error, _AWAY)
    if isinstance(error, asyncio.TimeoutError) and not away:
        return PassingTrouble(
            f"it took the request and gave no answer within {timeout_seconds:g} s",
            busy=True,
            timed_out=True,
            perhaps_done=True,
        )
    words = without_secrets(str(error), endpoint)
    kind = type(error).__name__
    return PassingTrouble(f"{kind}: {words}" if words else kind, away=away, perhaps_done=not away)


def address_below(endpoint: Endpoint, path: str) -> URL:
    """An address of the server; a query such as `?api-version=…` goes with it."""
    base = URL(endpoint.url)
    whole = base.with_path(f"{base.path.rstrip('/')}/{path}")
    return whole.with_query(base.query) if base.query_string else whole


def without_secrets(text: str, endpoint: Endpoint) -> str:
    """A text without the key, and without user name and password of an address in it."""
    key = _key(endpoint)
    text = text.replace(key, "[key]") if key else text
    query = URL(endpoint.url).raw_query_string
    text = text.replace(query, "[query]") if query else text
    return re.sub(r"://[^/@\s]+@", "://", text)


async def _text_of(got: aiohttp.ClientResponse) -> str:
    parts: list[bytes] = []
    size = 0
    async for part in got.content.iter_chunked(1 << 20):
        parts.append(part)
        size += len(part)
        if size > LARGEST_ANSWER_BYTES:
            raise PassingTrouble(
                f"an answer of more than {LARGEST_ANSWER_BYTES >> 20} MB", perhaps_done=True
            )
    return b"".join(parts).decode("utf-8", errors="replace")


def _key(endpoint: Endpoint) -> str:
    return os.environ.get(endpoint.api_key_variable or "", "").strip()


def _is_here(host: str) -> bool:
    """Whether an address is this machine, so that no proxy has business with it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
