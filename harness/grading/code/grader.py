"""Grades programs: a stream of verdicts, in the order of what came in.

Several sandboxes run at once. One that hangs is killed at its deadline and costs the others
nothing; its own verdict is `undecided`, with the limit that it went over.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any

from harness.errors import InputError
from harness.grading.closing import Closing
from harness.grading.code.limits import DEFAULT_LIMITS, Limits
from harness.grading.code.probe import working_sandbox
from harness.grading.code.programs import OVER_THE_CAP, ProgramText, program_texts
from harness.grading.code.runtime import python_runtime
from harness.grading.code.trial import Ending, Job, run_trial
from harness.grading.verdict import Verdict
from harness.problems import Problem

# Changes whenever a verdict can change; recorded with every verdict.
CODE_GRADER_VERSION = "1"
_AHEAD = 4  # Items a sandbox: one in work, and enough waiting.
_SIGNALLED = 128


class CodeGrader(Closing):
    """Grades completions by the test programs of their problems. A context manager.

    Args:
        limits: what one program may use.
        workers: sandboxes at once; None: one a processor.
        sandbox: `bwrap` or `unshare`; None: whichever works here.

    Raises:
        InputError: no worker, or an unknown sandbox.
        EnvironmentFailure: no sandbox works here. Code is never run without one.

    Example:
        >>> problem = Problem("Add one.", "assert f(1) == 2")
        >>> with CodeGrader() as grader:  # doctest: +SKIP
        ...     [v.outcome for v in grader.grade([(problem, "def f(x): return x + 1")])]
        ['correct']
    """

    def __init__(
        self,
        limits: Limits = DEFAULT_LIMITS,
        *,
        workers: int | None = None,
        sandbox: str | None = None,
    ) -> None:
        self.workers = workers if workers is not None else len(os.sched_getaffinity(0))
        if self.workers < 1:
            raise InputError(f"{self.workers} workers were asked for; expected 1 or more.")
        self.limits = limits
        self.sandbox = working_sandbox(sandbox)
        self._threads = ThreadPoolExecutor(self.workers, thread_name_prefix="sandbox")
        self._closing = threading.Event()
        self._seen: dict[bytes, Verdict] = {}

    def identity(self) -> dict[str, Any]:
        """What identifies this grader: two of equal identity give equal verdicts."""
        return {
            "grader": "code",
            "version": CODE_GRADER_VERSION,
            "limits": self.limits.identity(),
            "sandbox": self.sandbox.kind,
            "python": python_runtime().version,
        }

    def grade(self, items: Iterable[tuple[Problem, str]]) -> Iterator[Verdict]:
        """Grades completions as they come; verdicts keep the order.

        Args:
            items: the problem, whose gold answer is a test program, and the completion of each
                sample.

        Raises:
            EnvironmentFailure: a sandbox does not start any more.
        """
        stream = iter(items)
        waiting: deque[Future[Verdict]] = deque()
        try:
            while True:
                room = self.workers * _AHEAD - len(waiting)
                for problem, completion in islice(stream, room):
                    waiting.append(self._threads.submit(self.grade_one, problem, completion))
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def grade_one(self, problem: Problem, completion: str) -> Verdict:
        """Grades one completion here and now; several threads may do so at once.

        Raises:
            EnvironmentFailure: a sandbox does not start any more.
        """
        content = f"{problem.id}\0{completion}".encode("utf-8", "surrogatepass")
        key = hashlib.sha256(content).digest()
        known = self._seen.get(key)
        if known is None:
            known = self._graded(problem, completion)
            if known.outcome != "undecided":
                self._seen[key] = known
        return known

    def _graded(self, problem: Problem, completion: str) -> Verdict:
        texts = program_texts(completion, problem.question)
        if not texts:
            return Verdict("wrong", None, "none", "extraction", "no program found")
        if texts[0].rule == OVER_THE_CAP:
            reason = "the completion is too long"
            return Verdict("undecided", None, OVER_THE_CAP, "extraction", reason)
        job = Job(tuple(text for _, text in texts), problem.gold, problem.question)
        return verdict_of(run_trial(self.sandbox, self.limits, job, self._closing.is_set), texts)

    def close(self) -> None:
        """Ends what runs."""
        self._closing.set()
        self._threads.shutdown(cancel_futures=True)


def verdict_of(ending: Ending, texts: list[ProgramText]) -> Verdict:
    """The verdict that the end of a trial is.

    Args:
        ending: of the trial.
        texts: those that were sent, in their order.
    """
    report, rule, answer = ending.report, "none", None
    chosen, characters = report.get("chosen"), report.get("characters")
    if isinstance(chosen, int) and isinstance(characters, int) and 0 <= chosen < len(texts):
        rule, answer = texts[chosen].rule, texts[chosen].text[:characters]
    stage = str(report.get("stage", "sandbox"))
    if ending.passed:
        return Verdict("correct", answer, rule, stage, "")
    if reason := _undecided_reason(ending):
        return Verdict("undecided", answer, rule, stage, reason)
    reason = str(report.get("failed") or report.get("ended"))
    if ending.status:
        end = ending.status - _SIGNALLED
        reason += f", by signal {end}" if end > 0 else f", with status {ending.status}"
    return Verdict("wrong", answer, rule, stage if answer is not None else "extraction", reason)


def _undecided_reason(ending: Ending) -> str:
    """Why the tests could not decide; empty where they did."""
    report = ending.report
    if ending.exceeded:
        return f"over the limit on {ending.exceeded}"
    if str(report.get("failed", "")).startswith("MemoryError"):
        return "over the limit on memory"
    if "unusable" in report:
        return f"the tests cannot be used: {report['unusable']}"
    if "failed" not in report and "ended" not in report:
        return f"the tests' process died: {ending.complaint or 'it said nothing'}"
    return ""
