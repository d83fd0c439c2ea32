"""Second readings of ambiguous answers: a decimal comma, a letter that is a unit.

They are tried only where the first readings are not equal, one at a time, and only where the
other side makes them likely.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.grading.conventions import Conventions
from harness.grading.normalisation import plain_latex
from harness.grading.reader import read_answer
from harness.grading.readings import Amount, Reading
from harness.grading.units import LETTERS

_DECIMAL_COMMA = re.compile(r"([-+]?\d+),(\d+)(?!,)")
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


def _comma_number(text: str, options: Conventions) -> Reading | None:
    plain = plain_latex(text, options)
    found = _DECIMAL_COMMA.match(plain)
    if found is None:
        return None
    whole, part = found[1].lstrip("+-"), found[2]
    if whole != "0" and len(part) in (1, 3):  # As likely a list, or thousands.
        return None
    return read_answer(f"{found[1]}.{part}{plain[found.end() :]}", options)
