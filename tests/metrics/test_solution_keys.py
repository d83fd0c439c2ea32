"""Keys of solutions: what is the same and what is not, and GSM8K's own calculator marks."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics.equations import equations_of
from harness.metrics.solution_keys import KEYS, normalised_text, solution_key
from tests.grading.pools_for_tests import shared_rows

SAME_TEXT = [
    ("**Answer:** $\\dfrac{1}{2}$, so x = 1,000.50.", "answer \\frac12 so X=1000.50"),
    ("She has 3 + 4 = 7 eggs.", "she has 3+4=7 eggs"),
    ("\\( x_{1} + x_2 \\)", "$x_1+x_{2}$"),
    ("x × y ≤ 3", "$x \\times y \\leq 3$"),
    ("A  well-known\n\nfact!", "a well known fact"),
    ("*Note* this: \\boxed{5}", "Note this 5"),
    ("\\left( 3 \\right)\\, \\text{cm}", "(3) cm"),
]
OTHER_TEXT = [
    ("1 2", "12"), ("1.5", "15"), ("3 - 4", "3 + 4"), ("x^2", "x_2"), ("2**3", "2*3"),
    ("-5", "5"), ("first add", "add first"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME_TEXT)
def test_look_does_not_tell_texts_apart(one: str, other: str) -> None:
    assert normalised_text(one) == normalised_text(other)


@pytest.mark.parametrize(("one", "other"), OTHER_TEXT)
def test_what_is_said_does(one: str, other: str) -> None:
    assert normalised_text(one) != normalised_text(other)


@given(st.text(st.sampled_from(" \n\t.,*_$\\{}-+=abX12"), max_size=40))
def test_keys_are_coarser_and_stable(text: str) -> None:
    once = normalised_text(text)
    assert normalised_text(f"  {text}\n") == once
    assert solution_key(text, "text") == text.strip()
    assert all(isinstance(solution_key(text, key), str) for key in KEYS)


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValueError, match="known are: text, normalised, equations"):
        solution_key("x", "embedding")


EQUATIONS = [
    ("She pays 48/2 = <<48/2=24>>24 clips.", ["48/2=24"]),
    ("48 clips / 2 = 24 clips in May.\nSo 48+24 = 72.", ["48/2=24", "48+24=72"]),
    ("$\\frac{48}{2} = 24$ and $48 + 24 = 72$", ["48/2=24", "48+24=72"]),
    ("3+4=<<3+4=7>>7+2=<<7+2=9>>9", ["3+4=7", "7+2=9"]),
    ("3 apples + 4 apples = 7 apples and 5 + 6 = 11", ["3+4=7", "5+6=11"]),
    ("She spent $1,000.00 * 2 = $2,000", ["1000*2=2000"]),
    ("1{,}000 + 2\\,000 = 3,000", ["1000+2000=3000"]),
    ("20% of 50 = 10, so 50*.20=10", ["0.2*50=10", "50*0.2=10"]),
    ("10\\% \\times 50 = 5", ["0.1*50=5"]),
    ("3 + 4 + 5 = 7 + 5 = 12", ["3+4+5=7+5", "7+5=12"]),
    ("Total cost = 3 + 4\n= 7 dollars.", ["3+4=7"]),
    ("\\begin{align*}\nx &= 3 + 4 \\\\ &= 7\n\\end{align*}", ["x=3+4", "3+4=7"]),
    ("1. 3 x 4 = 12\n- 12 ÷ 4 = 3\n* -3 + 10 = 7", ["3*4=12", "12/4=3", "-3+10=7"]),
    ("2x + 3 = 7 so (x+1)(x-2) = 0", ["2x+3=7", "(x+1)*(x-2)=0"]),
    ("$x^{2} - 5x + 6 = 0$, a + b = c", ["x^2-5x+6=0", "a+b=c"]),
    ("80 miles/hour * 2 hours=160 miles", ["80*2=160"]),
    ("\\[ \\sqrt{16} + 3 = **7** \\]", ["sqrt(16)+3=7"]),
    ("A = \\pi r^2 = \\pi (3)^2", ["A=pir^2", "pir^2=pi(3)^2"]),
    ("5! = 120", ["5!=120"]),
    ("2 + 2 = 4. Then 2 + 2 = 4.", ["2+2=4", "2+2=4"]),
    ("<<12=12>>12 boxes", ["12=12"]),
]
NO_EQUATIONS = [
    "There are 5 eggs.", "5 = 5", "x <= 5, y != 3", "tax + 3 = 7", "3 + 4 = a nice number",
    "= = =", "((((", "3 + = 7", "2 + 3 > 4 = 1", "",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), EQUATIONS)
def test_equations_are_found_in_one_spelling(text: str, expected: list[str]) -> None:
    assert equations_of(text) == Counter(expected)


@pytest.mark.parametrize("text", NO_EQUATIONS)
def test_what_is_no_equation_is_none(text: str) -> None:
    assert not equations_of(text)


NUMBER = st.integers(0, 10**6).map(lambda n: (str(n), f"{n:,}", f"{n}.00", f"${n}"))


@given(st.lists(NUMBER, min_size=2, max_size=5), NUMBER, st.data())
def test_spacing_and_number_formats_do_not_matter(
    terms: list[tuple[str, ...]], total: tuple[str, ...], data: st.DataObject
) -> None:
    space = st.sampled_from(["", " ", "  "])
    sums = ["".join(data.draw(space) + data.draw(st.sampled_from(one)) + data.draw(space) + sign
            for one, sign in zip(terms, [*"+" * (len(terms) - 1), "="], strict=True))]  # fmt: skip
    text = f"So we get{data.draw(space)} {sums[0]}{data.draw(st.sampled_from(total))} in all."
    assert list(equations_of(text)) == ["+".join(one[0] for one in terms) + "=" + total[0]]


def test_the_key_is_a_multiset() -> None:
    one = solution_key("3 + 4 = 7. 7 * 2 = 14.", "equations")
    assert solution_key("First 7*2=14, after 3+4=7", "equations") == one
    assert solution_key("3+4=7, 3+4=7, 7*2=14", "equations") != one
    assert solution_key("3 + 4 = 7.", "equations") != one


HOSTILE = [
    "(" * 90_000 + "=", "1,000" * 20_000 + "=1", "\\frac{" * 20_000 + "=", "a " * 90_000 + "=",
    "(aa" + "b" * 90_000 + "=", "<<" * 50_000, "\n" * 90_000 + "=", "()" * 50_000 + "=1",
    "**" * 50_000 + "a", "\\" * 90_000 + "=", "% " * 50_000 + "=", "^{" * 50_000 + "=",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:6])
def test_hostile_texts_are_read_in_linear_time(text: str) -> None:
    """Steps that grow with the square of the text would take many minutes here."""
    for key in ("normalised", "equations"):
        assert len(solution_key(text, key)) <= 2 * len(text)


MARK = re.compile(r"<<([^<>]*)>>")


def test_gsm8k_marks_are_the_equations() -> None:
    """The solutions mark every calculation; a reader without marks finds nearly all the same."""
    marks = found = same = 0
    rows = list(shared_rows("gsm8k_train"))[:1500]
    for row in rows:
        solution = row["solution"]
        inside = [mark for mark in MARK.findall(solution) if "=" in mark]
        equations = equations_of(solution)
        marks += len(inside)
        found += sum((equations & equations_of("\n".join(f"<<{m}>>" for m in inside))).values())
        plain = equations_of(MARK.sub("", solution))
        same += sum((plain & equations).values()) / max(1, sum(equations.values()))
        for mark in inside:
            left, _, right = mark.replace(" ", "").rpartition("=")
            if left.replace("+", "").isdigit() and right.isdigit() and "+" in left:
                spelled = "+".join(str(int(term)) for term in left.split("+") if term)
                assert f"{spelled}={int(right)}" in equations or not left[0].isdigit()
    assert found >= marks
    assert same / len(rows) > 0.93
