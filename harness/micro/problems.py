"""The embedded problem set: random stories, dealt into splits.

Problems are drawn from fixed seeds, so a split is the same on every machine, and no question
occurs twice in or across splits.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator

from harness.errors import InputError, unknown_name
from harness.micro.stories import FACTORS, GAINS, ITEMS, LOSSES, MAX_ANSWER, NAMES, Operation, Story
from harness.problems import Problem

LEVELS = (1, 2, 3, 4, 5)

MAX_VALUE = 60
_DISTRACTOR_PROBABILITY = 0.35
_BOXES_PROBABILITY = 0.25
_PRICE_PROBABILITY = 0.2

SPLIT_SIZES = {"train": 500, "validation": 300, "test": 1500}
_SPLIT_SEEDS = {"train": 101, "validation": 202, "test": 303}


def draw_story(random_source: random.Random, level: int) -> Story:
    """A random story with `level` operations, by rejection.

    All values lie in 1…60, the answer in 1…99.
    """
    while True:
        story = _attempt(random_source, level)
        if story is not None:
            return story


def _attempt(source: random.Random, level: int) -> Story | None:
    person, item = source.choice(NAMES), source.choice(ITEMS)
    operations: list[Operation] = []
    if source.random() < _BOXES_PROBABILITY:
        start = source.randint(2, 6)
        operations.append(Operation("*", source.randint(2, 9), "boxes"))
        value = operations[0].apply(start)
    else:
        start = value = source.randint(2, 30)
    while len(operations) < level:
        last = len(operations) == level - 1
        operation = _draw_operation(source, value, last)
        operations.append(operation)
        value = operation.apply(value)
        if not 1 <= value <= (MAX_ANSWER if operation.label == "price" else MAX_VALUE):
            return None
    distractor, place = _draw_distractor(source, person, item, operations)
    return Story(person, item, start, tuple(operations), distractor, place)


def _draw_operation(source: random.Random, value: int, may_be_price: bool) -> Operation:
    if may_be_price and source.random() < _PRICE_PROBABILITY:
        return Operation("*", source.randint(2, 4), "price")
    kind = source.random()
    if kind < 0.45:
        return Operation("+", source.randint(2, 15), source.choice(GAINS))
    if kind < 0.80:
        return Operation("-", source.randint(2, 15), source.choice(LOSSES))
    if kind < 0.90 or value % 2:
        verb = source.choice(tuple(FACTORS))
        return Operation("*", FACTORS[verb], verb)
    return Operation("/", 2, "half")


def _draw_distractor(
    source: random.Random, person: str, item: str, operations: list[Operation]
) -> tuple[str, int]:
    if source.random() >= _DISTRACTOR_PROBABILITY:
        return "", 1
    other = source.choice([name for name in NAMES if name != person])
    amount = source.randint(2, 20)
    sentence = source.choice(
        (
            f"{other} has {amount} {source.choice(ITEMS)}.",
            f"{other} {source.choice(GAINS)} {amount} more.",
            f"{other} {source.choice(LOSSES)} {amount}.",
        )
    )
    told = 1 + sum(operation.label not in ("boxes", "price") for operation in operations)
    return sentence, source.randint(1, told)


@functools.lru_cache(maxsize=1)
def split_stories() -> dict[str, tuple[Story, ...]]:
    """Every split, levels in turn, no question twice in or across splits."""
    seen: set[str] = set()
    return {name: tuple(_draw_split(name, seen)) for name in SPLIT_SIZES}


def _draw_split(name: str, seen: set[str]) -> Iterator[Story]:
    source = random.Random(_SPLIT_SEEDS[name])
    for position in range(SPLIT_SIZES[name]):
        level = LEVELS[position % len(LEVELS)]
        while True:
            story = draw_story(source, level)
            if story.question not in seen:
                seen.add(story.question)
                yield story
                break


def micro_problems(split: str, count: int | None = None) -> list[Problem]:
    """The embedded problems of a split.

    Args:
        split: "train" (500), "validation" (300) or "test" (1,500).
        count: how many, from the start; levels take turns, so that every prefix is balanced.

    Raises:
        InputError: unknown split, or more problems than it has.
    """
    from harness.micro.solutions import reference_solution

    if split not in SPLIT_SIZES:
        raise InputError(unknown_name("split of the micro problem set", split, SPLIT_SIZES))
    size = SPLIT_SIZES[split]
    if count is not None and not 0 < count <= size:
        raise InputError(f"the micro split {split!r} has {size} problems; {count} were asked for.")
    return [
        Problem(
            question=story.question,
            gold=str(story.answer),
            level=str(len(story.operations)),
            solution=reference_solution(story),
        )
        for story in split_stories()[split][:count]
    ]
