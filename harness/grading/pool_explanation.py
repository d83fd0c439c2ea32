"""Why samples of a pool got their verdicts: what was extracted, and each stage's word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow.compute as pc

from harness.errors import InputError, nearest_names
from harness.grading.explanation import explain, found_by_rules
from harness.grading.extraction import FORMATS, MAX_CHARACTERS, own_part
from harness.grading.graders import settled
from harness.grading.pool_graders import GraderSettings, grader_kind
from harness.grading.pool_settings import AnswerSettings
from harness.grading.verdict import Verdict
from harness.pool import Pool
from harness.pool.verdicts import graders_of
from harness.problems import Problem

Document = dict[str, Any]
OURS = "answer"


def explain_problem(
    pool: Pool,
    name: str,
    sample_index: int | None,
    settings: AnswerSettings,
    grader: str = OURS,
) -> Document:
    """Grades the samples of one problem and tells how.

    Args:
        pool: the pool.
        name: the problem's id, or its external id.
        sample_index: which sample; None: all of them.
        settings: format, conventions and verifier.
        grader: whose verdicts, a key of `POOL_GRADERS`.

    Returns:
        The problem, and per sample its verdict, what each rule found, the characters that were
        cut off, the stages' words, and the verdicts that graders have recorded. Of ours also
        both answers without dress and as they were read.

    Raises:
        InputError: an unknown problem (the nearest are named), or no such sample.
        EnvironmentFailure: the grader does not start.
    """
    problem = find_problem(pool.problems, name)
    completions = _completions(pool, name, problem, sample_index)
    compares = grader_kind(grader).comparison is not None
    explained = _all_explained(grader, problem, list(completions.values()), settings)
    recorded = _recorded(pool, problem.id)
    return {
        "pool": str(pool.folder),
        "grader": grader,
        "format": settings.format if compares else None,
        "options": settings.options.identity() if compares else None,
        "problem": {
            "id": problem.id,
            "external_id": problem.external_id,
            "question": problem.question,
            "gold": problem.gold,
        },
        "samples": [
            {"sample_index": index, **document, "recorded": recorded.get(index, {})}
            for index, document in zip(completions, explained, strict=True)
        ],
    }


def _completions(
    pool: Pool, name: str, problem: Problem, sample_index: int | None
) -> dict[int, str]:
    """The completions to explain, by sample index."""
    found = {
        row["sample_index"]: row["completion"]
        for batch in pool.batches(["problem_id", "sample_index", "completion"])
        for row in batch.filter(pc.equal(batch["problem_id"], problem.id)).to_pylist()
    }
    if sample_index is None:
        return found
    if sample_index not in found:
        there = f"{min(found)} to {max(found)}" if found else "none"
        raise InputError(
            f"problem {name} has no sample {sample_index} in {pool.folder}; there are: {there}."
        )
    return {sample_index: found[sample_index]}


def _all_explained(
    grader: str, problem: Problem, completions: Sequence[str], settings: AnswerSettings
) -> list[Document]:
    texts = [completion[: MAX_CHARACTERS + 1] for completion in completions]
    if grader == OURS:
        return [_explained(problem, text, settings) for text in texts]
    kind = grader_kind(grader)
    asked = GraderSettings(1, settings.format, settings.options, settings.verifier)
    with kind.make(asked) as made:
        verdicts = list(made.grade((problem, text) for text in texts))
    return [
        _told(verdict, text, settings.format if kind.comparison else None)
        for verdict, text in zip(verdicts, texts, strict=True)
    ]


def _told(verdict: Verdict, completion: str, format: str | None) -> Document:
    """What a grader that is not ours says: its extraction, its verdict and its reason."""
    own = own_part(completion, FORMATS[format].sign) if format else completion
    found = found_by_rules(own, format) if format else {verdict.rule: verdict.answer}
    said = f"{verdict.outcome} {verdict.reason}".strip()
    return {
        "verdict": asdict(verdict),
        "found": found,
        "cut": len(completion) - len(own),
        "stages": [{"stage": verdict.stage, "said": said}],
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


def _recorded(pool: Pool, problem_id: str) -> dict[int, dict[str, Document]]:
    """What graders have recorded of each sample: by its index, then by the grader."""
    found: dict[int, dict[str, Document]] = {}
    for grader in graders_of(pool.folder):
        for row in _rows(pool, grader, problem_id):
            found.setdefault(row.pop("sample_index"), {})[grader] = row
    return found


def _rows(pool: Pool, grader: str, problem_id: str) -> Iterator[Document]:
    for table in pool.verdict_batches(grader):
        rows = table.filter(pc.equal(table["problem_id"], problem_id))
        yield from rows.drop_columns(["problem_id"]).to_pylist()
