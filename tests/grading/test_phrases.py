"""Amounts in words: what is said is worth what it says, and no word that changes it is dropped."""

from __future__ import annotations

import random

import pytest

from harness.grading import compare_answers, conventions_of
from harness.grading.words import number_in_words

SAME = [
    ("18", "USD 18"), ("18", r"US\$18"), (r"\$18", "USD 18.00"), ("1800", "1.8 thousand"),
    ("2500000", "2.5 million"), ("2500000", r"2.5\text{ million}"), ("1000000", "a million"),
    (r"\$2500000", r"\$2.5 million"), ("5000000", "five million dollars"), ("60", "5 dozen"),
    ("12", "a dozen"), ("2500000", "about 2.5 million people live there"), ("5", "five apples"),
    ("49", "forty nine dollars"), ("105", "one hundred and five"), ("100", "100 (one hundred)"),
    ("5", "five (5)"), ("5", "exactly 5"), ("-3", "minus 3"), ("-3", "negative three"),
    ("0.5", "one half"), ("0.5", "half"), (r"\frac{2}{3}", "two-thirds"), ("1.5", "three halves"),
    ("0.25", "a quarter"), ("0.01", "one hundredth"), ("2.5", "two and a half"),
    (r"\frac52", "5 halves"), (r"\frac34", "3 out of 4"), (r"\frac34", "3 over 4"),
    (r"2.5\text{ hours}", "2 hours and 30 minutes"), ("150 minutes", "2 hours 30 minutes"),
    (r"5\text{ ft }3\text{ in}", "63 inches"), ("5.50", "5 dollars and 50 cents"),
    (r"60\text{ mph}", "60 miles per hour"), ("3:2", "3 to 2"), ("3:2", "6 to 4"),
    ("3:00", "3 o'clock"), (r"3:00\text{ PM}", "3 p.m."), (r"5^{\text{th}}", "5th"),
    ("first", "1st"), (r"\text{third}", "3rd"), (r"\emptyset", "no solutions"),
    ("|x-3|", "abs(x-3)"), (r"\|v\|", r"\lVert v \rVert"), (r"\|v\| = 5", "5"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&2\cr 3&4\end{pmatrix}"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1\\[4pt]2\end{pmatrix}"),
    ("(1,2,3)", r"\begin{pmatrix}1\\2\\3\end{pmatrix}"),
    (r"\begin{pmatrix}1&2\end{pmatrix}", r"\langle 1,2\rangle"),
    (r"x \equiv 1 \pmod{4}", r"x\equiv 1\ (\mathrm{mod}\ 4)"),
    (r"\mathbb{R}\setminus\{1\}", r"(-\infty,1)\cup(1,\infty)"),
]  # fmt: skip
OTHERS = [
    ("5", "5 million"), ("5000000", "5 thousand"), ("2.5", "about 2.5 million people live there"),
    ("5", "five hundred"), ("5", "5 hundred"), ("5", "five million"), ("5", "5 dozen"),
    ("105", "one hundred fifty"), ("30", "thirteen"), ("0.5", "one third"), ("3", "minus 3"),
    ("-3", "negative four"), ("2", "2 thirds"), ("2", "two thirds"), ("4", "4 fifths"),
    ("5", "5 halves"), ("5", "5 tenths"), ("5", "5 thousandths"), ("2", "2 squared"),
    ("2", "2 cubed"), ("5", "5 factorial"), ("3", "3 over 4"), ("3", "3 out of 4"),
    ("8", "8 choose 2"), ("5", "5 mod 7"), ("5", "five or six"), ("5", "at least 5"),
    ("5", "more than five"), ("5", "6 (five)"), ("6", "6 (five)"), ("1.5", "one and a third"),
    ("2.5", "2 hours 30 minutes 10"), (r"2.5\text{ hours}", "2 hours and 20 minutes"),
    (r"2.5\text{ hours}", "2 minutes and 30 hours"), ("3:2", "2 to 3"), ("3:00", "4 o'clock"),
    (r"3:00\text{ PM}", "3 a.m."), (r"\$18", "18 euros"), ("18", "EUR 18 or 19"),
    ("5\\text{th}", "6th"), ("second", "1st"), ("12", "12th"), (r"\emptyset", "0"),
    (r"60\text{ mph}", "60 km/h"), (r"\text{AB}", r"\text{BA}"), ("B", "(b)"), ("7", "about 7"),
    ("(1,2,3)", r"\begin{pmatrix}1\\3\\2\end{pmatrix}"),
    ("[1,2]", r"\begin{pmatrix}1\\2\end{pmatrix}"),
    ("(1,2,3,4)", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}"), ("5", "5M"), ("5", "5k"),
    (r"x\equiv1\pmod4", r"x\equiv 1\pmod 5"), ("-2", r"\begin{vmatrix}1&2\\3&5\end{vmatrix}"),
    (r"\mathbb{R}\setminus\{1\}", r"(-\infty,2)\cup(2,\infty)"),
    (r"\mathbb{R}\setminus\{1\}", r"(-\infty,1)\cup(1.5,\infty)"),
]  # fmt: skip


@pytest.mark.parametrize(("gold", "answer"), SAME)
def test_the_same_in_other_words(gold: str, answer: str) -> None:
    assert compare_answers(gold, answer).outcome == "correct"


@pytest.mark.parametrize(("gold", "answer"), OTHERS)
def test_a_word_that_changes_the_value_counts(gold: str, answer: str) -> None:
    assert compare_answers(gold, answer).outcome != "correct"


NO_ANSWERS_OF_FOUR = [
    "4 is wrong", "the answer is not 4", "the answer isn't 4", "it is not equal to 4",
    "the answer is 4, which is false", "it is less than 4", "the answer is at least 4",
    "anything except 4", "The answer is between 3 and 4", "The sum of 3 and 4", "answer: 4x",
    "the answer is 4 squared", "The answer is 4 million", "the answer is 4 times 5",
    "the answer is minus 4", "answer is negative 4", "the answer is 2 + 4", "it equals 10-4",
    "the answer is x=4y", "the probability is 3 in 4", "the ratio is 3:4", "the ratio is 1 to 4",
    "The time is 3:04", "the answer is the square root of 4", "the answer is half of 4",
    "the answer is 4 dozen", "the answer is 4^2", "the answer is 1/4", "the answer is 4.5",
    "the answer is 4!", "the answer is 3 * 4", "it is twice 4", "the answer is 4 - 1",
]  # fmt: skip
ANSWERS_OF_FOUR = [
    "The answer is 4.", "The answer is $4$.", "So there are 4 apples left", "Answer: 4",
    "answer = 4", "The final result is **4**", "the answer is 2+2=4", "the total is 4 dollars",
    "The value of x is 4", "it is not 10, it is 4", "the area is 4 m", "The answer is 4 meters",
]  # fmt: skip


@pytest.mark.parametrize("answer", NO_ANSWERS_OF_FOUR)
def test_a_part_of_a_sentence_is_not_its_answer(answer: str) -> None:
    assert compare_answers("4", answer).outcome != "correct"


@pytest.mark.parametrize("answer", ANSWERS_OF_FOUR)
def test_the_answer_of_a_sentence(answer: str) -> None:
    assert compare_answers("4", answer).outcome == "correct"


def test_the_sign_in_a_sentence_counts() -> None:
    assert compare_answers("-4", "the answer is minus 4").outcome == "correct"
    assert compare_answers("-4", "the answer is negative -4").outcome != "correct"


def test_number_words_are_a_convention() -> None:
    strict = conventions_of("default", {"number_words": False})
    for answer in ("2.5 million", "five apples", "two and a half million"):
        assert compare_answers("2500000", answer, strict).outcome != "correct"


ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def spoken(number: int, source: random.Random) -> str:
    """A number below 10^12 in English, with or without hyphens and "and"."""
    for scale, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand")):
        if number >= scale:
            rest = number % scale
            behind = f" {spoken(rest, source)}" if rest else ""
            return f"{spoken(number // scale, source)} {name}{behind}"
    if number >= 100:
        joint = source.choice([" and ", " "])
        behind = joint + spoken(number % 100, source) if number % 100 else ""
        return f"{ONES[number // 100]} hundred{behind}"
    if number >= 20:
        behind = source.choice("- ") + ONES[number % 10] if number % 10 else ""
        return TENS[number // 10 - 2] + behind
    return ONES[number]


def test_every_number_in_words_is_read() -> None:
    source = random.Random(5)
    numbers = [*range(1000), *(source.randrange(10 ** source.randint(3, 9)) for _ in range(500))]
    for number in numbers:
        text = spoken(number, source)
        if len(text.replace("-", " ").split()) <= 12:
            assert number_in_words(text) == number, text


@pytest.mark.parametrize(
    "text",
    ["", "and", "five five", "twenty twenty", "twenty ten", "hundred", "five thousand million",
     "zero five", "twenty zero", "five and", "one hundred two hundred", "fivety", "a", "million"],
)  # fmt: skip
def test_what_is_no_number_is_none(text: str) -> None:
    assert number_in_words(text) is None
