"""What the lm-eval tasks in `tasks/` share: documents with problem ids, and the grader.

A task's own `utils.py` names functions of this module and nothing else, so a prompt or a
grading rule is never written twice. The tasks run under plain `lm_eval --include_path tasks`
wherever the harness is installed; nothing here needs an engine or a run's folder.

Every document carries

* `problem_id`: the id of `harness.problems.Problem`, so that results can be paired by problem
  and test problems can be told from training problems;
* `question`, `gold`, `level`, `subject`;
* `answer_format`: how the final answer stands in a completion (a format of
  `harness.grading`), which makes one grading function do for every task.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.problems import Problem

if TYPE_CHECKING:
    from datasets import Dataset

PASS_AT_1 = "pass@1"
UNDECIDED = "undecided"


def document_of(problem: Problem, answer_format: str) -> dict[str, str]:
    """One document of a task."""
    return {
        "problem_id": problem.id,
        "question": problem.question,
        "gold": problem.gold,
        "level": problem.level,
        "subject": problem.subject,
        "answer_format": answer_format,
    }


def dataset_of(problems: Iterable[Problem], answer_format: str) -> Dataset:
    """Problems as a data set in memory: no download, no cache file that could be stale."""
    from datasets import Dataset

    return Dataset.from_list([document_of(problem, answer_format) for problem in problems])


def question_answer_prompt(document: Mapping[str, Any]) -> str:
    """The zero-shot prompt `Q: …`, `A:`.

    A function and not a template in the YAML, because lm-eval compiles a template again for
    every document: that is two thirds of the time of scoring stored generations.
    """
    return f"Q: {document['question']}\nA:"


def minerva_prompt(document: Mapping[str, Any]) -> str:
    """The zero-shot prompt `Problem: …`, `Solution:` of Minerva."""
    return f"Problem:\n{document['question']}\n\nSolution:"


def micro_dataset(**_options: Any) -> dict[str, Dataset]:
    """The test split of the embedded problem set.

    Args:
        _options: what lm-eval passes to every custom data set (the task's metadata).
    """
    from harness.micro import micro_problems

    return {"test": dataset_of(micro_problems("test"), "hash")}


def gsm8k_documents(rows: Iterable[Mapping[str, Any]]) -> Dataset:
    """Documents from rows of `openai/gsm8k` (`question`, `answer` ending in `#### n`)."""
    from harness.problems.loading import problem_of_row
    from harness.recipe.schema import Columns

    columns = Columns(question="question", gold="answer", gold_format="hash", solution="answer")
    return dataset_of((problem_of_row(row, columns) for row in rows), "gsm8k_cot")


def math500_documents(rows: Iterable[Mapping[str, Any]]) -> Dataset:
    """Documents from rows of `HuggingFaceH4/MATH-500` (`problem`, `answer`, `level`, …)."""
    from harness.problems.loading import problem_of_row
    from harness.recipe.schema import Columns

    columns = Columns(question="problem", gold="answer", level="level", subject="subject")
    return dataset_of((problem_of_row(row, columns) for row in rows), "minerva")


def process_results(document: Mapping[str, Any], results: Sequence[str]) -> dict[str, float]:
    """Grades one completion: `pass@1` is 1 for a right final answer, else 0.

    `undecided` is 1 where the grader came to no verdict (a time-out, an answer over a cap);
    such a completion counts as not solved and is reported apart.
    """
    from harness.grading import grade_completion

    verdict = grade_completion(document["gold"], results[0], document["answer_format"])
    return {
        PASS_AT_1: float(verdict.outcome == "correct"),
        UNDECIDED: float(verdict.outcome == "undecided"),
    }
