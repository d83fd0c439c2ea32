"""Why samples of a pool got their verdicts: what was extracted, and each stage's word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow.compute as pc

from harness.errors import InputError, nearest_names
from harness.grading.explanation import explain
from harness.grading.extraction import MAX_CHARACTERS
from harness.grading.graders import settled
from harness.grading.pool_settings import AnswerSettings
from harness.pool import Pool
from harness.pool.verdicts import graders_of
from harness.problems import Problem

Document = dict[str, Any]


def explain_problem(
    pool: Pool, name: str, sample_index: int | None, settings: AnswerSettings
) -> Document:
    """Grades the samples of one problem and tells how.

    Args:
        pool: the pool.
        name: the problem's id, or its external id.
        sample_index: which sample; None: all of them.
        settings: format, conventions and verifier.

    Returns:
        The problem, and per sample its verdict, what each rule found, the characters that were
        cut off, both answers without dress and as they were read, each stage's word, and the
        verdicts that graders have recorded.

    Raises:
        InputError: an unknown problem (the nearest are named), or no such sample.
    """
    problem = find_problem(pool.problems, name)
    table = [
        row
        for batch in pool.batches(["problem_id", "sample_index", "completion"])
        for row in batch.filter(pc.equal(batch["problem_id"], problem.id)).to_pylist()
    ]
    indices = [row["sample_index"] for row in table]
    if sample_index is not None and sample_index not in indices:
        there = f"{indices[0]} to {indices[-1]}" if indices else "none"
        raise InputError(
            f"problem {name} has no sample {sample_index} in {pool.folder}; there are: {there}."
        )
    recorded = {grader: _recorded(pool, grader, problem.id) for grader in graders_of(pool.folder)}
    return {
        "pool": str(pool.folder),
        "format": settings.format,
        "options": settings.options.identity(),
        "problem": {
            "id": problem.id,
            "external_id": problem.external_id,
            "question": problem.question,
            "gold": problem.gold,
        },
        "samples": [
            {
                "sample_index": row["sample_index"],
                **_explained(problem, row["completion"], settings),
                "recorded": {
                    grader: found[row["sample_index"]]
                    for grader, found in recorded.items()
                    if row["sample_index"] in found
                },
            }
            for row in table
            if sample_index in (None, row["sample_index"])
        ],
    }


def find_problem(problems: Sequence[Problem], name: str) -> Problem:
    """The problem of an id or an external id.

    Raises:
        InputError: there is none; names the nearest.
    """
    for problem in problems:
        if name == problem.id:
            return problem
    named = [problem for problem in problems if problem.external_id == name]
    if len(named) == 1:
        return named[0]
    if named:
        ids = ", ".join(problem.id for problem in named[:5])
        raise InputError(f"{len(named)} problems are called {name!r}; give an id: {ids}")
    known = [one for problem in problems for one in (problem.id, problem.external_id) if one]
    near = nearest_names(name, known) or known[:3]
    raise InputError(
        f"the pool has no problem {name!r} among its {len(problems):,}; "
        f"did you mean {' or '.join(map(repr, near)) or 'another pool'}?"
    )


def _explained(problem: Problem, completion: str, settings: AnswerSettings) -> Document:
    found = explain(
        problem.gold, completion[: MAX_CHARACTERS + 1], settings.format, settings.options
    )
    verdict = found.verdict
    stages = [{"stage": stage, "said": said} for stage, said in found.stages]
    if settings.verifier is not None and verdict.outcome == "undecided":
        verdict = settled(verdict, problem, completion)
        stages.append(
            {"stage": verdict.stage, "said": f"{verdict.outcome} {verdict.reason}".strip()}
        )
    sides = ("gold", "answer")
    return {
        "verdict": asdict(verdict),
        "found": found.found,
        "cut": found.cut,
        "plain": dict(zip(sides, found.plain, strict=True)),
        "readings": dict(zip(sides, found.readings, strict=True)),
        "stages": stages,
    }


def _recorded(pool: Pool, grader: str, problem_id: str) -> dict[int, Document]:
    return {row.pop("sample_index"): row for row in _rows(pool, grader, problem_id)}


def _rows(pool: Pool, grader: str, problem_id: str) -> Iterator[Document]:
    for table in pool.verdict_batches(grader):
        rows = table.filter(pc.equal(table["problem_id"], problem_id))
        yield from rows.drop_columns(["problem_id"]).to_pylist()
