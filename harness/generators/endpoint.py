"""Draws from servers of the OpenAI protocol that somebody else runs, one or several a side.

Every server has a feeder that takes requests from the shared draw as the server has room, so
work is spread by load. What a server did not answer goes back to the draw, for whoever has room
next. The work stops only when no server has answered anything for as long as patience lasts.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from fractions import Fraction

from harness.errors import EnvironmentFailure
from harness.generators.draw import Draw, Stopped
from harness.generators.feeder import Feeder
from harness.generators.flights import Landed
from harness.generators.jobs import LARGEST_REQUEST, Request
from harness.generators.patience import PATIENCE, Patience
from harness.generators.servers import Server, find_servers
from harness.generators.spending import Purse, Reservation

__all__ = ["draw_from_servers", "servers_for"]

_POLL_SECONDS = 0.2
# Answers that wait for the disk; the servers are not asked for more until they are there.
_BACKLOG = 2048
# A request that fails again and again waits no longer than one that failed so many times.
_LONGEST_DELAY_TRIES = 4


def servers_for(
    draw: Draw, note: Callable[[str], None], purse: Purse | None = None
) -> list[Server | None]:
    """Looks at the servers of a draw; see `servers.find_servers`."""
    largest = min(draw.job.samples_per_problem, LARGEST_REQUEST)
    return find_servers(draw.job, largest, PATIENCE, note, purse)


def draw_from_servers(
    draw: Draw,
    servers: Sequence[Server | None],
    stop: threading.Event,
    note: Callable[[str], None],
    purse: Purse | None = None,
) -> None:
    """Draws what is left of a draw.

    Args:
        draw: the draw; its pool is made or opened.
        servers: those of its job, in order; None where one is away for now.
        stop: set when the work is to end.
        note: takes a sentence for the user.
        purse: pays for billed endpoints, under a spending limit.

    Raises:
        EnvironmentFailure: all servers stay in trouble, one answers as another model, or the
            spending limit allows no more.
        Stopped: `stop` was set.
    """
    found = [server for server in servers if server is not None]
    draw.begin(found[0].engine)
    if not draw.finished:
        asyncio.run(_until_stopped(Drawing(draw, servers, PATIENCE, note, purse), stop))


async def _until_stopped(drawing: Drawing, stop: threading.Event) -> None:
    work = asyncio.create_task(drawing.run())
    try:
        while not work.done():
            await asyncio.wait({work}, timeout=_POLL_SECONDS)
            if stop.is_set() and not work.done():
                raise Stopped
        await work
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


class Drawing:
    """One draw from all servers of its side.

    Attributes:
        draw: what is drawn.
        patience: how long trouble may last.
        note: takes a sentence for the user.
        purse: pays for billed endpoints; None without a spending limit.
        engine: what the pool's identity says of the servers.
        last_answer: when a server has last answered, by the monotonic clock.
        feeders: one a server.
    """

    def __init__(
        self,
        draw: Draw,
        servers: Sequence[Server | None],
        patience: Patience,
        note: Callable[[str], None],
        purse: Purse | None,
    ) -> None:
        self.draw = draw
        self.patience = patience
        self.note = note
        self.purse = purse
        self.last_answer = time.monotonic()
        (first, *_) = (server for server in servers if server is not None)
        self.url, self.engine = first.url, first.engine
        self.feeders = [
            Feeder(endpoint, server, self)
            for endpoint, server in zip(draw.job.endpoints, servers, strict=True)
        ]
        self._landed: asyncio.Queue[Landed] = asyncio.Queue()
        self._tries: dict[str, int] = {}
        self._failed: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Keeps requests in flight until nothing waits and all are answered."""
        self._failed = asyncio.get_running_loop().create_future()
        tasks = [asyncio.create_task(feeder.run()) for feeder in self.feeders]
        tasks.append(asyncio.create_task(self._write()))
        try:
            # A feeder returns when the draw is finished; another may wait for its server still.
            done, _ = await asyncio.wait(
                [*tasks, self._failed], return_when=asyncio.FIRST_COMPLETED
            )
            for end in done:
                end.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._deliver(self._all_landed())

    @property
    def backlogged(self) -> bool:
        """Whether so many answers wait for the disk that no more should be asked for."""
        return self._landed.qsize() >= _BACKLOG

    def answered(self, landed: Landed) -> None:
        """Takes an answer, for the disk."""
        self.last_answer = time.monotonic()
        for answer in landed.answers:
            self._tries.pop(answer.request.id, None)
        self.land(landed)

    def land(self, landed: Landed) -> None:
        """Takes what a request took, for the disk."""
        self._landed.put_nowait(landed)

    def give_back(self, requests: Sequence[Request], *, at_once: bool) -> None:
        """Puts requests back into the draw, after a while that grows where they keep failing.

        Args:
            requests: what was not answered.
            at_once: whether that was nothing that lies in the requests.
        """
        delay = 0.0
        if not at_once:
            for request in requests:
                self._tries[request.id] = tries = self._tries.get(request.id, 0) + 1
                delay = max(delay, self.patience.wait(min(tries, _LONGEST_DELAY_TRIES)))
        asyncio.get_running_loop().call_later(delay, self._put_back, requests)

    def fail(self, failure: BaseException) -> None:
        """Ends the work with a failure."""
        if self._failed is not None and not self._failed.done():
            self._failed.set_exception(failure)

    def wake(self) -> None:
        """Makes every feeder look for work."""
        for feeder in self.feeders:
            feeder.changed.set()

    def check_patience(self) -> None:
        """Ends the work if no server has answered for long enough.

        Raises:
            EnvironmentFailure: with the last trouble of every server.
        """
        silence = time.monotonic() - self.last_answer
        if silence < self.patience.silence_seconds:
            return
        if not all(feeder.in_trouble for feeder in self.feeders):
            return
        said = "; ".join(f"{feeder.url}: {feeder.last_trouble}" for feeder in self.feeders)
        raise EnvironmentFailure(
            f"{self.draw.label}: no server has answered for {silence:.0f} s; the last trouble of "
            f"each: {said}",
            "All finished samples are safe; the same command goes on when a server is well. "
            "Requests that need longer than `execution.endpoints.….timeout_seconds` need a higher "
            "one.",
        )

    async def _write(self) -> None:
        while True:
            landed = [await self._landed.get()]
            landed += self._all_landed()
            # In a thread: a flush to the disk takes as long as many requests.
            await asyncio.shield(asyncio.to_thread(self._deliver, landed))
            self.wake()

    def _all_landed(self) -> list[Landed]:
        return [self._landed.get_nowait() for _ in range(self._landed.qsize())]

    def _deliver(self, landed: Sequence[Landed]) -> None:
        if not landed:
            return
        if lines := [line for one in landed for line in one.lines]:
            self.draw.book_waste(lines)
        if answers := [answer for one in landed for answer in one.answers]:
            self.draw.deliver(answers)
        for one in landed:
            self.settle(one.reservation, one.cost)

    def settle(self, reservation: Reservation | None, cost: Fraction) -> None:
        """Ends a request in the books, if it was paid for."""
        if self.purse is not None and reservation is not None:
            self.purse.account.settle(reservation, cost)

    def _put_back(self, requests: Sequence[Request]) -> None:
        self.draw.put_back(requests)
        self.wake()
