"""The queue of requests against a plain list, and that its middle is made on demand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.generators.jobs import Request
from harness.generators.waiting import WaitingRequests


def request(number: int) -> Request:
    return Request(f"p{number}", "", 0, 1 + number % 3, None)


ACTIONS = st.lists(
    st.one_of(
        st.just(("take", 0)),
        st.tuples(st.sampled_from(["first", "last"]), st.integers(0, 3)),
    ),
    max_size=40,
)


@given(st.integers(0, 10), ACTIONS)
def test_it_is_a_list_with_two_ends(fresh: int, actions: list[tuple[str, int]]) -> None:
    model = [request(number) for number in range(fresh)]
    queue = WaitingRequests(iter(list(model)), sum(one.count for one in model))
    number = fresh
    for name, count in actions:
        if name == "take":
            assert bool(queue) == bool(model)
            if model:
                assert queue.peek() == model[0]
                assert queue.take() == model.pop(0)
        else:
            new = [request(number + step) for step in range(count)]
            number += count
            getattr(queue, f"put_{name}")(new)
            model = [*new, *model] if name == "first" else [*model, *new]
        assert queue.samples == sum(one.count for one in model)
    assert [queue.take() for _ in range(len(model))] == model
    assert not queue


def test_requests_are_made_when_they_are_taken() -> None:
    made: list[int] = []

    def making() -> Iterator[Any]:
        for number in range(1000):
            made.append(number)
            yield request(number)

    queue = WaitingRequests(making(), 2000)
    queue.take()
    assert queue
    assert len(made) == 2
