"""How many requests one server should have in flight: as many as make it faster, and no more.

Nobody tells a client how much a server can do at once, so it is tried: the number doubles as
long as tokens per second grow with it, and then stays near the knee, with a look up and a look
down now and then. Refusals for load (429, time-outs) cut the number down, unless fewer requests
turn out to be refused just as often. A pure state machine: events and times go in, a number
comes out; the clock is the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass

FIRST_REQUESTS = 8
MOST_REQUESTS = 512

_CLIMBING_EVENTS = 16
_CLIMBING_EVENTS_AMID_REFUSALS = 32
_HOLDING_EVENTS = 64
_WORTH_DOUBLING = 1.10
_PROBE_STEP = 1.5
_WORTH_A_STEP_UP = 1.07
_WORTH_A_STEP_DOWN = 0.97
_WINDOWS_BETWEEN_PROBES = 6
_CUT = 0.6
_MANY_REFUSALS = 0.1
# A cut that leaves this part of the refusals has not helped.
_STILL_REFUSED = 0.75
_WINDOWS_OF_INDIFFERENCE = 30


@dataclass
class _Window:
    """What was seen since the last decision."""

    begin: float | None = None
    answers: int = 0
    refusals: int = 0
    tokens: int = 0

    @property
    def events(self) -> int:
        return self.answers + self.refusals

    @property
    def refused_share(self) -> float:
        return self.refusals / self.events if self.events else 0.0


class Concurrency:
    """The number of requests to keep in flight at one server.

    Args:
        first: the number to begin with.
        most: the largest number.
    """

    def __init__(self, first: int = FIRST_REQUESTS, most: int = MOST_REQUESTS) -> None:
        self.limit = min(first, most)
        self._most = most
        self._window = _Window()
        self._to_skip = 0
        self._climbing = True
        self._doubted = False
        self._probing = False
        self._probe_up_next = True
        self._held_windows = 0
        self._base_limit = self.limit
        self._base_rate: float | None = None
        self._cut_from: tuple[int, float] | None = None
        self._indifferent_windows = 0

    def answered(self, now: float, tokens: int) -> None:
        """Takes note of an answer with that many tokens, at `now` in seconds."""
        self._window.answers += 1
        self._window.tokens += tokens
        self._event(now)

    def refused(self, now: float) -> None:
        """Takes note of a request that the server had no capacity for."""
        self._window.refusals += 1
        self._event(now)

    def _event(self, now: float) -> None:
        window = self._window
        if window.begin is None:
            # What was asked under the old number says nothing about the new one.
            if window.events > self._to_skip:
                self._window = _Window(begin=now)
            return
        # Pauses after refusals are long and at random, so it takes more to see through them.
        amid_refusals = bool(self._indifferent_windows)
        climbing = _CLIMBING_EVENTS_AMID_REFUSALS if amid_refusals else _CLIMBING_EVENTS
        wanted = climbing if self._climbing else _HOLDING_EVENTS
        # Whole rounds: answers of equally long requests come in bursts of `limit`.
        if window.events >= -(-wanted // self.limit) * self.limit and now > window.begin:
            self._window = _Window(begin=now)
            self._decide(window.tokens / (now - window.begin), window.refused_share)

    def _decide(self, rate: float, refused: float) -> None:
        self._indifferent_windows = max(0, self._indifferent_windows - 1)
        if not self._indifferent_windows and self._heeds(refused):
            return
        if self._climbing:
            self._climb(rate)
        elif self._probing:
            self._end_probe(rate)
        else:
            self._hold(rate)

    def _heeds(self, refused: float) -> bool:
        """Cuts down for refusals; finds out whether an earlier cut has helped."""
        if self._cut_from is not None:
            old_limit, old_share = self._cut_from
            self._cut_from = None
            if refused >= _STILL_REFUSED * old_share:
                self._indifferent_windows = _WINDOWS_OF_INDIFFERENCE
                self._start_at(old_limit, climbing=True)
                return True
        if refused < _MANY_REFUSALS or self.limit == 1:
            return False
        self._cut_from = (self.limit, refused)
        self._start_at(max(1, int(self.limit * _CUT)), climbing=False)
        return True

    def _climb(self, rate: float) -> None:
        if self._base_rate is not None and rate < _WORTH_DOUBLING * self._base_rate:
            if self._doubted:
                self._climbing = False
                self._move(self._base_limit)
            self._doubted = True  # A machine that is busy for a moment shall not end the climb.
            return
        self._doubted = False
        self._base_limit, self._base_rate = self.limit, rate
        if self.limit == self._most:
            self._climbing = False
        else:
            self._move(2 * self.limit)

    def _hold(self, rate: float) -> None:
        self._held_windows += 1
        weight = max(1 / self._held_windows, 1 / _WINDOWS_BETWEEN_PROBES)
        old = rate if self._base_rate is None else self._base_rate
        self._base_rate = old + weight * (rate - old)
        if self._held_windows >= _WINDOWS_BETWEEN_PROBES:
            self._probe()

    def _probe(self) -> None:
        up = self._probe_up_next and self.limit < self._most
        step = max(1, round(self.limit * (_PROBE_STEP - 1)))
        target = self.limit + step if up else max(1, round(self.limit / _PROBE_STEP))
        self._base_limit = self.limit
        self._held_windows = 0
        if target != self.limit:
            self._probing = True
            self._move(target)

    def _end_probe(self, rate: float) -> None:
        self._probing = False
        base = self._base_rate or 0.0
        up = self.limit > self._base_limit
        good = rate >= base * (_WORTH_A_STEP_UP if up else _WORTH_A_STEP_DOWN)
        self._probe_up_next = up == good  # A good direction again, else the other one.
        if good:
            self._base_rate, self._base_limit = rate, self.limit
        else:
            self._move(self._base_limit)

    def _start_at(self, limit: int, *, climbing: bool) -> None:
        self._climbing, self._probing, self._doubted = climbing, False, False
        self._base_rate, self._held_windows = None, 0
        self._base_limit = limit
        self._move(limit)

    def _move(self, limit: int) -> None:
        self._to_skip = self.limit
        self.limit = min(limit, self._most)
        self._window = _Window()
