"""Grades many completions: a stream of verdicts, in the order of what came in.

Completions are graded in processes that can be killed, each with one more of its own for what
needs algebra. Pairs of gold and answer that were seen before, in this run or in an earlier one,
are not compared again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from harness.errors import InputError, Issues, unknown_name
from harness.grading.closing import Closing
from harness.grading.comparison import MAX_ANSWER_CHARACTERS, normalised
from harness.grading.conventions import DEFAULT_CONVENTIONS, Conventions
from harness.grading.extraction import FORMATS
from harness.grading.grading_pool import GradingPool
from harness.grading.identity import grader_identity
from harness.grading.memo import default_memo
from harness.grading.normalisation import plain_latex
from harness.grading.other_graders import comparison_named
from harness.grading.reader import read_answer
from harness.grading.readings import Opaque
from harness.grading.symbolic import DEADLINE_SECONDS, MEMORY_MIB
from harness.grading.symbolic_caps import refusal
from harness.grading.verdict import Verdict


class Grader(Closing):
    """Grades completions against gold answers. A context manager; one thread at a time.

    Args:
        format: how answers stand in completions, a key of `FORMATS`.
        options: conventions on what counts as the same answer.
        workers: processes that grade.
        comparison: `cascade`, or a grader of others: `math_verify`, `string_match`.
        deadline: seconds for one completion.
        memory_mib: address space of each process that grades, in MiB.
        memo: file that remembers comparisons; True: the user's own; False: none.

    Raises:
        InputError: unknown format or comparison, or no worker.

    Example:
        >>> with Grader("boxed", memo=False) as grader:
        ...     [verdict.outcome for verdict in grader.grade([("0.5", r"so \\boxed{\\frac12}")])]
        ['correct']
    """

    def __init__(
        self,
        format: str,
        options: Conventions = DEFAULT_CONVENTIONS,
        *,
        workers: int = 1,
        comparison: str = "cascade",
        deadline: float = DEADLINE_SECONDS,
        memory_mib: int = MEMORY_MIB,
        memo: bool | Path = True,
    ) -> None:
        if format not in FORMATS:
            raise InputError(unknown_name("answer format", format, FORMATS))
        if workers < 1:
            raise InputError(f"{workers} workers were asked for; expected 1 or more.")
        self.format, self.options, self.comparison = format, options, comparison
        self.workers, self.deadline, self.memory_mib = workers, deadline, memory_mib
        self.memo_path = default_memo() if memo is True else memo or None
        comparison_named(comparison)
        self._pool: GradingPool | None = None

    def identity(self) -> dict[str, Any]:
        """What identifies this grader: two of equal identity give equal verdicts."""
        return grader_identity(self.format, self.options, self.comparison)

    def _configuration(self) -> dict[str, Any]:
        """The arguments of this grader, as JSON, for processes that grade alone."""
        return {
            "format": self.format,
            "options": self.options.identity(),
            "comparison": self.comparison,
            "deadline": self.deadline,
            "memory_mib": self.memory_mib,
            "memo": str(self.memo_path) if self.memo_path else None,
        }

    def check_golds(self, golds: Iterable[str]) -> Issues:
        """Gold answers that no answer can be compared with: empty ones, or not understood.

        The caller decides: `raise_if_any` refuses them, and grading them gives verdicts that
        are correct only for the same text.
        """
        issues = Issues()
        for number, gold in enumerate(golds, start=1):
            if message := gold_fault(gold, self.options):
                issues.add(f"gold answer {number}", message)
        return issues

    def grade(self, pairs: Iterable[tuple[str, str]]) -> Iterator[Verdict]:
        """Grades completions as they come; verdicts keep the order.

        Args:
            pairs: gold answer and completion of each sample.

        Raises:
            EnvironmentFailure: a worker does not start.
        """
        self._pool = self._pool or GradingPool(self._configuration(), self.workers)
        yield from self._pool.grade(pairs)

    def close(self) -> None:
        """Ends the workers, once they have written the memo."""
        if self._pool:
            self._pool.close()
            self._pool = None


def gold_fault(gold: str, options: Conventions) -> str:
    """Why no answer can be compared with a gold answer; empty where it can."""
    if not normalised(gold[: MAX_ANSWER_CHARACTERS + 1], options):
        return "it is empty; no answer can be right."
    if len(gold) > MAX_ANSWER_CHARACTERS:
        return f"it has {len(gold):,} characters; expected {MAX_ANSWER_CHARACTERS} at most."
    plain = plain_latex(gold, options)
    if isinstance(read_answer(gold, options), Opaque) and refusal(plain, plain):
        return f"{gold[:80]!r} was not understood; only the same text counts as right."
    return ""
