"""A graded pool as arrays: all that its metrics need, read from disk in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from harness.errors import InputError
from harness.metrics.answer_votes import AnswerVotes, WrongClasses, answer_votes
from harness.metrics.estimators import Floats, coverage_at_k, distinct_at_k
from harness.metrics.majority import MAJORITY_SAMPLES, majority_at_k
from harness.metrics.pool_rows import PoolRows, TokenSums, has_answers
from harness.metrics.solution_keys import KEYS, TEXT
from harness.metrics.solutions import Bools, Ints, Solutions, distinct_solutions
from harness.pool import Pool


@dataclass(frozen=True)
class PoolArrays:
    """What every metric of a pool is made of; problems in the pool's order.

    Attributes:
        problem_ids: of each problem.
        levels: of each problem, "" where there is none.
        subjects: of each problem, "" where there is none.
        samples: (problems,) samples drawn.
        refused: (problems,) whether the engine refused the problem for good: what it lacks
            counts as wrong.
        correct: (problems,) samples with the right answer.
        undecided_by_problem: (problems,) samples that the grader could not decide.
        unparsed: (problems,) samples in which no answer was found.
        false_positives: (problems,) right answers with a wrong chain; None without a verifier.
        tokens: as counted.
        solutions: distinct correct solutions, by key.
        votes: answers that are not correct; None where the grader compares no answers.
    """

    problem_ids: tuple[str, ...]
    levels: tuple[str, ...]
    subjects: tuple[str, ...]
    samples: Ints
    refused: Bools
    correct: Ints
    undecided_by_problem: Ints
    unparsed: Ints
    false_positives: Ints | None
    tokens: TokenSums
    solutions: Mapping[str, Solutions]
    votes: AnswerVotes | None

    @property
    def undecided(self) -> int:
        """Samples that the grader could not decide, in all."""
        return int(self.undecided_by_problem.sum())

    @property
    def largest_k(self) -> int:
        """The largest k of which every problem has as many samples, or was refused."""
        return int(np.min(self.samples[~self.refused], initial=np.max(self.samples, initial=0)))

    @cached_property
    def wrong_classes(self) -> WrongClasses:
        """Classes of answers that are not correct; made when first asked for.

        Raises:
            InputError: the grader compares no answers.
        """
        if self.votes is None:
            raise InputError("the grader compares no final answers, so there is no majority vote.")
        return self.votes.classes()

    def pass_at_1(self) -> Floats:
        """(problems,) share of correct samples."""
        return np.asarray(self.correct / np.maximum(self._sizes(1.0), 1))

    def coverage(self, k: float | Floats) -> Floats:
        """(problems,) or (problems, ks); k may be real.

        Raises:
            InputError: a problem has fewer than k samples.
        """
        return coverage_at_k(self.correct, self._sizes(float(np.max(k))), k)

    def distinct(self, k: float | Floats, key: str = TEXT) -> Floats:
        """(problems,) or (problems, ks) expected distinct correct solutions among k samples.

        Raises:
            InputError: a problem has fewer than k samples.
        """
        found = self.solutions[key]
        sizes = self._sizes(float(np.max(k)))
        return distinct_at_k(found.owners, found.multiplicity, sizes, k)

    def majority(self, k: int | Ints) -> Floats:
        """(problems,) or (problems, ks) probability that the correct answer wins among k samples.

        Raises:
            InputError: a problem has fewer than k samples, or the grader compares no answers.
        """
        wrong, sizes = self.wrong_classes, self._sizes(float(np.max(k)))
        return majority_at_k(wrong.owners, wrong.votes, self.correct, sizes, k)

    @cached_property
    def majorities(self) -> dict[int, Floats]:
        """(problems,) maj@k for each of `MAJORITY_SAMPLES` that is possible; no budget changes
        them. None are where the grader compares no answers.
        """
        possible = [k for k in MAJORITY_SAMPLES if k <= self.largest_k]
        if self.votes is None or not possible:
            return {}
        found = self.majority(np.array(possible, dtype=np.int64))
        return {k: found[:, place] for place, k in enumerate(possible)}

    def undecided_as_correct(self) -> PoolArrays:
        """The pool as it would be if every undecided sample were correct: the upper bound."""
        return self._bound

    @cached_property
    def _bound(self) -> PoolArrays:
        return replace(
            self,
            correct=self.correct + self.undecided_by_problem,
            undecided_by_problem=np.zeros_like(self.undecided_by_problem),
            solutions={key: one.undecided_as_correct() for key, one in self.solutions.items()},
            votes=self.votes and self.votes.undecided_as_correct(),
        )

    def chosen(self, places: Ints | Sequence[int]) -> PoolArrays:
        """Some of the problems, in the order of `places`, which are their positions here."""
        picked = np.asarray(places, dtype=np.int64)
        position = np.full(len(self.problem_ids), -1, dtype=np.int64)
        position[picked] = np.arange(len(picked))
        return PoolArrays(
            problem_ids=tuple(self.problem_ids[place] for place in picked),
            levels=tuple(self.levels[place] for place in picked),
            subjects=tuple(self.subjects[place] for place in picked),
            samples=self.samples[picked],
            refused=self.refused[picked],
            correct=self.correct[picked],
            undecided_by_problem=self.undecided_by_problem[picked],
            unparsed=self.unparsed[picked],
            false_positives=None if self.false_positives is None else self.false_positives[picked],
            tokens=self.tokens.chosen(picked),
            solutions={key: one.chosen(position) for key, one in self.solutions.items()},
            votes=self.votes and self.votes.chosen(position),
        )

    def _sizes(self, k: float) -> Ints:
        """Samples per problem; a problem that the engine refused has as many as the others.

        Raises:
            InputError: a problem has fewer than k samples.
        """
        short = np.flatnonzero(~self.refused & (self.samples < k))
        if len(short):
            fewest = short[np.argmin(self.samples[short])]
            raise InputError(
                f"{len(short):,} of {len(self.samples):,} problems have fewer than {k:g} samples "
                f"(problem {self.problem_ids[fewest]} has {self.samples[fewest]}).",
                f"Possible is k up to {self.largest_k}; for more, draw what is missing: "
                "harness pool extend POOL --samples K."
                if self.largest_k
                else "Draw what is missing: harness pool extend POOL --samples K.",
            )
        most = max(int(np.max(self.samples, initial=0)), int(np.ceil(k)))
        return np.where(self.refused, most, self.samples)


def pool_arrays(
    pool: Pool, *, grader: str = "answer", chain: bool = False, keys: Sequence[str] = (TEXT,)
) -> PoolArrays:
    """Reads a pool with its verdicts into arrays.

    Args:
        pool: a pool with a verdict on every sample.
        grader: whose verdicts.
        chain: whether to read those of the exact verifier too, for false positives.
        keys: what makes two solutions the same, of `solution_keys.KEYS`.

    Raises:
        InputError: the pool was not graded, or not throughout.
    """
    if unknown := set(keys) - set(KEYS):
        raise ValueError(f"unknown keys of solutions: {', '.join(sorted(unknown))}")
    rows = PoolRows(pool, grader)
    solutions = distinct_solutions(rows.texts(), keys) if keys else {}
    right, open_ = rows.outcomes == "correct", rows.outcomes == "undecided"
    failed = {failure.problem_id for failure in pool.failures()}
    count = len(pool.problems)

    def per_problem(marked: Bools | None = None) -> Ints:
        chosen = rows.owners if marked is None else rows.owners[marked]
        return np.bincount(chosen, minlength=count)

    return PoolArrays(
        problem_ids=tuple(problem.id for problem in pool.problems),
        levels=tuple(problem.level for problem in pool.problems),
        subjects=tuple(problem.subject for problem in pool.problems),
        samples=per_problem(),
        refused=np.array([problem.id in failed for problem in pool.problems], dtype=np.bool_),
        correct=per_problem(right),
        undecided_by_problem=per_problem(open_),
        unparsed=per_problem(rows.answers.is_null().to_numpy(zero_copy_only=False)),
        false_positives=per_problem(right & (rows.outcomes_of("chain") != "correct"))
        if chain
        else None,
        tokens=rows.token_sums(),
        solutions=solutions,
        votes=answer_votes(rows.owners, rows.answers, rows.outcomes)
        if has_answers(grader, rows.outcomes, rows.answers)
        else None,
    )
