"""Who is suspected of an engine's deaths, and when the work stops: against simulated engines."""

from __future__ import annotations

import signal
from collections import deque
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engines.process import EngineDied
from harness.errors import EnvironmentFailure
from harness.generators.deaths import KILLS_WITHOUT_PROGRESS, Deaths
from harness.generators.jobs import Request

STATUS_OF_A_CRASH = 1


def request(number: int) -> Request:
    return Request(str(number), "", 0, 1, None)


def death(status: int = STATUS_OF_A_CRASH) -> EngineDied:
    return EngineDied("it choked", "look there", status, Path("log"))


def run(requests: int, killers: set[int], window: int) -> tuple[list[str], list[str], int]:
    """An engine that dies of the killers in its window before it finishes anything there.

    Returns:
        The requests that were answered and refused, and how often the engine died.
    """
    deaths, waiting = Deaths(), deque(map(request, range(requests)))
    answered, refused, died = [], [], 0
    while waiting or deaths.has_suspects:
        if deaths.has_suspects:
            flying = [deaths.next_suspect()]
        else:
            flying = [waiting.popleft() for _ in range(min(window, len(waiting)))]
        if killers.intersection(int(one.problem_id) for one in flying):
            died += 1
            waiting.extendleft(reversed(deaths.count(flying, death())))
        else:
            answered += [one.problem_id for one in flying]
            refused += [one.problem_id for one, _ in deaths.progress(flying)]
    refused += [one.problem_id for one, _ in deaths.verdicts()]
    return answered, refused, died


@given(st.integers(2, 40), st.data(), st.integers(1, 20))
def test_one_killer_is_found_and_everything_else_answered(
    requests: int, data: st.DataObject, window: int
) -> None:
    killer = data.draw(st.integers(0, requests - 1))
    answered, refused, died = run(requests, {killer}, window)
    assert refused == [str(killer)]
    assert sorted(map(int, answered)) == [one for one in range(requests) if one != killer]
    assert died <= 5


@pytest.mark.parametrize("window", [1, 3, 12])
def test_killers_among_others_are_all_found(window: int) -> None:
    answered, refused, _ = run(12, {2, 5, 11}, window)
    assert sorted(map(int, refused)) == [2, 5, 11]
    assert len(answered) == 9


@pytest.mark.parametrize(("requests", "window"), [(1, 1), (2, 2), (30, 10)])
def test_an_engine_that_answers_nothing_stops_the_work(requests: int, window: int) -> None:
    with pytest.raises((EnvironmentFailure, EngineDied)) as failure:
        run(requests, set(range(requests)), window)
    assert "it choked" in str(failure.value)
    assert "look there" in str(failure.value)


def test_deaths_while_loading_stop_the_work_and_kills_from_outside_do_so_later() -> None:
    deaths = Deaths()
    for _ in range(2):
        deaths.count([], death())
    with pytest.raises(EnvironmentFailure, match="3 times without finishing"):
        deaths.count([], death())
    deaths = Deaths()
    for _ in range(KILLS_WITHOUT_PROGRESS - 1):
        deaths.count([], death(-signal.SIGKILL))
    with pytest.raises(EnvironmentFailure, match="25 times without finishing"):
        deaths.count([], death(-signal.SIGKILL))


def test_progress_forgets_deaths_and_suspects_can_be_taken_back() -> None:
    deaths = Deaths()
    for _ in range(30):
        deaths.count([], death())
        assert deaths.progress([]) == []
    both = [request(1), request(2)]
    assert deaths.count(both, death()) == both
    assert deaths.count(both, death()) == []
    assert deaths.take_back() == both
    assert not deaths.has_suspects
