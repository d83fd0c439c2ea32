"""Finds out, with requests for one token, whether and how a server takes what will be asked.

A refusal says that something is wrong, seldom what. So the request is taken apart: a plain one
first, then each parameter alone. What the recipe needs and the server does not take is
reported, all of it at once; how many samples it takes in one request is learned.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp

from harness.budget.spending import most_prompt_tokens
from harness.errors import EnvironmentFailure, Issues
from harness.generators.connection import post, without_secrets
from harness.generators.jobs import PoolJob, Request
from harness.generators.patience import Patience
from harness.generators.protocol import AnotherModel, Dialect, Reply, reply_of, request_body
from harness.generators.spending import Purse, Reservation
from harness.generators.statuses import PassingTrouble, Refused
from harness.recipe.schema import Endpoint

_PLAIN = {"model", "prompt", "messages", "max_tokens", "max_completion_tokens"}
_ADVICE = {
    "seed": "Set `seeds: false` at the endpoint: the draw can then not be repeated, and the pool "
    "says so.",
    "top_k": "Leave out `decoding.top_k`, or choose another server.",
    "top_p": "Set `decoding.top_p` to 1, or choose another server.",
    "temperature": "Change `decoding.temperature`, or choose another server.",
    "stop": "Change `prompt.stop`, or choose another server.",
}
_PLAIN_ADVICE = {
    "completions": "The server may know chat only: set `protocol: chat` at the endpoint.",
    "chat": "The model may have no chat template: set `protocol: completions` at the endpoint, "
    "or give the server a template.",
}


class ServerAway(EnvironmentFailure):
    """A server that gives no service now; it may do so later."""


@dataclass
class Trial:
    """The trial of one server.

    Attributes:
        session, endpoint: the server.
        job: what shall be drawn.
        largest: most samples that one request of the job asks for.
        patience: how long trouble may last.
        note: takes a sentence for the user.
        purse: pays, if the server bills under a spending limit.
        prompt_tokens, completion_tokens: what the trial has taken so far.
    """

    session: aiohttp.ClientSession
    endpoint: Endpoint
    job: PoolJob
    largest: int
    patience: Patience
    note: Callable[[str], None]
    purse: Purse | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    _request: Request = field(init=False)
    _reply: Reply = field(init=False)

    def __post_init__(self) -> None:
        seed = 1 if self.job.seeded else None
        self._request = Request("trial", "1", 0, self.largest, seed)

    async def run(self, dialect: Dialect) -> Dialect:
        """The dialect, with what was learned.

        Raises:
            EnvironmentFailure: the server does not take what the recipe needs; says what.
            ServerAway: it gives no service now.
        """
        refusal = await self._refusal(dialect)
        if refusal is not None:
            dialect = await self._learn(dialect, refusal)
        reply = self._reply
        got = len(reply.answers[0].completions)
        if self.purse is not None and not reply.counted:
            raise EnvironmentFailure(
                f"{self.endpoint.address} does not say how many tokens a request took, so "
                "no spending limit can be kept.",
                "Take out the limit, or choose a server whose answers have `usage`.",
            )
        if got < min(self.largest, dialect.largest_n or self.largest):
            dialect = replace(dialect, largest_n=got)
        return replace(dialect, answers_as=reply.model or dialect.answers_as)

    async def _learn(self, dialect: Dialect, refusal: str) -> Dialect:
        """Takes a refused request apart; returns a dialect that is not refused."""
        dialect, body = await self._plain(dialect)
        plain = {key: value for key, value in body.items() if key in _PLAIN}
        refused: dict[str, str] = {}
        for key in body.keys() - _PLAIN:
            words = await self._ask({**plain, key: body[key]}, dialect)
            if words is not None:
                refused[key] = words
        if "top_p" in refused and body["top_p"] == 1:
            del refused["top_p"]
            dialect = replace(dialect, omitted=frozenset({"top_p"}))
        if refused.pop("n", None) is not None:
            dialect = replace(dialect, largest_n=await self._largest_n(plain, dialect))
        issues = Issues()
        for key, words in sorted(refused.items()):
            issues.add(key, words, _ADVICE.get(key, "Choose another server."))
        heading = f"{self.endpoint.address} does not take the recipe's decoding:"
        issues.raise_if_any(heading, EnvironmentFailure)
        again = await self._refusal(dialect)
        if again is not None:
            raise EnvironmentFailure(
                f"{heading} {again or refusal}",
                "Change `decoding` or `prompt.stop`, or choose another server.",
            )
        return dialect

    async def _plain(self, dialect: Dialect) -> tuple[Dialect, dict[str, Any]]:
        """A dialect in which a request without any option is taken, and the whole body in it."""
        body = self._body(dialect)
        words = await self._ask({key: body[key] for key in body.keys() & _PLAIN}, dialect)
        if words is not None and dialect.protocol == "chat":
            other = replace(dialect, length_key="max_completion_tokens")
            renamed = self._body(other)
            if (
                await self._ask({key: renamed[key] for key in renamed.keys() & _PLAIN}, other)
                is None
            ):
                return other, renamed
        if words is not None:
            raise EnvironmentFailure(
                f"{self.endpoint.address} refuses even a plain request of the protocol "
                f"`{dialect.protocol}`: {words}",
                _PLAIN_ADVICE[dialect.protocol],
            )
        return dialect, body

    async def _largest_n(self, plain: dict[str, Any], dialect: Dialect) -> int:
        """The largest n that is not refused, by bisection; 1 is asked without the key."""
        accepted, refused = 1, self.largest
        while refused - accepted > 1:
            middle = (accepted + refused) // 2
            if await self._ask({**plain, "n": middle}, dialect) is None:
                accepted = middle
            else:
                refused = middle
        return accepted

    def _body(self, dialect: Dialect) -> dict[str, Any]:
        count = min(self.largest, dialect.largest_n or self.largest)
        request = replace(self._request, count=count)
        body = request_body(self.job.decoding, dialect, [request])
        return {**body, dialect.length_key: 1}

    async def _refusal(self, dialect: Dialect) -> str | None:
        return await self._ask(self._body(dialect), dialect)

    async def _ask(self, body: dict[str, Any], dialect: Dialect) -> str | None:
        """Why the server refuses a body; None if it answers, the answer then in `_reply`."""
        started, troubles = time.monotonic(), 0
        request = replace(self._request, count=body.get("n", 1))
        while True:
            reservation = self._reserve(request)
            try:
                text = await post(self.session, self.endpoint, body, self._seconds)
                self._reply = reply_of(
                    [request],
                    text,
                    dialect=dialect,
                    endpoint=self.endpoint.address,
                    seconds=0.0,
                )
            except AnotherModel as error:
                self._settle(reservation, error.prompt_tokens, error.completion_tokens)
                raise
            except Refused as refusal:
                self._settle(reservation, 0, 0)
                return str(refusal)
            except PassingTrouble as trouble:
                lost = trouble.perhaps_done
                prompt = most_prompt_tokens(request.prompt) if lost else 0
                self._settle(reservation, prompt, request.count if lost else 0)
                troubles += 1
                passed = time.monotonic() - started
                await sit_out(
                    "one token", trouble, troubles, passed, self.endpoint, self.patience, self.note
                )
            else:
                prompt = self._reply.answers[0].prompt_tokens or 0
                self._settle(
                    reservation,
                    prompt,
                    self._reply.completion_tokens + self._reply.discarded_tokens,
                )
                return None

    @property
    def _seconds(self) -> float:
        return min(self.patience.trial_seconds, self.endpoint.timeout_seconds)

    def _reserve(self, request: Request) -> Reservation | None:
        if self.purse is None:
            return None
        reservation = self.purse.account.reserve(self.purse.worst_cost([request], 1))
        if reservation is None:
            raise self.purse.exhausted(self.job, request, self.job.samples_per_problem)
        return reservation

    def _settle(
        self, reservation: Reservation | None, prompt_tokens: int, completion_tokens: int
    ) -> None:
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens
        if self.purse is not None and reservation is not None:
            cost = self.purse.prices.cost(prompt_tokens, 0, completion_tokens)
            self.purse.account.settle(reservation, cost)


async def sit_out(
    what: str,
    trouble: PassingTrouble,
    troubles: int,
    passed_seconds: float,
    endpoint: Endpoint,
    patience: Patience,
    note: Callable[[str], None],
) -> None:
    """Waits before a server that is looked at is asked again.

    Args:
        what: what it is asked for.
        trouble: what it answered.
        troubles: how many there were in a row.
        passed_seconds: since it was first asked.
        endpoint: the server.
        patience: how long trouble may last.
        note: takes a sentence for the user.

    Raises:
        ServerAway: it gives no service now.
    """
    address = endpoint.address
    words = without_secrets(str(trouble), endpoint)
    if trouble.away:
        raise ServerAway(
            f"no server answers at {address}: {words}",
            "Start it, or correct the address in `execution.endpoints` (up to and with /v1).",
        ) from trouble
    wait = patience.wait(troubles, trouble.wait_seconds)
    if trouble.timed_out or passed_seconds + wait > patience.silence_seconds:
        raise ServerAway(
            f"{address} was asked for {what} for {passed_seconds:.1f} s: {words}",
            "Look at the server; when it is well, the same command goes on.",
        ) from trouble
    if troubles == 1:
        note(f"{address}: {words}; it is asked again")
    await asyncio.sleep(wait)
