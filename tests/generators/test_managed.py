"""How long a worker may be silent: learned from its signs, between two bounds."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.generators import managed
from harness.generators.managed import Silence


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture(name="clock")
def fixture_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
    return clock


@given(st.lists(st.floats(0.001, 100), min_size=20, max_size=60))
def test_the_bound_follows_the_longest_gap(gaps: list[float]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock()
        patch.setattr(time, "monotonic", clock.monotonic)
        silence = Silence()
        for gap in gaps:
            clock.now += gap
            assert not silence.too_long
            silence.broken()
        assert silence.allowed == pytest.approx(min(600, max(60, 20 * max(gaps))))


def test_a_new_worker_may_take_ten_minutes_and_idle_time_does_not_count(clock: Clock) -> None:
    silence = Silence()
    clock.now = managed.SILENCE_SECONDS - 1
    assert not silence.too_long
    clock.now += 2
    assert silence.too_long
    silence.resume()
    assert not silence.too_long
