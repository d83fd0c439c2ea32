"""Rows of several copies of MATH give the same problems; rows that cannot be read are all named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.evaluation.task_rows import problems_of_rows
from harness.problems import Problem

QUESTION = "What is $\\frac{1}{2}$ of $\\{2\\}$?"
GOLD = r"\frac{\sqrt{4}}{\text{two}}"
BOXED = rf"First \boxed{{0}}, but rather \boxed{{{GOLD}}}."
# The columns of EleutherAI/hendrycks_math and lighteval/MATH, of HuggingFaceH4/MATH-500, and of
# copies that mix them.
COPIES: dict[str, dict[str, Any]] = {
    "hendrycks": {"problem": QUESTION, "level": "Level 3", "type": "Algebra", "solution": BOXED},
    "MATH-500": {"problem": QUESTION, "solution": BOXED, "answer": GOLD, "subject": "Algebra",
                 "level": 3, "unique_id": "test/algebra/1.json"},
    "subject, no answer": {"problem": QUESTION, "solution": BOXED, "subject": "Algebra",
                           "level": "3"},
    "type and answer": {"problem": QUESTION, "solution": BOXED, "answer": GOLD, "type": "Algebra",
                        "level": 3.0},
    "answer alone": {"problem": QUESTION, "answer": GOLD, "type": "Algebra", "level": "level 3"},
    "null answer": {"problem": QUESTION, "solution": BOXED, "answer": None, "subject": "Algebra",
                    "level": 3},
    "null solution": {"problem": QUESTION, "solution": None, "answer": GOLD, "type": "Algebra",
                      "level": 3},
    "no box": {"problem": QUESTION, "solution": "One half.", "answer": GOLD, "type": "Algebra",
               "level": 3},
    "both subjects": {"problem": QUESTION, "solution": BOXED, "answer": GOLD, "subject": None,
                      "type": "Algebra", "level": 3},
}  # fmt: skip


@pytest.mark.parametrize("copy", COPIES)
def test_every_copy_of_math_gives_the_same_problem(copy: str) -> None:
    (found,) = problems_of_rows([COPIES[copy]])
    assert found == Problem(QUESTION, GOLD, "3", "Algebra")


def test_a_level_and_a_subject_may_be_missing() -> None:
    row = {"problem": "1+1?", "solution": r"\boxed{2}", "level": None, "type": None}
    assert problems_of_rows([row]) == [Problem("1+1?", "2")]
    assert problems_of_rows([{**row, "level": "Level ?"}]) == [Problem("1+1?", "2", "?")]


@given(st.lists(st.sampled_from(["good", "no box", "no question"]), min_size=1, max_size=40))
def test_each_row_that_cannot_be_read_is_counted_and_the_first_are_named(kinds: list[str]) -> None:
    good = {"problem": "1+1?", "solution": r"\boxed{2}", "level": "1", "type": "Algebra"}
    changed = {"good": {}, "no box": {"solution": "2"}, "no question": {"problem": " "}}
    rows = [{**good, **changed[kind]} for kind in kinds]
    bad = [number for number, kind in enumerate(kinds) if kind != "good"]
    if not bad:
        assert len(problems_of_rows(rows)) == len(rows)
        return
    with pytest.raises(InputError, match=f"{len(bad)} of {len(rows)} rows cannot be read") as said:
        problems_of_rows(rows)
    assert [issue.where for issue in said.value.issues] == [f"row {one}" for one in bad[:10]]


def test_rows_of_another_kind_are_refused_once() -> None:
    rows = [{"prompt": "1+1", "target": "2"}] * 3
    with pytest.raises(InputError, match=r"have the columns prompt, target; expected") as refused:
        problems_of_rows(rows)
    assert str(refused.value).count("prompt, target") == 1
    with pytest.raises(InputError, match="expected those of GSM8K"):
        problems_of_rows([{"problem": "1+1"}])
