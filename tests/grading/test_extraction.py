"""Answers are found by the declared rule, on real model outputs and on hostile ones."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.grading import FORMATS, extract_answer, grade_completion
from harness.grading.extraction import NUMBER

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
        ("boxed", "\\boxed{5} " + "\\boxed{" * 100_000, "5", "boxed"),
        ("boxed", "\\boxed{[1, 2\\}}", "[1, 2\\}", "boxed"),
        ("boxed", "{ \\boxed{1} } \\boxed{\\boxed{2}", "2", "boxed"),
        ("boxed", "#### 9", "9", "hash"),
        ("gsm8k_cot", "The answer is $1,234.50. Q: next", "$1,234.50", "answer is"),
        ("gsm8k_cot", "the answer is 3.\nThe answer is 18, I think 7", "18", "answer is"),
        ("gsm8k_cot", "The answer is 3.\n\nQ: Next?\nA: The answer is 4.", "3", "answer is"),
        ("gsm8k_cot", "\u0130\u0130\u0130 The answer is 18 7", "18", "answer is"),
        ("gsm8k_cot", "The answer is .5", ".5", "answer is"),
        ("gsm8k_cot", "about 10-15", "15", "last number"),
        ("gsm8k_cot", "so 5 + 6 = 11", "11", "last number"),
        ("gsm8k_cot", "it is -$1,250" + ", as said" * 1000, "-$1,250", "last number"),
        ("minerva", "The final answer is $-\\frac14$. I hope it is correct.", "-\\frac14",
         "final answer is"),
        ("minerva", "Final Answer: The final answer is $(1, 2)$. I hope it is correct.\nProblem: "
         "The final answer is $5$. I hope it is correct.", "(1, 2)", "final answer is"),
        ("minerva", "The final answer is below. The final answer is $\\$5$. I hope it is correct.",
         "\\$5", "final answer is"),
        ("minerva", "The final answer is 1, 2, 3, ...\nbye", "1, 2, 3, ...", "final answer is"),
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


def test_an_answer_over_the_cap_is_undecided_and_never_cut_to_fit() -> None:
    verdict = grade_completion("5", "#### 5" + " " * 2000 + "6", "hash")
    assert (verdict.outcome, verdict.stage) == ("undecided", "cap")
    assert grade_completion("18", "1" * 2000 + "18", "gsm8k_cot").outcome == "undecided"


@given(
    text=st.text(alphabet="12,./-$ x", max_size=1200),
    number=st.from_regex(r"[1-9][0-9]{0,80}", fullmatch=True),
)
def test_the_last_number_is_that_of_one_scan_over_the_whole_text(text: str, number: str) -> None:
    whole = f"{text} {number} and so on{' .' * 300}"
    assert extract_answer(whole, "gsm8k_cot").answer == number
    every = [found[0] for found in NUMBER.finditer(text)]
    assert extract_answer(text, "gsm8k_cot").answer == (every[-1] if every else None)


def rows_of(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(DATA / name, "rt") as lines:
        yield from map(json.loads, lines)


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data is not here")
def test_published_flags_of_gsm8k_solutions_are_reproduced() -> None:
    """The authors' own flag on 5,276 solutions of two GPT-3 sizes, by the last number."""
    gold = {row["id"]: row["answer"] for row in rows_of("gsm8k_test.jsonl.gz")}
    rows = list(rows_of("gsm8k_openai_6b_175b.jsonl.gz"))
    verdicts = [grade_completion(gold[row["id"]], row["solution"], "gsm8k_cot") for row in rows]
    agree = [
        (v.outcome == "correct") == r["is_correct"] for v, r in zip(verdicts, rows, strict=True)
    ]
    assert (len(rows), sum(agree)) == (5276, 5276)
    # One solution runs off into a number of more than 1,000 digits.
    assert [v.stage for v in verdicts if v.outcome == "undecided"] == ["cap"]


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data is not here")
@pytest.mark.parametrize(
    ("model", "correct", "none"), [("gemma-2-9b-it", 1155, 1), ("gemma-2-27b-it", 1189, 0)]
)
def test_zeroeval_outputs_by_their_last_number(model: str, correct: int, none: int) -> None:
    """The authors read a JSON field and publish 1,153 (87.41 %) and 1,190 (90.22 %) of 1,319."""
    verdicts = [
        grade_completion(row["answer"], row["outputs"][0], "gsm8k_cot")
        for row in rows_of(f"zeroeval_gsm_{model}.jsonl.gz")
    ]
    assert len(verdicts) == 1319
    assert [v.outcome for v in verdicts].count("correct") == correct
    assert sum(v.answer is None for v in verdicts) == none
