"""Grading by a task's metadata is grading by a recipe's `answer`."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import InputError
from harness.evaluation.task_grading import TaskGrader, answer_of_task
from harness.grading.graders import answer_grader
from harness.problems import Problem
from harness.recipe.schema import Answer

TEXTS = ["The answer is 50%.", "The answer is 0.5.", "The answer is 50.", "The answer is 49.6.",
         "Nothing.", "So \\boxed{50\\%}", "The answer is \\sin(x)^2+\\cos(x)^2."]  # fmt: skip


@pytest.mark.parametrize(
    "grading",
    [
        {},
        {"format": "boxed"},
        {"options": {"percent": "fraction"}},
        {"options": {"percent": "ignored"}},
        {"options": {"problem_set": "gsm8k"}},
        {"options": {"decimals": 0}},
    ],
)
@pytest.mark.parametrize("gold", ["50\\%", "50", "0.5", "1"])
def test_verdicts_are_those_of_the_recipes_grader(grading: dict[str, Any], gold: str) -> None:
    answer = answer_of_task({"answer_format": "gsm8k_cot", "grading": grading})
    assert answer == Answer.model_validate({"format": "gsm8k_cot", **grading})
    grade_one = answer_grader(answer)
    problem = Problem("What share?", gold)
    found = TaskGrader(answer).verdicts({"question": "What share?", "gold": gold}, TEXTS)
    assert [vars(verdict) for verdict in found] == [grade_one(problem, text) for text in TEXTS]


def test_options_change_verdicts() -> None:
    outcomes = {}
    for percent in ("either", "fraction", "ignored"):
        metadata = {"answer_format": "boxed", "grading": {"options": {"percent": percent}}}
        grader = TaskGrader(answer_of_task(metadata))
        document = {"question": "?", "gold": "0.5"}
        texts = [rf"\boxed{{{answer}}}" for answer in (r"50\%", "0.5", "50")]
        outcomes[percent] = [v.outcome for v in grader.verdicts(document, texts)]
    assert outcomes == {
        "either": ["correct", "correct", "wrong"],
        "fraction": ["correct", "correct", "wrong"],
        "ignored": ["wrong", "correct", "wrong"],
    }


def test_an_exact_verifier_leaves_nothing_undecided() -> None:
    from harness.micro import micro_problems

    (problem, *_) = micro_problems("test", 1)
    document = {"question": problem.question, "gold": problem.gold}
    monstrous = f" {'x' * 2_000_001} #### {problem.gold}"
    plain = TaskGrader(answer_of_task({"answer_format": "hash"}))
    exact = TaskGrader(
        answer_of_task({"answer_format": "hash", "grading": {"chain_verifier": "micro"}})
    )
    assert [v.outcome for v in plain.verdicts(document, [monstrous])] == ["undecided"]
    assert [v.outcome for v in exact.verdicts(document, [monstrous])] != ["undecided"]


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InputError) as refused:
        answer_of_task(
            {"answer_format": "gsm8k_cot",
             "grading": {"options": {"percent": "half", "no_such": 1, "decimals": -1}, "x": 2}}
        )  # fmt: skip
    text = str(refused.value)
    for place in ("options.percent", "options.no_such", "options.decimals", "grading.x"):
        assert place in text
    with pytest.raises(InputError, match="keys of a recipe's `answer`"):
        answer_of_task({"answer_format": "hash", "grading": "boxed"})
    with pytest.raises(InputError, match=r"grading\.format: 'hsah'"):
        answer_of_task({"answer_format": "hsah"})
