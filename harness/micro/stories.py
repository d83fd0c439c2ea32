"""Stories: the structured form of the embedded problems, and its text.

A story is one person, one item and a chain of events. It renders to a question and can be
read back from it, which is what lets the verifier judge any stored sample from its question
alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

NAMES = ("Ann", "Bob", "Cid", "Dan", "Eva", "Fay", "Gus", "Hal", "Ian", "Joy", "Kim", "Leo",
         "Meg", "Ned", "Oli", "Pam")  # fmt: skip
ITEMS = ("eggs", "books", "hats", "cups", "keys", "toys", "pens", "coins")
GAINS = ("buys", "finds", "gets", "makes")
LOSSES = ("loses", "sells", "eats", "drops")
MAX_ANSWER = 99
FACTORS = {"doubles": 2, "triples": 3}

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
