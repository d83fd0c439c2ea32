"""What the embedded models are pretrained on: fresh stories with solutions, from a seed.

The stream never holds a question of the train, validation or test split. Early on it keeps to
low levels, clean solutions and drills in arithmetic; later a fifth of the documents comes
from the noise process, which is where false positives begin.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.micro.problems import LEVELS, draw_story, split_stories
from harness.micro.solutions import clean_solution, noisy_solution
from harness.micro.stories import Story

LEVEL_WEIGHTS = (0.30, 0.28, 0.20, 0.13, 0.09)
CURRICULUM_LEVEL_WEIGHTS = (0.50, 0.35, 0.15, 0.0, 0.0)
NOISY_SHARE = 0.20
CURRICULUM_SHARE = 0.30
TOKENIZER_DOCUMENTS = 6000
_DRILLS_A_ROW = 9
_TOKENIZER_SEED = 11


@dataclass(frozen=True)
class Document:
    """A row of pretraining: the loss is on the completion."""

    prompt: str
    completion: str


def prompt_of(question: str) -> str:
    """The prompt that the embedded models know."""
    return f"Q: {question}\nA:"


def held_out_questions() -> frozenset[str]:
    """Questions that no document may hold."""
    return frozenset(story.question for stories in split_stories().values() for story in stories)


def document_stream(seed: int, count: int, curriculum: bool) -> Iterator[Document]:
    """Yields `count` documents.

    Args:
        seed: of everything random in the stream.
        count: how many documents.
        curriculum: whether the first 30 % are easy and clean, with many drills.
    """
    source = random.Random(seed)
    held_out = held_out_questions()
    for number in range(count):
        progress = number / count
        easy = curriculum and progress < CURRICULUM_SHARE
        if source.random() < _drill_share(progress, curriculum):
            yield Document("", _drills(source))
            continue
        weights = CURRICULUM_LEVEL_WEIGHTS if easy else LEVEL_WEIGHTS
        story = _fresh_story(source, weights, held_out)
        noisy = not easy and source.random() < NOISY_SHARE
        text = noisy_solution(story, source)[0] if noisy else clean_solution(story, source)
        yield Document(prompt_of(story.question), text)


def _drill_share(progress: float, curriculum: bool) -> float:
    if not curriculum or progress >= CURRICULUM_SHARE:
        return 0.05
    return 0.30 if progress < CURRICULUM_SHARE / 2 else 0.15


def _fresh_story(
    source: random.Random, weights: tuple[float, ...], held_out: frozenset[str]
) -> Story:
    while True:
        story = draw_story(source, source.choices(LEVELS, weights)[0])
        if story.question not in held_out:
            return story


def _drills(source: random.Random) -> str:
    return "".join(f" {_drill(source)}." for _ in range(_DRILLS_A_ROW))


def _drill(source: random.Random) -> str:
    kind = source.random()
    if kind < 0.45:
        left, right = source.randint(1, 50), source.randint(2, 15)
        return f"{left} + {right} = {left + right}"
    if kind < 0.80:
        right = source.randint(2, 15)
        left = right + source.randint(1, 45)
        return f"{left} - {right} = {left - right}"
    if kind < 0.92:
        left, right = source.randint(2, 33), source.randint(2, 4)
        return f"{left} * {right} = {left * right}" if left * right < 100 else "2 * 3 = 6"
    half = source.randint(1, 30)
    return f"{2 * half} / 2 = {half}"


def write_documents(path: Path, documents: Iterator[Document]) -> None:
    """Writes documents as JSON lines, for the trainer."""
    with path.open("w", encoding="utf-8") as stream:
        for document in documents:
            stream.write(json.dumps([document.prompt, document.completion]) + "\n")


def tokenizer_documents() -> Iterator[Document]:
    """The documents that the tokenizer is trained on."""
    return document_stream(_TOKENIZER_SEED, TOKENIZER_DOCUMENTS, curriculum=False)
