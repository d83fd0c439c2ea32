"""One spelling for equal answers, cheap enough for every wrong answer of a large pool.

The grader compares each answer with the gold answer, never two answers of samples with each
other, so a majority vote needs a form that equal answers share. It follows the grader: exact
numbers first (1,000 is 1000.0, 0.5 is 1/2), then the text without its dress.
"""

from __future__ import annotations

from functools import lru_cache

from harness.grading.comparison import MAX_ANSWER_CHARACTERS, exact_number, normalised


@lru_cache(maxsize=100_000)
def canonical_answer(answer: str) -> str:
    """The form that tells classes of answers apart.

    Args:
        answer: as extracted; over the grader's cap on characters it stands for itself.
    """
    if len(answer) > MAX_ANSWER_CHARACTERS:
        return answer
    for text in (answer.strip(), normalised(answer)):
        number = exact_number(text)
        if number is not None:
            return str(number)
    return text
