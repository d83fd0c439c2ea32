"""An adaptive draw: which samples to ask for next, by the verdicts on those that are there.

Samples are graded as they arrive, with the recipe's own grader. Nothing is kept besides the
pool: a draw that goes on grades the pool's samples again and finds itself where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from harness.budget.allocation import next_block
from harness.grading.graders import GradeOne, answer_grader
from harness.pool import Pool, Sample
from harness.problems import Problem
from harness.recipe.schema import Answer, Until

Missing = list[tuple[str, list[int]]]


@dataclass(frozen=True)
class Stopping:
    """When the draw of a problem ends early, and how its answers are graded for that."""

    until: Until
    answer: Answer


@dataclass(frozen=True)
class Judged:
    """Whether a sample is correct; undecided ones are not."""

    problem_id: str
    sample_index: int
    correct: bool


@dataclass(slots=True)
class _Problem:
    """What is known of a problem's samples; bit i of a mask is sample i."""

    known: int = 0
    correct: int = 0
    asked: int = 0  # Samples below this index are there or asked for.
    left: int = 0

    def verdicts(self) -> list[bool]:
        """Of the samples from 0 on without a gap."""
        length = (~self.known & (self.known + 1)).bit_length() - 1
        return [bool(self.correct >> index & 1) for index in range(length)]


@dataclass
class AdaptiveWork:
    """The open problems of an adaptive draw.

    Attributes:
        stopping: when a problem is done.
        problems: what is drawn.
        largest: samples of a problem at most.
        left: how many samples are still to be drawn at most.
    """

    stopping: Stopping
    problems: Sequence[Problem]
    largest: int
    left: int = field(init=False, default=0)
    _by_id: dict[str, Problem] = field(init=False)
    _grade: GradeOne = field(init=False)
    _graded: int = field(init=False, default=-1)  # Samples of the pool; -1 before the first look.
    _states: dict[str, _Problem] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_id = {problem.id: problem for problem in self.problems}
        self._grade = answer_grader(self.stopping.answer)

    def restart(self, pool: Pool | None) -> Missing:
        """Looks at the pool afresh, and says what its problems lack now.

        Problems that the engine refuses for good are left out. A pool that has not grown since
        the last look is not graded again.
        """
        if pool is None:
            self._states, self._graded = {key: _Problem() for key in self._by_id}, 0
        elif len(pool) != self._graded:
            self._states, self._graded = {key: _Problem() for key in self._by_id}, len(pool)
            for judged in self._judged_pool(pool):
                self._note(judged)
        for failure in pool.failures() if pool is not None else ():
            self._states.pop(failure.problem_id, None)
        for state in self._states.values():
            state.asked = state.left = 0
        self.left = 0
        return self._following(self._states)

    def judge(self, samples: Iterable[Sample]) -> list[Judged]:
        """Grades samples; changes nothing, so it needs no lock."""
        return [self._judged(one.problem_id, one.sample_index, one.completion) for one in samples]

    def add(self, judged: Sequence[Judged]) -> Missing:
        """Takes samples in that are in the pool now; returns what is to be asked for next."""
        for one in judged:
            self._note(one)
        self._graded += len(judged)
        return self._following(dict.fromkeys(one.problem_id for one in judged))

    def drop(self, problem_id: str) -> None:
        """Leaves a problem as it is: the engine refuses it for good."""
        state = self._states.pop(problem_id, None)
        self.left -= state.left if state is not None else 0

    def _judged_pool(self, pool: Pool) -> Iterator[Judged]:
        for table in pool.batches(["problem_id", "sample_index", "completion"]):
            columns = (column.to_pylist() for column in table.columns)
            for problem_id, index, completion in zip(*columns, strict=True):
                yield self._judged(problem_id, index, completion)

    def _judged(self, problem_id: str, index: int, completion: str) -> Judged:
        row = self._grade(self._by_id[problem_id], completion)
        return Judged(problem_id, index, row["outcome"] == "correct")

    def _note(self, judged: Judged) -> None:
        state = self._states.get(judged.problem_id)
        if state is not None:
            state.known |= 1 << judged.sample_index
            state.correct |= judged.correct << judged.sample_index

    def _following(self, problem_ids: Iterable[str]) -> Missing:
        missing = []
        for problem_id in problem_ids:
            state = self._states.get(problem_id)
            if state is None:
                continue
            block = next_block(state.verdicts(), self.stopping.until.correct, self.largest)
            left = 0 if block is None else (~state.known & (1 << self.largest) - 1).bit_count()
            self.left += left - state.left
            state.left = left
            if block is not None and block.stop > state.asked:
                state.asked = block.stop
                missing.append((problem_id, [i for i in block if not state.known >> i & 1]))
        return missing
