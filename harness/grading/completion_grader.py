"""Grades completions one after the other, in the process that may be killed for it.

Nothing that a completion does may end the process but its death: what goes wrong in an item is
that item's verdict, `undecided` with the reason.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import EnvironmentFailure
from harness.grading.comparison import Comparison
from harness.grading.conventions import Conventions
from harness.grading.extraction import OVER_THE_CAP, Extraction, extract_answer
from harness.grading.identity import comparison_identity
from harness.grading.item_clock import ItemClock
from harness.grading.memo import Memo
from harness.grading.other_graders import comparer
from harness.grading.symbolic import TRANSIENT, SymbolicWorker
from harness.grading.verdict import NO_ANSWER, Outcome

Pair = tuple[str, str]
# The fields of a verdict, in their order: cheaper to make and to send than a `Verdict`.
Fields = tuple[Outcome, str | None, str, str, str]
_MOST_SEEN = 200_000  # Comparisons kept here; older ones are in the memo's file.
_SECONDS_BETWEEN_FLUSHES = 1.0


class TimedSymbolicWorker(SymbolicWorker):
    """The symbolic stage, within what is left of its item's time; its own start does not count."""

    def __init__(self, clock: ItemClock, memory_mib: int) -> None:
        super().__init__(clock.deadline, memory_mib)
        self._clock = clock

    def ask(self, gold: str, answer: str, *, plain: bool = False) -> Comparison:
        """Compares two texts; `plain`: by math-verify alone, as it comes.

        Raises:
            EnvironmentFailure: the worker does not start.
        """
        if not self.running:
            self._clock.idle()
            self.start()
            self._clock.go_on()
        return self.ask_within(self._clock.left(), gold, answer, plain=plain)


class CompletionGrader:
    """Made before the fork; `open` and what follows belong to the process that grades.

    Args:
        configuration: arguments of `Grader`, as JSON.
        clock: told which item is in work.
    """

    def __init__(self, configuration: Mapping[str, Any], clock: ItemClock) -> None:
        self._format = configuration["format"]
        options = Conventions(**configuration["options"])
        comparison = configuration["comparison"]
        self._clock = clock
        self._worker = TimedSymbolicWorker(clock, configuration["memory_mib"])
        self._compare = comparer(comparison, options, self._worker)
        self._identity = comparison_identity(options, comparison)
        self._memo_path = configuration["memo"]
        self._memo: Memo | None = None
        self._flushed = time.monotonic()
        self._seen: dict[Pair, Comparison] = {}
        self._new: dict[Pair, Comparison] = {}

    def open(self) -> None:
        """Opens the memo."""
        self._memo = Memo(Path(self._memo_path), self._identity) if self._memo_path else None

    def grade(self, job: int, pairs: Sequence[Pair]) -> Iterator[Fields]:
        """The verdicts' fields, in order.

        Args:
            job: the number by which the clock knows these pairs.
            pairs: gold answer and completion of each sample.

        Raises:
            EnvironmentFailure: the symbolic worker does not start.
        """
        clock = self._clock
        clock.begin(job)
        found = [self._extracted(place, text) for place, (_, text) in enumerate(pairs)]
        clock.idle()
        self._recall([(gold, one.answer) for (gold, _), one in zip(pairs, found, strict=True)])
        clock.begin(job)
        for place, ((gold, _), extraction) in enumerate(zip(pairs, found, strict=True)):
            clock.start(place)
            yield self._fields(gold, extraction)
        clock.idle()
        self._remember()

    def close(self) -> None:
        """Ends the symbolic worker and writes the memo."""
        self._worker.close()
        if self._memo:
            self._memo.close()

    def _extracted(self, place: int, completion: str) -> Extraction:
        self._clock.start(place)
        try:
            return extract_answer(completion, self._format)
        except Exception as problem:  # noqa: BLE001 (a stranger's text; one item, not the batch)
            return Extraction(None, f"failed: {_named(problem)}")

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

    def _remember(self) -> None:
        """Hands new comparisons to the memo, which may wait for other processes meanwhile."""
        new, self._new = self._new, {}
        if self._memo is None:
            return
        for pair, comparison in new.items():
            self._memo.remember(pair, comparison)
        if time.monotonic() - self._flushed > _SECONDS_BETWEEN_FLUSHES:
            self._memo.flush()
            self._flushed = time.monotonic()

    def _fields(self, gold: str, found: Extraction) -> Fields:
        answer, rule = found.answer, found.rule
        if answer is None:
            if rule == OVER_THE_CAP:
                return "undecided", None, rule, "extraction", "the completion is too long"
            if rule.startswith("failed"):
                return "undecided", None, "none", "extraction", rule
            return "wrong", None, rule, "extraction", NO_ANSWER
        compared = self._seen.get((gold, answer))
        if compared is None:
            compared = self._compared(gold, answer)
        outcome, stage, reason = compared
        return outcome, answer, rule, stage, reason

    def _compared(self, gold: str, answer: str) -> Comparison:
        try:
            compared = self._compare(gold, answer)
        except EnvironmentFailure:
            raise
        except Exception as problem:  # noqa: BLE001 (a stranger's text; one item, not the batch)
            return Comparison("undecided", "worker", f"failed: {_named(problem)}")
        if not compared.reason.startswith(TRANSIENT):
            self._seen[gold, answer] = compared
            if compared.stage != "raw":
                self._new[gold, answer] = compared
        return compared


def _named(problem: Exception) -> str:
    if isinstance(problem, MemoryError):
        return "over the cap on memory"
    return "nested too deep" if isinstance(problem, RecursionError) else type(problem).__name__
