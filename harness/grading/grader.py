"""Grades many completions: a stream of verdicts, in the order of what came in.

With one worker the cheap stages run here, and only what needs algebra goes to a process that
can be killed. With more, whole completions go to that many processes of the same kind. Pairs
of gold and answer that were seen before, in this run or in an earlier one, are not compared
again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.errors import InputError, Issues, unknown_name
from harness.grading.batches import batches_of
from harness.grading.comparison import MAX_ANSWER_CHARACTERS, Comparison, normalised
from harness.grading.conventions import DEFAULT_CONVENTIONS, Conventions
from harness.grading.extraction import FORMATS, OVER_THE_CAP, Extraction, extract_answer
from harness.grading.grading_pool import GradingPool
from harness.grading.identity import comparison_identity, grader_identity
from harness.grading.memo import Memo, default_memo
from harness.grading.other_graders import comparer
from harness.grading.reader import read_answer
from harness.grading.readings import Opaque
from harness.grading.symbolic import DEADLINE_SECONDS, MEMORY_MIB, TRANSIENT, SymbolicWorker
from harness.grading.verdict import NO_ANSWER, Verdict

_CHUNK = 500
_MOST_SEEN = 200_000  # Comparisons kept here; older ones are in the memo's file.


class Grader:
    """Grades completions against gold answers. A context manager; one thread at a time.

    Args:
        format: how answers stand in completions, a key of `FORMATS`.
        options: conventions on what counts as the same answer.
        workers: processes that grade; 1 grades here.
        comparison: `cascade`, or a grader of others: `math_verify`, `string_match`.
        deadline: seconds for one symbolic comparison.
        memory_mib: address space of the process that compares, in MiB.
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
        self._worker = SymbolicWorker(deadline, memory_mib)
        self._compare = comparer(comparison, options, self._worker)
        compared_by = comparison_identity(options, comparison)
        self._memo = Memo(self.memo_path, compared_by) if self.memo_path else None
        self._pool: GradingPool | None = None
        self._seen: dict[tuple[str, str], Comparison] = {}

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
        if self.workers > 1:
            self._pool = self._pool or GradingPool(self._configuration(), self.workers)
            yield from self._pool.grade(pairs)
            return
        for chunk in batches_of(pairs, _CHUNK):
            found = [extract_answer(completion, self.format) for _, completion in chunk]
            self._recall([(gold, f.answer) for (gold, _), f in zip(chunk, found, strict=True)])
            for (gold, _), extraction in zip(chunk, found, strict=True):
                yield self._verdict(gold, extraction)
        if self._memo:
            self._memo.flush()

    def _recall(self, pairs: list[tuple[str, str | None]]) -> None:
        """Looks up what earlier runs compared."""
        if len(self._seen) > _MOST_SEEN:
            self._seen.clear()
        if self._memo is None:
            return
        new = {
            (gold, answer)
            for gold, answer in pairs
            if answer is not None and gold != answer and (gold, answer) not in self._seen
        }
        self._seen.update(self._memo.known(sorted(new)))

    def _verdict(self, gold: str, found: Extraction) -> Verdict:
        if found.answer is None:
            if found.rule == OVER_THE_CAP:
                reason = "the completion is too long"
                return Verdict("undecided", None, found.rule, "extraction", reason)
            return Verdict("wrong", None, found.rule, "extraction", NO_ANSWER)
        compared = self._seen.get((gold, found.answer))
        if compared is None:
            compared = self._compared(gold, found.answer)
        return Verdict(compared.outcome, found.answer, found.rule, compared.stage, compared.reason)

    def _compared(self, gold: str, answer: str) -> Comparison:
        compared = self._compare(gold, answer)
        if not compared.reason.startswith(TRANSIENT):
            self._seen[gold, answer] = compared
            if self._memo and compared.stage != "raw":
                self._memo.remember((gold, answer), compared)
        return compared

    def close(self) -> None:
        """Ends the workers and writes the memo."""
        if self._pool:
            self._pool.close()
            self._pool = None
        self._worker.close()
        if self._memo:
            self._memo.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def gold_fault(gold: str, options: Conventions) -> str:
    """Why no answer can be compared with a gold answer; empty where it can."""
    if not normalised(gold[: MAX_ANSWER_CHARACTERS + 1], options):
        return "it is empty; no answer can be right."
    if len(gold) > MAX_ANSWER_CHARACTERS:
        return f"it has {len(gold):,} characters; expected {MAX_ANSWER_CHARACTERS} at most."
    if isinstance(read_answer(gold, options), Opaque):
        return f"{gold[:80]!r} was not understood; only the same text counts as right."
    return ""
