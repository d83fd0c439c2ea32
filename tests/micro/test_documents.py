"""The pretraining stream: from a seed, apart from every split, and as noisy as it says."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.micro import documents as documents_module
from harness.micro import micro_problems
from harness.micro.documents import Document, document_stream, prompt_of
from harness.micro.problems import SPLIT_SIZES
from harness.micro.schedules import BATCH_DOCUMENTS, SCHEDULES
from harness.micro.stories import parse_question
from harness.micro.verifier import verify_chain


def test_equal_seeds_give_equal_streams() -> None:
    assert list(document_stream(3, 200, True)) == list(document_stream(3, 200, True))
    assert list(document_stream(3, 200, True)) != list(document_stream(4, 200, True))


def _overlap() -> int:
    held_out = {prompt_of(p.question) for split in SPLIT_SIZES for p in micro_problems(split)}
    cycle = SCHEDULES["wc"].cycles[0]
    stream = document_stream(cycle.seed, cycle.steps * BATCH_DOCUMENTS, cycle.curriculum)
    return len(held_out & {document.prompt for document in stream})


def test_no_document_holds_a_problem_of_a_split(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _overlap() == 0
    # Easy stories are few enough for a stream to hit the splits by chance, if it may.
    monkeypatch.setattr(documents_module, "held_out_questions", frozenset)
    assert _overlap() > 5


def test_the_curriculum_begins_easy_and_clean() -> None:
    documents = list(document_stream(9, 4000, True))
    easy, later = documents[:1200], documents[1200:]
    assert _noisy_share(easy) == 0.0
    # A fifth comes from the noise process, and most of those hold an error.
    assert 0.08 < _noisy_share(later) < 0.20
    assert set(_levels(easy)) == {1, 2, 3}
    assert set(_levels(later)) == {1, 2, 3, 4, 5}


def test_drills_are_right() -> None:
    drills = [d.completion for d in document_stream(9, 1000, True) if not d.prompt]
    assert len(drills) > 50
    for line in drills:
        for equation in line.strip().rstrip(".").split(". "):
            left, operator, right, _, result = equation.split()
            values = {"+": int(left) + int(right), "-": int(left) - int(right),
                      "*": int(left) * int(right), "/": int(left) / int(right)}  # fmt: skip
            assert values[operator] == int(result)


def _questions(documents: list[Document]) -> list[tuple[str, str]]:
    return [
        (d.prompt.removeprefix("Q: ").removesuffix("\nA:"), d.completion)
        for d in documents
        if d.prompt
    ]


def _noisy_share(documents: list[Document]) -> float:
    verdicts = [
        verify_chain(question, text).chain_correct for question, text in _questions(documents)
    ]
    return verdicts.count(False) / len(verdicts)


def _levels(documents: list[Document]) -> Counter[int]:
    stories = [parse_question(question) for question, _ in _questions(documents)]
    return Counter(len(story.operations) for story in stories if story)


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_fit_the_engines(name: str) -> None:
    shape = SCHEDULES[name].shape
    assert shape.hidden == 32 * shape.heads
