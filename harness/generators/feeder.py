"""Feeds one server with requests, and tells what its answers and its troubles mean.

A trouble is the server's, not one request's: after a 429 nothing is sent to it until the wait
is over, and the number of requests in flight is found by `concurrency`. A server to which there
is no connection is looked at again from time to time, and joins when it is well and the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from fractions import Fraction
from typing import TYPE_CHECKING

import aiohttp

from harness.errors import EnvironmentFailure
from harness.generators.concurrency import Concurrency
from harness.generators.connection import open_session, post, without_secrets
from harness.generators.flights import Flight, Landed, spent_line, worst_lines
from harness.generators.jobs import LARGEST_REQUEST, Request
from harness.generators.protocol import AnotherModel, Reply, reply_of, request_body
from harness.generators.server_books import ServerBooks
from harness.generators.servers import Server, check_alike, inspect_server
from harness.generators.statuses import PassingTrouble, Refused
from harness.generators.trial import ServerAway
from harness.recipe.schema import Endpoint

if TYPE_CHECKING:
    from harness.generators.endpoint import Drawing

LARGEST_LIST = 64
_LISTS_A_SERVER = 8
_POLL_SECONDS = 0.2
# So many troubles in a row, and the server is asked for one thing at a time.
_LASTING_TROUBLES = 3
# So many refusals with no answer between them, and the server is looked at again.
_NOTED_TROUBLES = 4  # Troubles in a row from which on the user is told.
_SUSPICIOUS_REFUSALS = 16
_NONE = Fraction(0)


class Feeder:
    """Keeps one server busy.

    Attributes:
        url: the server's address, as messages and samples name it.
        changed: set when there may be work, or room for it.
        last_trouble: in the server's words; "" if it had none.
    """

    def __init__(self, endpoint: Endpoint, server: Server | None, drawing: Drawing) -> None:
        self.url = endpoint.address
        self.changed = asyncio.Event()
        self.last_trouble = "" if server is not None else "no connection"
        self._endpoint = endpoint
        self._server = server
        self._drawing = drawing
        self._purse = drawing.purse if endpoint.billed else None
        is_priced = endpoint.billed and bool(drawing.draw.job.model.prices)
        self._books = ServerBooks(self.url, drawing, self._purse, is_priced=is_priced)
        self._concurrency = Concurrency()
        self._flights: set[asyncio.Task[None]] = set()
        self._troubles = 0
        self._round_began = self._paused_until = 0.0
        self._to_ask_alone = 0
        self._out_of_money = False
        self._refusals = 0
        self._next_note = _NOTED_TROUBLES
        self._longest = drawing.draw.job.decoding.max_tokens

    @property
    def in_trouble(self) -> bool:
        """Whether it has failed repeatedly since its last answer."""
        return self._server is None or self._troubles > 1 or self._out_of_money

    async def run(self) -> None:
        """Feeds the server until the draw is finished."""
        draw = self._drawing.draw
        if self._server is not None:
            self._books.trial(self._server)
        async with open_session(self._endpoint) as session:
            try:
                while not draw.finished:
                    if self._server is None and not self._pausing:
                        await self._join(session)
                    self._send(session)
                    await self._rest()
            finally:
                for flight in self._flights:
                    flight.cancel()
                await asyncio.gather(*self._flights, return_exceptions=True)

    @property
    def _pausing(self) -> bool:
        return time.monotonic() < self._paused_until

    async def _rest(self) -> None:
        left = self._paused_until - time.monotonic()
        wait = left if 0 < left < _POLL_SECONDS else _POLL_SECONDS
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):  # `wait_for` can swallow that it is cancelled.
                await self.changed.wait()
        self.changed.clear()

    async def _join(self, session: aiohttp.ClientSession) -> None:
        drawing = self._drawing
        job = drawing.draw.job
        try:
            server = await inspect_server(
                session, self._endpoint, job, min(job.samples_per_problem, LARGEST_REQUEST),
                drawing.patience, drawing.note, self._purse,
            )  # fmt: skip
        except ServerAway as away:
            self.last_trouble = away.message
            self._troubles += 1
            self._pause(0.0)
            drawing.check_patience()
            return
        check_alike(drawing.url, drawing.engine, server)
        if self._troubles:
            drawing.note(f"{self.url} is well and takes part")
        self._server, self._troubles = server, 0
        self._books.trial(server)

    def _send(self, session: aiohttp.ClientSession) -> None:
        while self._has_room():
            flight = self._next_flight()
            if flight is None:
                return
            task = asyncio.create_task(self._fly(session, flight))
            self._flights.add(task)
            task.add_done_callback(self._ended)

    def _has_room(self) -> bool:
        held_back = self._pausing or self._out_of_money or self._drawing.backlogged
        if self._server is None or held_back:
            return False
        one_by_one = self._troubles >= _LASTING_TROUBLES
        return len(self._flights) < (1 if one_by_one else self._concurrency.limit)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._flights.discard(task)
        self.changed.set()
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._drawing.fail(failure)

    def _next_flight(self) -> Flight | None:
        requests = self._take(None)
        if not requests or self._purse is None:
            return Flight(requests) if requests else None
        purse, draw = self._purse, self._drawing.draw
        reservation = purse.reserve(requests, self.url, self._longest)
        if reservation is None and purse.account.idle:
            draw.put_back(requests)
            count = purse.affordable(requests[0], self._longest)
            if count < 1:
                self._end_spending(purse.exhausted(draw.job, requests[0], draw.most_left))
                return None
            requests = self._take(count)
            reservation = purse.reserve(requests, self.url, self._longest)
        if reservation is None:  # What is on its way may turn out cheaper than its worst case.
            draw.put_back(requests)
            return None
        return Flight(requests, reservation)

    def _end_spending(self, end: EnvironmentFailure) -> None:
        """Ends the work, or leaves the rest to servers that bill nothing.

        Raises:
            EnvironmentFailure: `end`, where every server of the side bills.
        """
        if all(endpoint.billed for endpoint in self._drawing.draw.job.endpoints):
            raise end
        if not self._out_of_money:
            self._drawing.note(f"{self.url}: {end.message} Servers that bill nothing go on.")
        self._out_of_money, self.last_trouble = True, "the spending limit is reached"

    def _take(self, affordable: int | None) -> list[Request]:
        if self._server is None:
            return []
        draw, dialect = self._drawing.draw, self._server.dialect
        sizes = [size for size in (dialect.largest_n, affordable) if size is not None]
        size = 1
        if dialect.takes_lists and draw.job.decoding.greedy and affordable is None:
            share = draw.waiting // (_LISTS_A_SERVER * len(self._drawing.feeders))
            size = 1 if self._to_ask_alone else min(max(share, 1), LARGEST_LIST)
        self._to_ask_alone = max(0, self._to_ask_alone - size)
        return draw.take(size, min(sizes, default=None))

    async def _fly(self, session: aiohttp.ClientSession, flight: Flight) -> None:
        try:
            reply = await self._ask(session, flight)
        except Refused as refusal:
            self._refused(flight, without_secrets(str(refusal), self._endpoint))
        except PassingTrouble as trouble:
            self._on_trouble(flight, trouble)
        except AnotherModel as error:
            self._books.other_model(flight, error)
            raise
        except asyncio.CancelledError:
            self._books.lost(flight, self._server, "discarded: the work was stopped")
            raise
        else:
            self._on_reply(flight, reply)

    async def _ask(self, session: aiohttp.ClientSession, flight: Flight) -> Reply:
        if self._server is None:
            raise PassingTrouble(self.last_trouble, away=True)
        dialect = self._server.dialect
        body = request_body(self._drawing.draw.job.decoding, dialect, flight.requests)
        text = await post(session, self._endpoint, body)
        return reply_of(
            flight.requests, text, dialect=dialect, endpoint=self.url, seconds=flight.seconds
        )

    def _on_reply(self, flight: Flight, reply: Reply) -> None:
        self._troubles = self._refusals = 0
        self._next_note = _NOTED_TROUBLES
        tokens = reply.completion_tokens or sum(len(one.completions) for one in reply.answers)
        self._concurrency.answered(time.monotonic(), tokens)
        answered = {answer.request.id for answer in reply.answers}
        if missing := [one for one in flight.requests if one.id not in answered]:
            self._drawing.give_back(missing, at_once=False)
        lines = []
        if reply.discarded_tokens:
            why = "discarded: more completions than were asked for"
            lines.append(spent_line(flight, self.url, 0, reply.discarded_tokens, why))
        cost = _NONE if self._purse is None else self._purse.reply_cost(reply)
        if self._purse is not None and not reply.counted:
            # Booked at its worst, beside samples whose tokens nobody counted.
            lines += worst_lines(flight, self.url, self._longest, "")
            cost = flight.set_aside
        self._drawing.answered(Landed(reply.answers, tuple(lines), flight.reservation, cost))

    def _refused(self, flight: Flight, reason: str) -> None:
        draw = self._drawing.draw
        self._drawing.settle(flight.reservation, _NONE)
        self._drawing.last_answer = time.monotonic()
        self._troubles = 0
        self._refusals += 1
        if self._server is None or self._refusals % _SUSPICIOUS_REFUSALS == 0:
            # Perhaps it is not about the prompts any more: the trial tells, or ends the work.
            self._server, self.last_trouble = None, reason
            draw.put_back(flight.requests)
        elif len(flight.requests) > 1:  # One of them; which one shows when each is asked alone.
            self._to_ask_alone += len(flight.requests)
            draw.put_back(flight.requests)
        else:
            draw.refuse(flight.requests[0], reason)
        self._drawing.wake()

    def _on_trouble(self, flight: Flight, trouble: PassingTrouble) -> None:
        drawing = self._drawing
        self.last_trouble = without_secrets(str(trouble), self._endpoint)
        if trouble.perhaps_done:
            self._books.lost(flight, self._server, f"failed: {self.last_trouble}")
        else:
            drawing.settle(flight.reservation, _NONE)
        if trouble.busy:
            self._concurrency.refused(time.monotonic())
        if flight.started >= self._round_began:  # Else it belongs to a trouble counted already.
            self._troubles += 2 if trouble.timed_out else 1
            self._round_began = time.monotonic()
        # One failure among answers is that request's; what lasts, or is said to, the server's.
        if trouble.busy or trouble.away or trouble.wait_seconds or self._troubles > 1:
            self._pause(trouble.wait_seconds)
        if trouble.away and self._server is not None:
            self._server = None
            drawing.note(
                f"{self.url}: {self.last_trouble}; it is looked at again from time to time"
            )
        elif self._troubles >= self._next_note:
            self._next_note = 4 * self._troubles
            drawing.note(f"{self.url}: {self.last_trouble}; it is asked again and again")
        drawing.give_back(flight.requests, at_once=trouble.busy or trouble.away)
        drawing.check_patience()

    def _pause(self, asked_seconds: float) -> None:
        until = time.monotonic() + self._drawing.patience.wait(self._troubles, asked_seconds)
        self._paused_until = max(self._paused_until, until)
