"""Problems: a question with its gold answer, named by what it says.

The id is a hash of the content, so that the same problem has the same id in every file, on
every machine and in any order, and so that splits can be compared by id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

_ID_DIGITS = 16


@dataclass(frozen=True)
class Problem:
    """One problem.

    Attributes:
        question: the text that a model is asked, or "" where it is not known; the problem then
            needs an `external_id`.
        gold: the reference final answer, as text.
        level: difficulty as the data set names it ("1" … "5"), or "" where it has none.
        subject: subject as the data set names it, or "".
        solution: a reference chain of thought with its final answer (the `ground_truth`
            arm), or "" where the data set has none.
        external_id: the data set's own name for the problem, or "".
    """

    question: str
    gold: str
    level: str = ""
    subject: str = ""
    solution: str = ""
    external_id: str = ""

    @cached_property
    def id(self) -> str:
        """16 hexadecimal digits of the SHA-256 of question and gold answer.

        Where the question is not known, the data set's own name stands for it.
        """
        asked = self.question or f"\x00{self.external_id}"
        content = f"{asked}\x00{self.gold}".encode("utf-8", "surrogatepass")
        return hashlib.sha256(content).hexdigest()[:_ID_DIGITS]


def digest_of_problems(problems: Iterable[Problem]) -> str:
    """SHA-256 over the sorted ids: equal sets have equal digests, whatever their order."""
    return hashlib.sha256(
        "\n".join(sorted(problem.id for problem in problems)).encode()
    ).hexdigest()
