"""Equality of answers: exact, symmetric, and never guessed."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.grading import compare_answers
from harness.grading.comparison import exact_number

DATA = Path(__file__).parents[3] / "shared" / "data"
RATIONALS = st.fractions(max_denominator=10**6)


@pytest.mark.parametrize(
    ("gold", "answer", "outcome"),
    [
        ("18", "18", "correct"),
        ("18", "18.", "correct"),
        ("18", "$18", "correct"),
        ("10,080", "10080", "correct"),
        ("1{,}234", "1234", "correct"),
        ("5", "\\text{5}", "correct"),
        ("\\frac12", "0.5", "correct"),
        ("\\frac12", "\\dfrac{1}{2}", "correct"),
        ("7/2", "3.50", "correct"),
        ("-5", "\u22125", "correct"),
        ("3", "03", "correct"),
        ("18", "19", "wrong"),
        ("1000000", "1000001", "wrong"),
        ("0.0000001", "0.0000002", "wrong"),
        ("\\frac13", "0.33333333", "wrong"),
        ("1,2,3", "123", "undecided"),
        ("12", "1 2", "undecided"),
        ("12", "1  2", "undecided"),
        ("12", "$1$$2$", "undecided"),
        ("12", "1\\,\\,2", "undecided"),
        ("01", "0,1", "undecided"),
        ("0,111", "0.111", "undecided"),
        ("(1,234)", "(1234)", "undecided"),
        ("(1, 2)", "\\left( 1,\\ 2 \\right).", "correct"),
        ("\\leftarrow", "\\rightarrow", "undecided"),
        ("5", "5" + " " * 1000 + "6", "undecided"),
        ("7", "7" * 100, "wrong"),
        ("36\\sqrt{3}", "36", "undecided"),
        ("50", "5_0", "undecided"),
        ("\\frac10", "\\frac20", "undecided"),
        ("(1,2)", "(2,1)", "undecided"),
        ("2516_8", "2516_7", "undecided"),
        ("0", "1E-999999999", "undecided"),
        ("123456789012345678901", "123456789012345678902", "wrong"),
        ("5", "", "wrong"),
    ],
)
def test_cases(gold: str, answer: str, outcome: str) -> None:
    assert compare_answers(gold, answer).outcome == outcome


@given(text=st.text(min_size=1))
def test_a_text_equals_itself(text: str) -> None:
    assert compare_answers(text, text).outcome == "correct"


@given(a=st.text(max_size=30), b=st.text(max_size=30))
def test_nothing_unlike_is_called_correct_by_accident(a: str, b: str) -> None:
    if compare_answers(a, b).outcome == "correct":
        assert [c for c in a if c.isalnum()] == [c for c in b if c.isalnum()] or (
            exact_number(a.strip()) is not None
        )


@given(value=RATIONALS)
def test_numbers_are_exact(value: Fraction) -> None:
    text = f"{value.numerator}/{value.denominator}"
    latex = f"\\frac{{{value.numerator}}}{{{value.denominator}}}"
    assert exact_number(text) == value
    assert compare_answers(text, latex).outcome == "correct"


@given(a=st.integers(0, 10**12), b=st.integers(0, 10**12))
def test_a_changed_digit_is_never_accepted(a: int, b: int) -> None:
    for form in ("{}", "${}$", "{}.0", "{:,}"):
        assert (compare_answers(form.format(a), str(b)).outcome == "correct") == (a == b)


@pytest.mark.parametrize(
    "text", ["9" * 10_000, "1/" + "9" * 10_000, "1/0", ".", "-", "1.2.3", "\u0665"]
)
def test_what_is_no_bounded_number_is_none(text: str) -> None:
    assert exact_number(text) is None


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data is not here")
def test_hand_made_cases_are_never_decided_wrongly() -> None:
    """182 hard pairs: whatever these first stages decide, outside conventions, is right."""
    rows = [json.loads(line) for line in (DATA / "grading_cases.jsonl").read_text().splitlines()]
    mistakes = [
        (row["gold"], row["answer"])
        for row in rows
        if row["convention"] is None
        and compare_answers(row["gold"], row["answer"]).outcome
        == ("wrong" if row["equivalent"] else "correct")
    ]
    assert mistakes == []
