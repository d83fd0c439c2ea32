"""Second readings of ambiguous answers: a decimal comma, a letter that is a unit, a phrase.

They are tried only where the first readings are not equal, one at a time, and only where the
other side makes them likely.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.grading.conventions import Conventions
from harness.grading.normalisation import plain_latex
from harness.grading.phrases import clock_in_words, in_figures, ordinal, ratio_in_words
from harness.grading.reader import read_answer
from harness.grading.readings import EMPTY_SET, Amount, Ratio, Reading
from harness.grading.units import LETTERS
from harness.grading.words import words_of

_DECIMAL_COMMA = re.compile(r"([-+]?\d+),(\d+)(?!,)")
_NO_SOLUTION = ("no solution", "no real solution", "no elements")
_UNIT_LETTER = re.compile(r"(.*\d) ([A-Za-z])")


def other_readings(
    gold: Reading, answer: Reading, gold_text: str, answer_text: str, options: Conventions
) -> Iterator[tuple[tuple[Reading, Reading], str]]:
    """Pairs of readings to try, and the reason to record.

    Args:
        gold: the first reading of the gold answer.
        answer: the first reading of the answer.
        gold_text: the gold answer.
        answer_text: the answer.
        options: the conventions.
    """
    if options.decimal_comma:
        if isinstance(gold, Amount) and (other := _comma_number(answer_text, options)):
            yield (gold, other), "decimal comma"
        if isinstance(answer, Amount) and (other := _comma_number(gold_text, options)):
            yield (other, answer), "decimal comma"
    if isinstance(gold, Amount) and isinstance(answer, Amount) and answer.unit is None:
        found = _UNIT_LETTER.fullmatch(plain_latex(answer_text, options))
        if found and found[2] in LETTERS and not re.search("[A-Za-z]", gold.text + found[1]):
            yield (gold, read_answer(f"{found[1]}\\text{{{found[2]}}}", options)), "a unit"
        if found and found[2] in LETTERS and gold.unit is not None:
            yield (gold, read_answer(f"{found[1]}\\text{{{found[2]}}}", options)), "a unit"
    yield from _phrases(gold, answer, gold_text, answer_text, options)


def _phrases(
    gold: Reading, answer: Reading, gold_text: str, answer_text: str, options: Conventions
) -> Iterator[tuple[tuple[Reading, Reading], str]]:
    """Readings of what is said in words."""
    plain_gold, plain_answer = plain_latex(gold_text, options), plain_latex(answer_text, options)
    if (gold == EMPTY_SET and words_of(plain_answer).folded in _NO_SOLUTION) or (
        answer == EMPTY_SET and words_of(plain_gold).folded in _NO_SOLUTION
    ):
        yield (gold, gold), "no solution"
    if not options.number_words:
        return
    if (place := ordinal(plain_gold)) is not None and place == ordinal(plain_answer):
        yield (gold, gold), "ordinals"
    if isinstance(gold, Ratio) and (said := _ratio_said(gold, plain_answer)):
        yield (gold, read_answer(said, options)), "a phrase"
    if isinstance(answer, Ratio) and (said := _ratio_said(answer, plain_gold)):
        yield (read_answer(said, options), answer), "a phrase"
    said_gold, said_answer = in_figures(plain_gold), in_figures(plain_answer)
    mine = gold if said_gold is None else read_answer(said_gold, options)
    other = answer if said_answer is None else read_answer(said_answer, options)
    for pair in ((gold, other), (mine, answer), (mine, other)):
        if pair != (gold, answer):
            yield pair, "a phrase"


def _ratio_said(ratio: Ratio, plain: str) -> str | None:
    """A text as a ratio, or as a time of day where the other side may be one."""
    return ratio_in_words(plain) or (clock_in_words(plain) if ratio.clock else None)


def _comma_number(text: str, options: Conventions) -> Reading | None:
    plain = plain_latex(text, options)
    found = _DECIMAL_COMMA.match(plain)
    if found is None:
        return None
    whole, part = found[1].lstrip("+-"), found[2]
    if whole != "0" and len(part) in (1, 3):  # As likely a list, or thousands.
        return None
    return read_answer(f"{found[1]}.{part}{plain[found.end() :]}", options)
