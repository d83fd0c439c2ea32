"""The graders of pools, by name: each a stream of verdicts on problems and completions.

A pool keeps the verdicts of several graders side by side, a file each, so that ours can be held
against those of others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from harness.errors import InputError, unknown_name
from harness.grading.closing import Closing
from harness.grading.code import CodeGrader
from harness.grading.conventions import Conventions
from harness.grading.grader import Grader
from harness.grading.graders import CHAIN_VERIFIER_VERSION, chain_verdict, settled
from harness.grading.verdict import Verdict
from harness.problems import Problem

Item = tuple[Problem, str]
CASCADE = "cascade"


class PoolGrader(AbstractContextManager["PoolGrader"], Protocol):
    """Grades the samples of a pool. A context manager."""

    def identity(self) -> dict[str, Any]:
        """What identifies this grader: two of equal identity give equal verdicts."""

    def grade(self, items: Iterable[Item]) -> Iterator[Verdict]:
        """Grades completions as they come, each with its problem; verdicts keep the order."""


@dataclass(frozen=True)
class GraderSettings:
    """What a grader may need to know; each takes what concerns it.

    Attributes:
        workers: processes that grade.
        format: how answers stand in completions.
        options: conventions on what counts as the same answer.
        verifier: the exact verifier that settles what is undecided; None: there is none.
    """

    workers: int
    format: str
    options: Conventions
    verifier: str | None = None


class AnswerGrader(Closing):
    """Compares final answers with gold answers.

    Args:
        settings: format, conventions, workers and verifier.
        comparison: whose comparison: ours (`cascade`), or that of another grader.
    """

    def __init__(self, settings: GraderSettings, comparison: str = CASCADE) -> None:
        self._verifier = settings.verifier if comparison == CASCADE else None
        self._grader = Grader(
            settings.format, settings.options, workers=settings.workers, comparison=comparison
        )

    def identity(self) -> dict[str, Any]:
        """Format, conventions and versions."""
        if self._verifier is None:
            return self._grader.identity()
        return {**self._grader.identity(), "settled_by": verifier_identity(self._verifier)}

    def grade(self, items: Iterable[Item]) -> Iterator[Verdict]:
        """Grades completions as they come; verdicts keep the order.

        Raises:
            EnvironmentFailure: a worker does not start.
        """
        if self._verifier is None:
            yield from self._grader.grade((problem.gold, text) for problem, text in items)
            return
        waiting: deque[Item] = deque()

        def pairs() -> Iterator[tuple[str, str]]:
            for problem, text in items:
                waiting.append((problem, text))
                yield problem.gold, text

        for verdict in self._grader.grade(pairs()):
            yield settled(verdict, *waiting.popleft())

    def close(self) -> None:
        """Ends the workers."""
        self._grader.close()


class ChainGrader(Closing):
    """Checks the reasoning by the exact verifier of the embedded problems."""

    def __init__(self, settings: GraderSettings) -> None:
        self._verifier = settings.verifier or "micro"

    def identity(self) -> dict[str, Any]:
        """The verifier and its version."""
        return {"grader": "chain", **verifier_identity(self._verifier)}

    def grade(self, items: Iterable[Item]) -> Iterator[Verdict]:
        """Grades completions as they come.

        Raises:
            InputError: a problem that the verifier does not know.
        """
        for problem, text in items:
            verdict = chain_verdict(problem, text)
            if verdict.reason == "unknown problem":
                raise InputError(
                    f"problem {problem.id} is none of the embedded problem set, and the grader "
                    "'chain' verifies those only.",
                    "Grade this pool with --grader answer.",
                )
            yield verdict

    def close(self) -> None:
        """Nothing runs."""


def verifier_identity(verifier: str) -> dict[str, Any]:
    """The exact verifier, with its version."""
    return {"verifier": verifier, "version": CHAIN_VERIFIER_VERSION}


@dataclass(frozen=True)
class GraderKind:
    """A grader that a user can ask for.

    Attributes:
        make: builds it.
        comparison: how it compares final answers, a key of `COMPARISONS`; None: it does not,
            so format and conventions do not concern it.
    """

    make: Callable[[GraderSettings], PoolGrader]
    comparison: str | None = None


def _answers(comparison: str) -> GraderKind:
    return GraderKind(lambda settings: AnswerGrader(settings, comparison), comparison)


POOL_GRADERS: dict[str, GraderKind] = {
    "answer": _answers(CASCADE),
    "chain": GraderKind(ChainGrader),
    "code": GraderKind(lambda settings: CodeGrader(workers=settings.workers)),
    "math_verify": _answers("math_verify"),
    "string_match": _answers("string_match"),
}


def grader_kind(name: str) -> GraderKind:
    """A grader by its name.

    Raises:
        InputError: there is none; names the nearest.
    """
    if name not in POOL_GRADERS:
        raise InputError(unknown_name("grader", name, POOL_GRADERS))
    return POOL_GRADERS[name]
