"""The embedded problem set: short stories about one person, one item and a chain of events.

Problems are drawn from seeds, so a split is the same on every machine. A story is a value
(`Story`) that renders to a question and can be read back from it, which is what lets the
verifier judge any stored sample from its question alone.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from harness.errors import InputError, unknown_name
from harness.problems import Problem

NAMES = ("Ann", "Bob", "Cid", "Dan", "Eva", "Fay", "Gus", "Hal", "Ian", "Joy", "Kim", "Leo",
         "Meg", "Ned", "Oli", "Pam")  # fmt: skip
ITEMS = ("eggs", "books", "hats", "cups", "keys", "toys", "pens", "coins")
GAINS = ("buys", "finds", "gets", "makes")
LOSSES = ("loses", "sells", "eats", "drops")
FACTORS = {"doubles": 2, "triples": 3}
LEVELS = (1, 2, 3, 4, 5)

MAX_VALUE = 60
MAX_ANSWER = 99
_DISTRACTOR_PROBABILITY = 0.35
_BOXES_PROBABILITY = 0.25
_PRICE_PROBABILITY = 0.2

SPLIT_SIZES = {"train": 500, "validation": 300, "test": 1500}
_SPLIT_SEEDS = {"train": 101, "validation": 202, "test": 303}

Operator = Literal["+", "-", "*", "/"]


@dataclass(frozen=True)
class Operation:
    """One step of the plan.

    Attributes:
        operator: what is done to the running value.
        operand: with which number.
        label: the word that names the event in labelled solutions.
    """

    operator: Operator
    operand: int
    label: str

    def apply(self, value: int) -> int:
        """The next value; division is exact in every problem."""
        if self.operator == "+":
            return value + self.operand
        if self.operator == "-":
            return value - self.operand
        if self.operator == "*":
            return value * self.operand
        return value // self.operand


@dataclass(frozen=True)
class Story:
    """A problem in structured form.

    Attributes:
        person: whose items are counted.
        item: what is counted.
        start: the first number given.
        operations: the plan in the order of the story; "boxes" can only be the first, and
            "price" only the last.
        distractor: a sentence about somebody else, or "".
        distractor_place: behind how many of the story's sentences it stands (at least 1).
    """

    person: str
    item: str
    start: int
    operations: tuple[Operation, ...]
    distractor: str = ""
    distractor_place: int = 1

    @property
    def values(self) -> tuple[int, ...]:
        """The value after each operation."""
        value, values = self.start, []
        for operation in self.operations:
            value = operation.apply(value)
            values.append(value)
        return tuple(values)

    @property
    def answer(self) -> int:
        """The last value."""
        return self.values[-1]

    @property
    def question(self) -> str:
        """The story as text, with its question."""
        sentences = [self._opening(), *self._events()]
        if self.distractor:
            sentences.insert(self.distractor_place, self.distractor)
        if self.operations[-1].label == "price":
            price = self.operations[-1].operand
            asked = f"Each costs {price} dollars. What are they worth?"
        else:
            asked = f"How many {self.item} does {self.person} have now?"
        return " ".join([*sentences, asked])

    def _opening(self) -> str:
        if self.operations[0].label == "boxes":
            return (
                f"{self.person} has {self.start} boxes of {self.operations[0].operand} {self.item}."
            )
        return f"{self.person} has {self.start} {self.item}."

    def _events(self) -> list[str]:
        return [
            self._event(operation)
            for operation in self.operations
            if operation.label not in ("boxes", "price")
        ]

    def _event(self, operation: Operation) -> str:
        if operation.label in GAINS:
            return f"{self.person} {operation.label} {operation.operand} more."
        if operation.label in LOSSES:
            return f"{self.person} {operation.label} {operation.operand}."
        if operation.label in FACTORS:
            return f"{self.person} {operation.label} the {self.item}."
        return f"{self.person} gives half away."


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


_OPENING = re.compile(r"([A-Z][a-z]+) has (\d{1,3}) (?:boxes of (\d{1,3}) )?([a-z]+)\.")
_CHANGE = re.compile(r"([A-Z][a-z]+) ([a-z]+) (\d{1,3})( more)?\.")
_SCALING = re.compile(r"([A-Z][a-z]+) (doubles|triples) the ([a-z]+)\.")
_HALF = re.compile(r"([A-Z][a-z]+) gives half away\.")
_PRICE = re.compile(r"Each costs (\d{1,3}) dollars\. What are they worth\?")
_COUNT = re.compile(r"How many ([a-z]+) does ([A-Z][a-z]+) have now\?")
_MAX_QUESTION_CHARACTERS = 2000


def parse_question(question: str) -> Story | None:
    """Reads a story back from its text; None where the text is not such a story."""
    if len(question) > _MAX_QUESTION_CHARACTERS:
        return None
    body, asked = _split_asked(question)
    opening = _OPENING.match(body)
    if asked is None or opening is None:
        return None
    person, start, per_box, item = opening.groups()
    operations = [Operation("*", int(per_box), "boxes")] if per_box else []
    distractor, place, told = "", 1, 1
    for sentence in re.findall(r"[^.]+\.", body[opening.end() :]):
        text = sentence.strip()
        if not text.startswith(f"{person} "):
            distractor, place = text, told
            continue
        operation = _read_event(text)
        if operation is None:
            return None
        operations.append(operation)
        told += 1
    if asked.startswith("Each"):
        operations.append(Operation("*", int(asked.split()[2]), "price"))
    if not operations:
        return None
    story = Story(person, item, int(start), tuple(operations), distractor, place)
    return story if story.question == question.strip() else None


def _split_asked(question: str) -> tuple[str, str | None]:
    for pattern in (_PRICE, _COUNT):
        found = pattern.search(question)
        if found:
            return question[: found.start()].strip(), found.group(0)
    return question, None


def _read_event(sentence: str) -> Operation | None:
    if change := _CHANGE.fullmatch(sentence):
        verb, amount = change[2], int(change[3])
        if verb in GAINS and change[4]:
            return Operation("+", amount, verb)
        if verb in LOSSES and not change[4]:
            return Operation("-", amount, verb)
        return None
    if scaling := _SCALING.fullmatch(sentence):
        return Operation("*", FACTORS[scaling[2]], scaling[2])
    return Operation("/", 2, "half") if _HALF.fullmatch(sentence) else None


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
