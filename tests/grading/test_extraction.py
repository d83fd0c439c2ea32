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
from harness.grading.extraction_rules import NUMBER

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
        ("gsm8k_cot", "It is 3.\n\nQuestion: How many?\nThe answer is 4.", "3", "last number"),
        ("hash", "#### 7\r\nQuestion 2: Next\r\n#### 8", "7", "hash"),
        ("boxed", "Problem: this one.\n\\boxed{3}\nProblem: next\n\\boxed{4}", "3", "boxed"),
        ("boxed", "\\boxed{3}<|im_end|><|im_start|>user \\boxed{4}", "3", "boxed"),
        ("boxed", "\x1b[1m\\boxed{3}\x1b[0m", "3", "boxed"),
        ("boxed", "\\boxed {3} or \\fbox{4}", "4", "boxed"),
        ("boxed", "\\boxed{7} and the final answer is $5$", "7", "boxed"),
        ("json", '{"reasoning": "2", "answer": "18"}', "18", "json"),
        ("json", '{"answer": 18.5}', "18.5", "json"),
        ("json", '{"answer": "$\\\\frac{1}{2}$"}', "$\\frac{1}{2}$", "json"),
        ("json", '{"answer": "\\frac{1}{2}"}', "\\frac{1}{2}", "json"),
        ("json", '{"answer": "He has 27 red and 18 blue"}', "27", "json"),
        ("json", '{"answer": "say \\"5\\""}', "5", "json"),
        ("json", '{"answer": "\\u0035"}', "5", "json"),
        ("json", '{"answer": ["a", 2', '["a"', "json"),
        ("json", "no JSON, 18", None, "none"),
        ("json", '{"answer": "1"} then {"answer": "2"}', "2", "json"),
        ("aime", "so $m+n = \\boxed{025}$. ANSWER: 26", "025", "boxed"),
        ("aime", "ANSWER: 5\nANSWER: **026**", "026", "ANSWER:"),
        ("aime", "the answer is 26", None, "none"),
        ("choice", "The answer is (C).", "C", "answer is"),
        ("choice", "**Answer:** $\\boxed{\\text{B}}$", "B", "answer is"),
        ("choice", "Answer: A cat", "A", "answer is"),
        ("choice", "so it must be (D) 25", "D", "last letter"),
        ("choice", "first A.\nB\n", "B", "last letter"),
        ("choice", "a dog", None, "none"),
        ("markdown", "**Final Answer:** 12 cm", "12 cm", "heading"),
        ("markdown", "## Answer\n\n$x = 3$\n\nbye", "$x = 3$", "heading"),
        ("markdown", "Final answer: **42**", "42", "heading"),
        ("markdown", "It is **41**, no, **42**.", "42", "last bold"),
        ("markdown", "**3页**", "3页", "last bold"),
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
    assert found.rule in ("none", *(name for name, _ in FORMATS[format].rules))
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


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The answer is 4x.", "4x"),
        ("The answer is 4^{2}.", "4^{2}."),
        ("The answer is 4\\sqrt{3}", "4\\sqrt{3}"),
        ("The answer is 4 million.", "4 million"),
        ("The answer is 4:30.", "4:30"),
        ("The answer is 4:00.", "4"),
        ("The answer is 4 or 5", "4 or 5"),
        ("The answer is not 4", "not 4"),
        ("The answer is 4\u00b2", "4\u00b2"),
        ("The answer is 4\u0338.", "4\u0338."),
        ("The answer is 4\u200b0.", "40"),
        ("The answer is \u20664\u20690", "40"),
        ("The answer is 4!", "4"),
        ("The answer is 4 apples", "4"),
        ("The answer is 4. Next", "4"),
        ("The answer is 4\\%", "4"),
        ("The answer is $4$ and so", "$4"),
        ("so we have x^{4}", "x^{4"),
        ("so we have x_4", "x_4"),
    ],
)
def test_the_prefix_of_a_formula_is_no_number(text: str, answer: str) -> None:
    assert extract_answer(text, "gsm8k_cot").answer == answer


@pytest.mark.parametrize(
    "text", ["4.5", "4/5", "4x", "4 - 1", "4 = 5", "4\u200b0", "4!!", "4 or 5"]
)
def test_a_labelled_integer_is_a_whole_one(text: str) -> None:
    assert grade_completion("4", f"ANSWER: {text}", "aime").outcome != "correct"
    assert grade_completion("4", "ANSWER: 4. It is 5.", "aime").outcome == "correct"


@given(
    text=st.text(alphabet="12,./-$ ", max_size=1200),
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
    ("model", "accuracy"), [("gemma-2-9b-it", 87.41), ("gemma-2-27b-it", 90.22)]
)
def test_published_accuracies_of_zeroeval_are_reproduced(model: str, accuracy: float) -> None:
    """1,319 answers in a JSON field each, two models."""
    verdicts = [
        grade_completion(row["answer"], row["outputs"][0], "json")
        for row in rows_of(f"zeroeval_gsm_{model}.jsonl.gz")
    ]
    correct = sum(verdict.outcome == "correct" for verdict in verdicts)
    assert len(verdicts) == 1319
    assert round(100 * correct / 1319, 2) == accuracy


# The model that graded these erred, as the data's README says: `ANSWER: 0` against 026 and 064,
# and 5 against 005.
ERRORS_OF_THE_LABELS = {("026", "\\text{the answer is 0}"), ("064", "0"), ("005", "5")}


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data is not here")
def test_aime_integers() -> None:
    """1,440 chats of two models; all but the known errors of the labels agree."""
    differ = []
    for row in rows_of("epoch_otis_mock_aime_samples.jsonl.gz"):
        verdict = grade_completion(row["target"], row["completion"], "aime")
        if (verdict.outcome == "correct") != row["correct"]:
            differ.append((row["target"], verdict.answer))
    assert set(differ) == ERRORS_OF_THE_LABELS
    assert len(differ) == 6
