"""Answers are found by the declared rule, on real model outputs and on hostile ones."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.grading import FORMATS, extract_answer, grade_completion

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.parametrize(
    ("format", "text", "answer", "rule"),
    [
        ("hash", " 1 + 1 = 2. #### 2", "2", "hash"),
        ("hash", "#### 3\n#### 4\nmore", "4", "hash"),
        ("hash", "so \\boxed{7}", "7", "boxed"),
        ("hash", "#### ", None, "none"),
        ("boxed", "\\boxed{1} then \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}", "boxed"),
        ("boxed", "\\boxed{5} and \\boxed{6", "5", "boxed"),
        ("boxed", "#### 9", "9", "hash"),
        ("gsm8k_cot", "The answer is $1,234.50. Q: next", "$1,234.50", "answer is"),
        ("gsm8k_cot", "the answer is 3.\nThe answer is 18, I think 7", "18", "answer is"),
        ("gsm8k_cot", "so 5 + 6 = 11", "11", "last number"),
        ("minerva", "The final answer is $-\\frac14$. I hope it is correct.", "-\\frac14",
         "final answer is"),
        ("minerva", "Final Answer: The final answer is $(1, 2)$. I hope it is correct.\nProblem: "
         "The final answer is $5$. I hope it is correct.", "(1, 2)", "final answer is"),
        ("minerva", "hence \\boxed{4}\nProblem:\n\\boxed{5}", "4", "boxed"),
    ],
)  # fmt: skip
def test_the_rule_that_fires_is_recorded(
    format: str, text: str, answer: str | None, rule: str
) -> None:
    found = extract_answer(text, format)
    assert (found.answer, found.rule) == (answer, rule)


def test_an_unknown_format_gets_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'hash'"):
        extract_answer("", "hsah")


@given(text=st.text(), format=st.sampled_from(sorted(FORMATS)))
def test_any_text_is_read(text: str, format: str) -> None:
    found = extract_answer(text, format)
    assert (found.answer is None) == (found.rule == "none")
    grade_completion("4", text, format)


@pytest.mark.parametrize("format", sorted(FORMATS))
@pytest.mark.parametrize(
    "text",
    ["\\boxed{" * 200_000, "1 " * 500_000, "1,111" * 200_000, "#" * 1_900_000,
     "the answer is " * 100_000, "\nProblem:" * 200_000, "{" * 1_900_000, "9" * 1_900_000,
     "final answer is $" * 100_000, "\ud800\x00" * 1000, "x" * 10_000_000],
    ids=range(11),
)  # fmt: skip
def test_hostile_texts_are_read_in_no_time(format: str, text: str) -> None:
    started = time.process_time()
    verdict = grade_completion("4", text, format)
    assert time.process_time() - started < 2.0
    assert verdict.outcome != "correct"


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data is not here")
def test_published_flags_of_gsm8k_solutions_are_reproduced() -> None:
    """The authors' own flag on 5,276 solutions of two GPT-3 sizes, by the last number."""
    gold = {}
    with gzip.open(DATA / "gsm8k_test.jsonl.gz", "rt") as lines:
        for line in lines:
            row = json.loads(line)
            gold[row["id"]] = row["answer"]
    agree = undecided = rows = 0
    with gzip.open(DATA / "gsm8k_openai_6b_175b.jsonl.gz", "rt") as lines:
        for line in lines:
            row = json.loads(line)
            verdict = grade_completion(gold[row["id"]], row["solution"], "gsm8k_cot")
            rows += 1
            undecided += verdict.outcome == "undecided"
            agree += (verdict.outcome == "correct") == row["is_correct"]
    assert rows == 5276
    assert undecided == 0
    assert agree == 5276
