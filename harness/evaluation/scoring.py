"""Scores one model's stored completions with lm-eval, and keeps every problem's result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.evaluation.chatter import chatter_to
from harness.evaluation.requests import Document, EvaluationTask
from harness.evaluation.tasks_support import PASS_AT_1, UNDECIDED

# Metrics with `aggregation: mean` have a closed-form standard error; this bounds the others.
_BOOTSTRAP_RESAMPLES = 1000


@dataclass(frozen=True)
class Scores:
    """What lm-eval found.

    Attributes:
        rows: one per document, in the task's order: problem_id, level, gold, completion,
            outcome ("correct", "wrong", "undecided") and answer (None where none was found).
        lm_eval: lm-eval's own results document.
    """

    rows: list[dict[str, Any]]
    lm_eval: dict[str, Any]

    def count(self, outcome: str) -> int:
        """How many documents had this outcome."""
        return sum(row["outcome"] == outcome for row in self.rows)


def score(
    task: EvaluationTask, completions: Mapping[str, str], information: Mapping[str, Any], log: Path
) -> Scores:
    """Runs lm-eval over stored completions.

    Args:
        task: what was asked.
        completions: the greedy completion of every prompt of the task.
        information: noted about the model in lm-eval's document.
        log: file that takes what lm-eval prints.

    Raises:
        InputError: the task's metric is not 0 or 1 per document.
    """
    # `evaluate` rather than `simple_evaluate`: the same scoring, without reseeding this
    # process's generators, without asking git about the working directory, and with the same
    # document for the same completions.
    from lm_eval.evaluator import evaluate
    from lm_eval.utils import handle_non_serializable

    from harness.evaluation.stored import StoredGenerations

    with chatter_to(log):
        results = evaluate(
            lm=StoredGenerations(completions),
            task_dict={"tasks": {task.name: task.task}},
            limit=task.limit,
            log_samples=True,
            bootstrap_iters=_BOOTSTRAP_RESAMPLES,
        )
    samples: Sequence[Mapping[str, Any]] = results.pop("samples")[task.name]
    results["config"] = {
        **information,
        "limit": task.limit,
        "bootstrap_iters": _BOOTSTRAP_RESAMPLES,
    }
    # What is not a number (an undefined metric or standard error) becomes null.
    text = json.dumps(results, default=handle_non_serializable)
    plain = json.loads(text, parse_constant=lambda _name: None)
    return Scores(_rows(task, samples), plain)


def _rows(task: EvaluationTask, samples: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    metric = PASS_AT_1 if PASS_AT_1 in samples[0]["metrics"] else samples[0]["metrics"][0]
    first_filter = samples[0]["filter"]
    kept = [sample for sample in samples if sample["filter"] == first_filter]
    return [
        _row(task.name, metric, document, sample)
        for document, sample in zip(task.documents, kept, strict=True)
    ]


def _row(name: str, metric: str, document: Document, sample: Mapping[str, Any]) -> dict[str, Any]:
    value = sample[metric]
    if value not in (0, 1):
        raise InputError(
            f"lm-eval task {name!r}: metric {metric!r} of problem {document.problem.id} is "
            f"{value!r}; expected 0 or 1 for every document: pass@1 counts solved problems.",
            f"Choose a task with the metric `{PASS_AT_1}`, or with an exact match first.",
        )
    outcome = "correct" if value else "undecided" if sample.get(UNDECIDED) else "wrong"
    return {
        "problem_id": document.problem.id,
        "level": document.problem.level,
        "gold": document.problem.gold,
        "completion": sample["resps"][0][0],
        "outcome": outcome,
        "answer": _answer(document, sample),
    }


def _answer(document: Document, sample: Mapping[str, Any]) -> str | None:
    """The extracted answer: by the document's format, else what the task's filters left."""
    if document.answer_format is None:
        return str(sample["filtered_resps"][0])
    from harness.grading import extract_answer

    answer: str | None = extract_answer(sample["resps"][0][0], document.answer_format).answer
    return answer
