"""What a pool took: its ledger added up.

Tokens are the engine's own counts. A prompt counts once a request, however many completions
were asked for. What was spent without a sample to show for it (requests that failed on the way,
completions that were thrown away) is kept apart as wasted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.pool.samples import LedgerLine


@dataclass
class Tokens:
    """Token counts; `cached` ones are part of `prompt`."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0

    def add(self, line: LedgerLine) -> None:
        """Adds a request's tokens."""
        self.prompt += line.prompt_tokens
        self.cached += line.cached_tokens
        self.completion += line.completion_tokens


@dataclass
class Books:
    """The sums over a ledger.

    Attributes:
        requests: finished requests that brought samples.
        kept: their tokens.
        wasted_requests: requests that brought nothing.
        wasted: their tokens; an upper bound where no answer said them (`estimated`).
        estimated: how many of the wasted requests have estimated tokens.
        request_seconds: sum over all requests, which run side by side.
        server_seconds: time during which at least one request was under way, summed over the
            endpoints.
        wasted_for: wasted requests by reason.
    """

    requests: int = 0
    kept: Tokens = field(default_factory=Tokens)
    wasted_requests: int = 0
    wasted: Tokens = field(default_factory=Tokens)
    estimated: int = 0
    request_seconds: float = 0.0
    server_seconds: float = 0.0
    wasted_for: dict[str, int] = field(default_factory=dict)


def books_of(ledger: Iterable[LedgerLine]) -> Books:
    """Adds a ledger up; its lines stand in the order in which the requests ended."""
    books = Books()
    busy: defaultdict[str, _Busy] = defaultdict(_Busy)
    for line in ledger:
        if line.wasted:
            books.wasted_requests += 1
            books.wasted.add(line)
            books.estimated += line.estimated
            reason = line.wasted.partition(":")[0]
            books.wasted_for[reason] = books.wasted_for.get(reason, 0) + 1
        else:
            books.requests += 1
            books.kept.add(line)
        books.request_seconds += line.seconds
        busy[line.endpoint].add(line.finished_at - line.seconds, line.finished_at)
    books.server_seconds = sum(one.total() for one in busy.values())
    return books


class _Busy:
    """The length of a union of intervals that arrive in the order of their ends."""

    def __init__(self) -> None:
        self._spans: list[tuple[float, float]] = []  # Apart from each other, ascending.

    def add(self, start: float, end: float) -> None:
        # A late end can only reach back over the last spans, so this is amortised constant.
        while self._spans and self._spans[-1][1] >= start:
            before = self._spans.pop()
            start, end = min(start, before[0]), max(end, before[1])
        self._spans.append((start, end))

    def total(self) -> float:
        return sum(end - start for start, end in self._spans)
