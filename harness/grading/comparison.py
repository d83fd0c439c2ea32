r"""Whether an answer is the gold answer: cheap and exact steps first.

The steps here decide texts that are equal after harmless rewriting, and numbers. Two numbers
are compared as exact fractions; everything else that differs is left undecided, for a later
symbolic step, and never called wrong without having been understood.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from harness.grading.extraction import MAX_ANSWER_CHARACTERS

Outcome = Literal["correct", "wrong", "undecided"]

_MAX_DIGITS = MAX_ANSWER_CHARACTERS
_DIGITS = rf"\d{{1,{_MAX_DIGITS}}}"
_DECIMAL = re.compile(rf"([-+]?)({_DIGITS})?(?:\.({_DIGITS})?)?")
_QUOTIENT = re.compile(rf"([-+]?)({_DIGITS})/({_DIGITS})")
_LATEX_FRACTION = re.compile(rf"([-+]?)\\frac\{{([-+]?{_DIGITS})\}}\{{({_DIGITS})\}}")
_SHORT_FRACTION = re.compile(r"\\frac(\d)(\d)")
_THOUSANDS = re.compile(r"(?<![\d.,])([1-9]\d{0,2})((?:,\d{3})+)(?![\d,])")
_BRACKETS = re.compile(r"[(\[]|\\\{")
_WRAPPERS = re.compile(r"\\(?:text|mathrm|textbf|mathbf)\{([^{}]{0,500})\}")
_DELIMITERS = re.compile(r"\\(?:left|right)(?![A-Za-z])")
_DRESS = re.compile(r"(?:\s|~|\\?\$|(?<!\\)\\[,;!: ])+")
_REPLACED = (("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"), ("\u2212", "-"), ("{,}", ","))


@dataclass(frozen=True)
class Comparison:
    """An outcome, the stage that decided, and the reason where one is needed."""

    outcome: Outcome
    stage: str
    reason: str = ""


def compare_answers(gold: str, answer: str) -> Comparison:
    """Compares an extracted answer with the gold answer; accepts any two texts.

    Args:
        gold: the reference answer.
        answer: as extracted from a completion.
    """
    if gold == answer:
        return Comparison("correct", "raw")
    if max(len(gold), len(answer)) > MAX_ANSWER_CHARACTERS:
        return Comparison("undecided", "cap", f"over {MAX_ANSWER_CHARACTERS} characters")
    plain_gold, plain_answer = normalised(gold), normalised(answer)
    if plain_gold and plain_gold == plain_answer:
        return Comparison("correct", "normalised")
    number_gold, number_answer = exact_number(plain_gold), exact_number(plain_answer)
    if number_gold is not None and number_answer is not None:
        outcome: Outcome = "correct" if number_gold == number_answer else "wrong"
        return Comparison(outcome, "number")
    if not plain_answer:
        return Comparison("wrong", "normalised", "the answer is empty")
    return Comparison("undecided", "none", "needs symbolic comparison")


def normalised(text: str) -> str:
    """The answer without dress: dollars, spaces, `\\text`, `\\left`, a final full stop."""
    for old, new in _REPLACED:
        text = text.replace(old, new)
    text = _DELIMITERS.sub("", _WRAPPERS.sub(r"\1", text))
    text = _DRESS.sub(_between, text)
    text = text.removesuffix(".") if not text.endswith("..") else text
    text = _SHORT_FRACTION.sub(r"\\frac{\1}{\2}", text)
    if _BRACKETS.search(text):  # In a tuple "1,234" is two numbers.
        return text
    return _THOUSANDS.sub(lambda found: found[1] + found[2].replace(",", ""), text)


def _between(dress: re.Match[str]) -> str:
    """Nothing, but a space between two digits: "1 2" is not 12."""
    before, behind = (
        dress.string[dress.start() - 1 : dress.start()],
        dress.string[dress.end() : dress.end() + 1],
    )
    return " " if before.isdigit() and behind.isdigit() else ""


def exact_number(text: str) -> Fraction | None:
    """The number that a text is, exactly; None where it is none, or over the cap on digits."""
    if (found := _LATEX_FRACTION.fullmatch(text)) or (found := _QUOTIENT.fullmatch(text)):
        sign, above, below = found.groups()
    elif (found := _DECIMAL.fullmatch(text)) and (found[2] or found[3]):
        sign, whole, part = found[1], found[2] or "", found[3] or ""
        above, below = f"{whole}{part}", f"1{'0' * len(part)}"
    else:
        return None
    if not (above.isascii() and below.isascii()) or int(below) == 0:
        return None
    value = Fraction(int(above), int(below))
    return -value if sign == "-" else value
