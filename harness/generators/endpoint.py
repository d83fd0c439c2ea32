"""Draws from a server of the OpenAI protocol that somebody else runs.

All samples of a problem are asked for in one request, with enough requests in flight to keep
the server's batch full. Passing trouble (429, 5xx, broken connections, answers that are none)
is met by waiting and asking again, as long as the server asks for and a little at random.
"""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field

import aiohttp
import tenacity

from harness.errors import EnvironmentFailure
from harness.generators.draw import Draw, Stopped
from harness.generators.jobs import Answer, PoolJob, Request
from harness.generators.protocol import PassingTrouble, Refused, answer_of, request_body
from harness.generators.servers import Server, open_session, post

SAMPLES_IN_FLIGHT = 256
REQUESTS_IN_FLIGHT = (8, 64)
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Patience:
    """How long trouble may last.

    A request is given up after `attempts` tries, but not before the server has answered
    nothing at all for `silence_seconds`: a server that refuses every second request is slow,
    not broken.
    """

    attempts: int = 8
    silence_seconds: float = 300.0
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0


PATIENCE = Patience()


def draw_from_server(draw: Draw, server: Server, stop: threading.Event) -> None:
    """Draws what is left of a draw that has begun.

    Raises:
        EnvironmentFailure: the server stays in trouble, or answers as another model.
        Stopped: `stop` was set.
    """
    asyncio.run(_until_stopped(_Drawing(draw, server, PATIENCE), stop))


async def _until_stopped(drawing: _Drawing, stop: threading.Event) -> None:
    work = asyncio.create_task(drawing.draw_all())
    try:
        while not work.done():
            await asyncio.wait({work}, timeout=_POLL_SECONDS)
            if stop.is_set() and not work.done():
                raise Stopped
        await work
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


@dataclass
class _Drawing:
    """One draw from one server."""

    draw: Draw
    server: Server
    patience: Patience
    last_answer: float = field(default_factory=time.monotonic)

    async def draw_all(self) -> None:
        """Keeps requests in flight until nothing waits and all are answered."""
        width = self._width()
        async with open_session(self.server.endpoint, width) as session:
            tasks = [asyncio.create_task(self._keep_asking(session)) for _ in range(width)]
            try:
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _width(self) -> int:
        fewest, most = REQUESTS_IN_FLIGHT
        samples = self.draw.first_request.count if self.draw.waiting else 1
        return min(max(fewest, SAMPLES_IN_FLIGHT // samples), most)

    async def _keep_asking(self, session: aiohttp.ClientSession) -> None:
        while taken := self.draw.take(1):
            (request,) = taken
            try:
                answer = await self._complete(session, self.draw.job, request)
            except Refused as refusal:
                self.draw.refuse(request, str(refusal))
            else:
                self.draw.deliver([answer])

    async def _complete(
        self, session: aiohttp.ClientSession, job: PoolJob, request: Request
    ) -> Answer:
        """The answer to a request, which is repeated while the trouble is a passing one."""
        server = self.server
        body = request_body(job, server.model, request, is_vllm=server.is_vllm)
        attempts = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(PassingTrouble),
            wait=self._wait,
            stop=self._give_up,
            reraise=True,
        )
        try:
            async for attempt in attempts:
                with attempt:
                    started = time.monotonic()
                    text = await post(session, server, body)
                    seconds = round(time.monotonic() - started, 4)
                    answer = answer_of(
                        request, text, model=server.model, endpoint=server.url, seconds=seconds
                    )
                    self.last_answer = time.monotonic()
                    return answer
        except PassingTrouble as trouble:
            raise EnvironmentFailure(
                f"{server.url} has answered nothing for {self._silence():.0f} s; the last "
                f"trouble: {trouble}",
                "All finished samples are safe; the same command goes on when the server is well.",
            ) from trouble
        raise AssertionError("tenacity ends by returning or by raising")

    def _silence(self) -> float:
        return time.monotonic() - self.last_answer

    def _give_up(self, state: tenacity.RetryCallState) -> bool:
        tried = state.attempt_number >= self.patience.attempts
        return tried and self._silence() >= self.patience.silence_seconds

    def _wait(self, state: tenacity.RetryCallState) -> float:
        trouble = state.outcome.exception() if state.outcome else None
        asked = trouble.wait_seconds if isinstance(trouble, PassingTrouble) else 0.0
        backoff = tenacity.wait_random_exponential(
            self.patience.first_wait_seconds, max=self.patience.longest_wait_seconds
        )
        # On top of what the server asks for, so that not all come back at the same moment.
        return float(asked + backoff(state))
