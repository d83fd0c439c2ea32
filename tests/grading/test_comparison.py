"""Equality of answers: exact, symmetric where it should be, and never guessed."""

from __future__ import annotations

import gzip
import json
import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.grading import compare_answers
from harness.grading.comparison import exact_number
from tests.grading.pairs import PAIRS
from tests.grading.rewrites import mutations, rewrites

DATA = Path(__file__).parents[3] / "shared" / "data"
RATIONALS = st.fractions(max_denominator=10**6)
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data is not here")


@pytest.mark.parametrize(("gold", "answer", "equal"), PAIRS)
def test_pairs(gold: str, answer: str, equal: bool | None) -> None:
    """None: graders may differ, but nobody should accept it."""
    outcome = compare_answers(gold, answer).outcome
    assert (outcome == "correct") == bool(equal)


@pytest.mark.parametrize(("gold", "answer"), [p[:2] for p in PAIRS if p[2]])
def test_equality_is_symmetric(gold: str, answer: str) -> None:
    choice = re.search(r"\([A-E]\)|[A-E][.:]|option|answer", answer)
    if choice or answer in ("5000 m", "0.10000000000000001"):
        return  # Golds are taken at their word: no choice with text, no unit to guess.
    assert compare_answers(answer, gold).outcome == "correct"


@pytest.mark.parametrize(
    ("gold", "answer", "stage"),
    [
        ("18", "18", "raw"),
        ("(1, 2)", "\\left( 1,\\ 2 \\right).", "normalised"),
        ("\\frac12", "0.5", "number"),
        ("18", "18 dollars", "number"),
        ("\\$18", "18", "quantity"),
        ("C", "(C) 25", "choice"),
        ("(1,2)", "(1;2)", "group"),
        ("2\\sqrt3", "\\sqrt{12}", "expression"),
        ("2516_8", "2516", "numeral"),
        ("5", "5" + " " * 1000 + "6", "cap"),
        ("5", "5\x00", "cap"),
        ("5", "\ud800", "cap"),
        ("", "5", "gold"),
    ],
)
def test_the_stage_that_decides_is_recorded(gold: str, answer: str, stage: str) -> None:
    assert compare_answers(gold, answer).stage == stage


@given(text=st.text(min_size=1))
def test_a_text_equals_itself(text: str) -> None:
    assert compare_answers(text, text).outcome == ("correct" if text.strip() else "undecided")


@given(text=st.text(alphabet="0123456789abcxyz+-*/^(){}[]\\,.=<> $%|!_", max_size=30))
def test_any_text_gets_a_verdict_and_the_other_way_round_the_same(text: str) -> None:
    for other in ("5", "(1,2)", "x=3", "2x+1"):
        there, back = compare_answers(text, other), compare_answers(other, text)
        if text.strip():
            assert (there.outcome == "correct") == (back.outcome == "correct")


@given(value=RATIONALS)
def test_numbers_are_exact(value: Fraction) -> None:
    text = f"{value.numerator}/{value.denominator}"
    latex = f"\\frac{{{value.numerator}}}{{{value.denominator}}}"
    assert exact_number(text) == value
    assert compare_answers(text, latex).outcome == "correct"
    assert compare_answers(latex, f"x = {text}.").outcome == "correct"


@given(a=RATIONALS, b=RATIONALS, c=RATIONALS)
def test_sums_and_products_are_those_of_fractions(a: Fraction, b: Fraction, c: Fraction) -> None:
    def written(value: Fraction) -> str:
        return f"({value.numerator}/{value.denominator})"

    value = a * b + c
    formula = f"{written(a)}\\cdot{written(b)}+{written(c)}"
    assert compare_answers(f"{value.numerator}/{value.denominator}", formula).outcome == "correct"
    other = value + 1
    assert compare_answers(f"{other.numerator}/{other.denominator}", formula).outcome == "wrong"


@given(a=st.integers(0, 10**12), b=st.integers(0, 10**12))
def test_a_changed_digit_is_never_accepted(a: int, b: int) -> None:
    for form in ("{}", "${}$", "{}.0", "{:,}"):
        assert (compare_answers(form.format(a), str(b)).outcome == "correct") == (a == b)


@given(items=st.lists(st.integers(-99, 99), min_size=2, max_size=6), source=st.randoms())
@settings(max_examples=50)
def test_lists_in_any_order_tuples_in_theirs(items: list[int], source: object) -> None:
    shuffled = list(items)
    source.shuffle(shuffled)  # type: ignore[attr-defined]
    gold, answer = (", ".join(map(str, i)) for i in (items, shuffled))
    assert compare_answers(gold, answer).outcome == "correct"
    expected = "correct" if items == shuffled else "wrong"
    assert compare_answers(f"({gold})", f"({answer})").outcome == expected


@pytest.mark.parametrize(
    "text", ["9" * 10_000, "1/" + "9" * 10_000, "1/0", ".", "-", "1.2.3", "\u0665", "1,23"]
)
def test_what_is_no_bounded_number_is_none(text: str) -> None:
    assert exact_number(text) is None


@needs_data
def test_hand_made_cases() -> None:
    """182 hard pairs; the labels of conventions are the defaults here, so none may fail."""
    rows = [json.loads(line) for line in (DATA / "grading_cases.jsonl").read_text().splitlines()]
    mistakes = [
        (row["gold"], row["answer"])
        for row in rows
        if (compare_answers(row["gold"], row["answer"]).outcome == "correct") != row["equivalent"]
    ]
    assert mistakes == []


# Pairs of other graders' tests where we differ on purpose.
CONVENTIONS_OF_OTHERS = {
    # Inline mathematics does not span lines there; the values are equal.
    ("$9$", "Answer \\( \n 9 \n \\)"),
    # A tolerance of two digits; ours are exact unless `decimals` is given.
    (
        "$(\\begin{pmatrix}\\frac{1}{3}\\\\ \\frac{1}{5} \\end{pmatrix})$",
        "$\\begin{pmatrix}0.33\\\\0.2 \\end{pmatrix}$",
    ),
    ("$(\\frac{3}{5},\\frac{8}{3}]$", "$(0.6,2.6667]$"),
    # A number marked as money beats a later one there; a sentence's last number counts here.
    ("220", "Réponse: Janeth aura encore 220 $ à payer d'ici 12 mois."),
    # The order of lists counts there.
    ("0.1, 4, 2", "4, .1, 2"),
    # A fraction that is not reduced is no answer there, though it is equal.
    ("3245/5", "649"),
}


@needs_data
def test_pairs_of_other_graders() -> None:
    """207 pairs; whole responses are read as sentences, longer ones need a format."""
    with gzip.open(DATA / "answer_equivalence_pairs.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    mistakes = {
        (row["a"], row["b"])
        for row in rows
        if not row["label_conflict"]
        and len(row["b"]) <= 1000
        and (compare_answers(row["a"], row["b"]).outcome == "correct") != row["equivalent"]
    }
    assert mistakes <= CONVENTIONS_OF_OTHERS


def real_golds() -> list[str]:
    """Gold answers of GSM8K, and those that stand alone in the two sets of pairs."""
    golds = {gold for gold, _, _ in PAIRS}
    with gzip.open(DATA / "gsm8k_test.jsonl.gz", "rt") as lines:
        golds |= {json.loads(line)["answer"] for line in list(lines)[:400]}
    for line in (DATA / "grading_cases.jsonl").read_text().splitlines():
        golds.add(json.loads(line)["gold"])
    with gzip.open(DATA / "answer_equivalence_pairs.jsonl.gz", "rt") as lines:
        inner = (json.loads(line)["a"].strip("$ ") for line in lines)
        golds |= {text for text in inner if len(text) < 60 and "boxed" not in text}
    return sorted(gold for gold in golds if "$" not in gold and not gold.endswith("\\"))


@needs_data
def test_rewrites_of_real_golds_are_accepted_and_mutations_are_not() -> None:
    """The goals are under 0.5 % missed and under 0.3 % accepted; here: none of either."""
    golds = real_golds()
    pairs = [(gold, *rewrite) for gold in golds for rewrite in rewrites(gold)]
    missed = [pair for pair in pairs if compare_answers(pair[0], pair[2]).outcome != "correct"]
    changed = [(gold, *mutation) for gold in golds for mutation in mutations(gold)]
    accepted = [pair for pair in changed if compare_answers(pair[0], pair[2]).outcome == "correct"]
    assert len(golds) > 500 and len(pairs) > 5000 and len(changed) > 2500
    assert missed == []
    assert accepted == []
