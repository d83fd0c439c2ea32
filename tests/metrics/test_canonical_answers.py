"""Canonical answers: equal ones together, others apart, beside the labels of real pairs."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics.canonical_answers import canonical_answer
from tests.grading.pools_for_tests import DATA

TOGETHER = [
    ["x = 2", "2", "$2$", "2.0", "2 apples"],
    ["x+1", "1 + x", "$\\left(1+x\\right)$"],
    ["\\sqrt{8}", "2\\sqrt{2}", "\\sqrt 8"],
    ["5 dollars", "$5", "5", "\\$5.00"],
    ["(1,2)", "(1, 2)", "\\left( 1, 2 \\right)"],
    ["1, 2", "2 and 1", "\\{2, 1\\}", "x = 1 or x = 2"],
    ["\\frac{3}{4}", "0.75", "3/4", "\\dfrac34"],
    ["x^2-1", "(x-1)(x+1)"],
    ["Paris", "paris."],
    ["-1", "i^2"],
]


@pytest.mark.parametrize("answers", TOGETHER, ids=lambda answers: answers[0])
def test_spellings_of_one_answer_fall_together(answers: list[str]) -> None:
    assert len({canonical_answer(answer) for answer in answers}) == 1


def test_different_answers_stay_apart() -> None:
    answers = [one[0] for one in TOGETHER] + ["(2,1)", "[1,2]", "-x", "|x|", "10^{-400}", "0", "y"]
    assert len({canonical_answer(answer) for answer in answers}) == len(answers)


@given(st.integers(-(10**9), 10**9), st.integers(1, 400))
def test_numbers_are_by_value(above: int, below: int) -> None:
    value = Fraction(above, below)
    spellings = {
        f"{above}/{below}",
        f"{2 * above}/{2 * below}",
        f"${above}/{below}$",
        f"{'-' if above < 0 else ''}\\frac{{{abs(above)}}}{{{below}}}",
    }
    if value.denominator == 1:
        spellings |= {str(value.numerator), f"{value.numerator:,}", f"{value.numerator}.000"}
    assert len({canonical_answer(one) for one in spellings}) == 1
    assert canonical_answer(f"{above}/{below}") != canonical_answer(f"{above + 1}/{below}")


@given(st.text(st.sampled_from("0123xyi+-*/^(){}[]\\, .=<>$%|!"), max_size=30))
def test_no_text_is_too_strange(text: str) -> None:
    assert isinstance(canonical_answer(text), str)


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data is not here")
def test_pairs_of_graders_are_mostly_classed_alike() -> None:
    """Two classes for one answer lose votes, one class for two gains some: both are rare."""
    rows = [json.loads(line) for line in (DATA / "grading_cases.jsonl").open()]
    alike = {True: [0, 0], False: [0, 0]}
    for row in rows:
        same = canonical_answer(row["gold"]) == canonical_answer(row["answer"])
        alike[row["equivalent"]][same] += 1
    apart, together = alike[True]
    assert together / (apart + together) > 0.6
    assert alike[False][True] <= 2
