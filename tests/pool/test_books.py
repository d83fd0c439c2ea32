"""Adding a ledger up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.pool import LedgerLine
from harness.pool.books import books_of

LINE = LedgerLine("p", 0, 3, 10, 4, 60, 2.0, "vllm", 100.0)
SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=25)


def test_wasted_tokens_stand_apart() -> None:
    lines = [
        LINE,
        replace(LINE, wasted="failed: HTTP 500", estimated=True),
        replace(LINE, wasted="failed: time-out"),
        replace(LINE, wasted="discarded: more choices than asked for"),
    ]
    books = books_of(lines)
    assert (books.requests, books.wasted_requests, books.estimated) == (1, 3, 1)
    assert (books.kept.prompt, books.kept.cached, books.kept.completion) == (10, 4, 60)
    assert books.wasted.completion == 180
    assert books.wasted_for == {"failed": 2, "discarded": 1}


@given(SPANS)
def test_server_seconds_are_the_length_of_the_union(spans: list[tuple[int, int]]) -> None:
    spans.sort(key=lambda span: span[0] + span[1])
    lines = [
        replace(LINE, seconds=float(length), finished_at=float(start + length))
        for start, length in spans
    ]
    covered = {second for start, length in spans for second in range(start, start + length)}
    books = books_of(lines)
    assert books.server_seconds == len(covered)
    assert books.request_seconds == sum(length for _, length in spans)


def test_endpoints_work_side_by_side() -> None:
    books = books_of([LINE, replace(LINE, endpoint="other", finished_at=101.0)])
    assert books.server_seconds == pytest.approx(4.0)
