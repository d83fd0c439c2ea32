"""Explanations say what was found, how it was read, and who decided."""

from __future__ import annotations

import pytest

from harness.errors import InputError
from harness.grading.explanation import explain


def test_every_rule_is_shown_and_the_cut_is_counted() -> None:
    completion = "so \\boxed{\\dfrac12}. #### 7\nProblem: next"
    found = explain("0.5", completion, "boxed")
    assert found.found == {"boxed": "\\dfrac12", "hash": "7"}
    assert found.cut == len("\nProblem: next")
    assert found.plain == ("0.5", "\\frac12")
    assert found.readings == ("amount", "amount")
    assert found.stages[0] == ("number", "correct")
    assert found.verdict.outcome == "correct"


def test_stages_agree_with_the_verdict() -> None:
    found = explain("\\sum_{k=1}^3 k", "\\boxed{6}", "boxed")
    assert [stage for stage, _ in found.stages] == ["none", "symbolic"]
    assert found.verdict.stage == "symbolic"
    assert found.stages[1][1].startswith("correct")


def test_without_an_answer_no_stage_was_asked() -> None:
    found = explain("5", "I do not know", "boxed")
    assert (found.stages, found.found) == ((), {"boxed": None, "hash": None})


def test_unknown_formats_get_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'json'"):
        explain("5", "", "jsn")
