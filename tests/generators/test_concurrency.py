"""The controller against simulated servers: it finds their capacity without being told."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from harness.generators.concurrency import MOST_REQUESTS, Concurrency


@dataclass
class Simulation:
    """A server, its clients and a clock.

    Attributes:
        seconds: how long a request takes with so many in flight.
        refuses: whether a request is refused, given how many are in flight.
        noise: spread of durations and lengths.
        retry_after: how long nothing is sent after a refusal.
    """

    seconds: Callable[[int], float]
    refuses: Callable[[int, random.Random], bool] = lambda flying, chance: False
    noise: float = 0.0
    retry_after: float = 0.0
    seed: int = 0
    controller: Concurrency = field(default_factory=Concurrency)
    limits: list[int] = field(default_factory=list)
    refused: int = 0

    def run(self, requests: int) -> float:
        """Seconds that it takes to have so many answered."""
        chance = random.Random(self.seed)
        now = paused_until = 0.0
        flights: list[tuple[float, int, bool]] = []
        number = answered = 0
        while answered < requests:
            while len(flights) < self.controller.limit and now >= paused_until:
                number += 1
                refused = self.refuses(len(flights) + 1, chance)
                spread = chance.lognormvariate(0, self.noise) if self.noise else 1.0
                lasts = 0.02 if refused else self.seconds(len(flights) + 1) * spread
                heapq.heappush(flights, (now + lasts, number, refused))
            if not flights or now < paused_until < flights[0][0]:
                now = paused_until
                continue
            now, _, refused = heapq.heappop(flights)
            if refused:
                self.refused += 1
                self.controller.refused(now)
                paused_until = max(paused_until, now + self.retry_after)
            else:
                answered += 1
                self.controller.answered(now, int(100 * max(0.1, chance.gauss(1, self.noise))))
            self.limits.append(self.controller.limit)
        return now

    @property
    def settled(self) -> float:
        """The mean limit of the second half."""
        half = self.limits[len(self.limits) // 2 :]
        return sum(half) / len(half)


@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize("capacity", [2, 8, 32, 128, 512])
def test_a_server_with_so_many_places(capacity: int, noise: float) -> None:
    """Requests above the capacity share its speed: the ideal time is known."""
    requests = 60 * max(capacity, 8) + 2000
    for seed in range(3):
        simulation = Simulation(lambda flying: max(1.0, flying / capacity), noise=noise, seed=seed)
        taken = simulation.run(requests)
        assert taken < requests / capacity / 0.7
        assert 0.5 * capacity <= simulation.settled <= 3 * max(capacity, 8)
        assert max(simulation.limits) <= MOST_REQUESTS


def test_a_server_that_slows_down_smoothly_is_held_near_its_knee() -> None:
    for seed in range(3):
        simulation = Simulation(lambda flying: 1 + flying / 32, noise=0.3, seed=seed)
        simulation.run(5000)
        limit = simulation.settled
        assert limit / (1 + limit / 32) > 0.8 * 32  # Of its 32 requests a second.
        assert limit < MOST_REQUESTS


def test_refusals_above_a_number_are_avoided() -> None:
    for seed in range(3):
        simulation = Simulation(
            lambda flying: 1.0,
            refuses=lambda flying, chance: flying > 20,
            noise=0.3,
            retry_after=0.5,
            seed=seed,
        )
        taken = simulation.run(3000)
        assert simulation.refused < 0.12 * 3000
        assert taken < 3000 / 20 * 1.5


@pytest.mark.parametrize("retry_after", [0.1, 1.0])
def test_refusals_that_fewer_requests_do_not_avoid_are_put_up_with(retry_after: float) -> None:
    """With 8 in flight and half refused, 500 requests would take 125 rounds."""
    for seed in range(3):
        simulation = Simulation(
            lambda flying: 0.05,
            refuses=lambda flying, chance: chance.random() < 0.5,
            retry_after=retry_after,
            seed=seed,
        )
        assert simulation.run(500) < 50 * (0.05 + retry_after)


def test_it_comes_down_again_when_the_server_gets_slower() -> None:
    capacity = 256.0
    simulation = Simulation(lambda flying: max(1.0, flying / capacity))
    simulation.run(12_000)
    assert simulation.settled > 128
    capacity = 4.0
    simulation.limits.clear()
    simulation.run(30_000)
    assert simulation.limits[-1] < 64


def test_the_first_number_is_bounded_too() -> None:
    assert Concurrency(first=8, most=3).limit == 3
