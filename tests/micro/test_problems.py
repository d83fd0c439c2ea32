"""The problem set: gold answers against another evaluator, splits, and reading back."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.micro import micro_problems
from harness.micro.problems import MAX_ANSWER, SPLIT_SIZES, draw_story
from harness.micro.stories import parse_question

SEEDS = st.integers(0, 2**32)
LEVELS = st.integers(1, 5)


def answer_of(question: str) -> int:
    """The answer by following the sentences one by one, with no use of the generator."""
    person = question.split(" has ")[0]
    value = 0
    for sentence in re.findall(r"[^.?]+[.?]", question):
        words = sentence.strip().rstrip(".?").split()
        if words[:1] == [person]:
            if words[1] == "has" and words[3] == "boxes":
                value = int(words[2]) * int(words[5])
            elif words[1] == "has":
                value = int(words[2])
            elif words[1] in ("doubles", "triples"):
                value *= {"doubles": 2, "triples": 3}[words[1]]
            elif words[1:] == ["gives", "half", "away"]:
                assert value % 2 == 0
                value //= 2
            else:
                value += int(words[2]) if words[-1] == "more" else -int(words[2])
        elif words[:2] == ["Each", "costs"]:
            value *= int(words[2])
    return value


def test_gold_answers_are_those_of_another_evaluator() -> None:
    for split in SPLIT_SIZES:
        for problem in micro_problems(split):
            assert int(problem.gold) == answer_of(problem.question), problem.question


@given(seed=SEEDS, level=LEVELS)
def test_a_story_is_read_back_from_its_question(seed: int, level: int) -> None:
    story = draw_story(random.Random(seed), level)
    assert parse_question(story.question) == story
    assert len(story.operations) == level
    assert 1 <= story.answer <= MAX_ANSWER


@given(text=st.text())
def test_any_other_text_is_no_story(text: str) -> None:
    assert parse_question(text) is None


def test_splits_share_nothing_and_are_the_same_every_time() -> None:
    splits = {name: micro_problems(name) for name in SPLIT_SIZES}
    ids = [problem.id for problems in splits.values() for problem in problems]
    assert len(ids) == len(set(ids)) == sum(SPLIT_SIZES.values())
    # Another machine must draw the same problems: the ids are part of every published pool.
    assert [problem.id for problem in splits["test"][:3]] == [
        "49f2579e5a0d5010",
        "df9fd76dcf85a0c3",
        "8b86737e28d87566",
    ]


@pytest.mark.parametrize("count", [5, 50, 250])
def test_every_prefix_is_balanced_and_nested(count: int) -> None:
    prefix = micro_problems("test", count)
    assert prefix == micro_problems("test")[:count]
    levels = [problem.level for problem in prefix]
    assert {levels.count(level) for level in "12345"} == {count // 5}


def test_unknown_splits_and_impossible_counts_are_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'train'"):
        micro_problems("trian")
    with pytest.raises(InputError, match="has 500 problems; 501"):
        micro_problems("train", 501)
