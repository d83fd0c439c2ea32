"""Requests on their way to a server, what they brought, and how the ledger books the rest.

Tokens of a request whose answer was lost are not known; they are booked at the most that it can
have taken, and marked as estimated.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from harness.budget.spending import most_prompt_tokens
from harness.generators.jobs import Answer, Request
from harness.pool import LedgerLine

if TYPE_CHECKING:
    from harness.generators.spending import Reservation


@dataclass(eq=False)
class Flight:
    """Requests that are asked together, and the dollars set aside for them."""

    requests: Sequence[Request]
    reservation: Reservation | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def set_aside(self) -> Fraction:
        """Dollars that it can cost at most; 0 if it is not paid for."""
        return Fraction(0) if self.reservation is None else self.reservation.amount

    @property
    def seconds(self) -> float:
        """Time since its start; to the nanosecond, so that no two requests are taken for one."""
        return round(time.monotonic() - self.started, 9)


@dataclass(frozen=True)
class Landed:
    """What a request brought, on its way to the disk.

    Attributes:
        answers: completions that are kept.
        lines: what else it took.
        reservation: dollars set aside for it, if it is paid for.
        cost: dollars that it took.
    """

    answers: tuple[Answer, ...]
    lines: tuple[LedgerLine, ...]
    reservation: Reservation | None
    cost: Fraction


def worst_lines(flight: Flight, url: str, max_tokens: int, why: str) -> list[LedgerLine]:
    """The most that a flight can have taken, a line a request.

    Args:
        flight: the requests.
        url: who was asked.
        max_tokens: longest completion.
        why: for `LedgerLine.wasted`.
    """
    return [
        LedgerLine(
            problem_id=request.problem_id,
            first_index=request.first_index,
            count=request.count,
            prompt_tokens=most_prompt_tokens(request.prompt),
            cached_tokens=0,
            completion_tokens=request.count * max_tokens,
            seconds=flight.seconds,
            endpoint=url,
            finished_at=_now(),
            wasted=why,
            estimated=True,
        )
        for request in flight.requests
    ]


def spent_line(
    flight: Flight, url: str, prompt_tokens: int, completion_tokens: int, why: str
) -> LedgerLine:
    """Tokens that a server counted and that brought no sample."""
    first = flight.requests[0]
    return LedgerLine(
        problem_id=first.problem_id,
        first_index=first.first_index,
        count=first.count,
        prompt_tokens=prompt_tokens,
        cached_tokens=0,
        completion_tokens=completion_tokens,
        seconds=flight.seconds,
        endpoint=url,
        finished_at=_now(),
        wasted=why,
    )


def trial_line(url: str, prompt_tokens: int, completion_tokens: int) -> LedgerLine:
    """What it took to find out how a server wants to be asked."""
    return LedgerLine(
        problem_id="",
        first_index=0,
        count=0,
        prompt_tokens=prompt_tokens,
        cached_tokens=0,
        completion_tokens=completion_tokens,
        seconds=0.0,
        endpoint=url,
        finished_at=_now(),
        wasted="discarded: trial of the server",
    )


def _now() -> float:
    return round(time.time(), 3)
