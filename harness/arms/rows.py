"""The rows of an arm: correct samples or reference solutions, in canonical order.

The order of the rows alone moves a finetuned model by points, so it never depends on when a
sample was drawn: problems in the problem set's order, samples by index.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from harness.grading import GRADER_VERSION
from harness.pool import Pool
from harness.problems import Problem
from harness.prompts import reference_completion, training_prompt
from harness.recipe import ModelCard, Recipe, Side

Row = dict[str, Any]

ARM_SCHEMA = pa.schema(
    [
        pa.field("problem_id", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("prompt", pa.string(), nullable=False),
        pa.field("completion", pa.string(), nullable=False),
        pa.field("gold", pa.string(), nullable=False),
        pa.field("level", pa.string()),
        pa.field("subject", pa.string()),
        pa.field("arm", pa.string(), nullable=False),
        pa.field("budget", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("generator", pa.string()),
        pa.field("generator_revision", pa.string()),
        pa.field("sample_index", pa.int32()),
        pa.field("seed", pa.int64()),
        pa.field("temperature", pa.float64()),
        pa.field("completion_tokens", pa.int32()),
        pa.field("grader", pa.string()),
        pa.field("outcome", pa.string()),
    ]
)


@dataclass(frozen=True)
class Selection:
    """Which samples of a pool an arm takes: of each problem the first ones, so many."""

    recipe: Recipe
    side: Side
    budget: str
    samples: Mapping[str, int]

    @property
    def card(self) -> ModelCard:
        """The generator's card."""
        return self.recipe.pair.wc if self.side == "wc" else self.recipe.pair.se


def sampled_rows(pool: Pool, selection: Selection) -> Iterator[Row]:
    """Correct samples among the first of every problem (paper, section 2: answers filtered).

    With `deduplicate: text` each distinct solution of a problem counts once, its first sample.
    """
    recipe, card = selection.recipe, selection.card
    problems = {problem.id: problem for problem in pool.problems}
    seen: set[tuple[str, str]] = set()
    for sample, outcome in _graded(pool):
        taken = selection.samples[sample["problem_id"]]
        if sample["sample_index"] >= taken or outcome != "correct":
            continue
        key = (sample["problem_id"], sample["completion"].strip())
        if recipe.arms.deduplicate == "text" and key in seen:
            continue
        seen.add(key)
        yield {
            **_problem_columns(problems[sample["problem_id"]], recipe),
            "arm": selection.side,
            "budget": selection.budget,
            "completion": sample["completion"],
            "source": "sample",
            "generator": card.id,
            "generator_revision": card.revision,
            "sample_index": sample["sample_index"],
            "seed": sample["seed"],
            "temperature": recipe.decoding.temperature,
            "completion_tokens": sample["completion_tokens"],
            "grader": f"answer {GRADER_VERSION} ({recipe.answer.format})",
            "outcome": outcome,
        }


def _graded(pool: Pool) -> Iterator[tuple[Mapping[str, Any], str]]:
    columns = ["problem_id", "sample_index", "completion", "seed", "completion_tokens"]
    outcomes = pool.verdicts("answer").column("outcome").to_pylist()
    yield from zip(pool.samples(columns).to_pylist(), outcomes, strict=True)


def reference_rows(problems: list[Problem], recipe: Recipe, budget: str) -> Iterator[Row]:
    """One row for every problem that comes with a reference solution."""
    for problem in problems:
        if problem.solution:
            yield {
                **_problem_columns(problem, recipe),
                "arm": "ground_truth",
                "budget": budget,
                "completion": reference_completion(recipe.prompt, problem.solution),
                "source": "reference",
            }


def _problem_columns(problem: Problem, recipe: Recipe) -> Row:
    return {
        "problem_id": problem.id,
        "question": problem.question,
        "prompt": training_prompt(recipe.prompt, problem.question),
        "gold": problem.gold,
        "level": problem.level,
        "subject": problem.subject,
    }
