"""What the lm-eval tasks in `tasks/` share: documents with problem ids, prompts, examples.

A task's own `utils.py` names functions of this module and classes of `task_classes`, and nothing
else, so a prompt or a grading rule is never written twice. The tasks run under plain
`lm_eval --include_path tasks` wherever the harness is installed; nothing here needs an engine or
a run's folder.

Every document carries

* `problem_id`: the id of `harness.problems.Problem`, so that results can be paired by problem
  and test problems can be told from training problems;
* `question`, `gold`, `level`, `subject`.

The task adds `answer_format`: how the final answer stands in a completion (a format of
`harness.grading`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.errors import InputError
from harness.evaluation.task_rows import problems_of_rows
from harness.problems import Problem

if TYPE_CHECKING:
    from datasets import Dataset

PASS_AT_1 = "pass@1"
UNDECIDED = "undecided"

# GSM8K's validation problems: the last of its training split. A recipe takes its training
# problems from the start of a split, so `problems.train.count: 6973` leaves these out.
GSM8K_VALIDATION = 500


def document_of(problem: Problem, **more: str) -> dict[str, str]:
    """One document of a task; `more` are columns of its own."""
    return {
        "problem_id": problem.id,
        "question": problem.question,
        "gold": problem.gold,
        "level": problem.level,
        "subject": problem.subject,
        **more,
    }


def dataset_of(documents: Iterable[Mapping[str, str]]) -> Dataset:
    """Documents as a data set in memory: no download, no cache file that could be stale."""
    from datasets import Dataset

    return Dataset.from_list([dict(document) for document in documents])


def question_answer_prompt(document: Mapping[str, Any]) -> str:
    """The prompt `Q: …`, `A:`.

    A function and not a template in the YAML, because lm-eval compiles a template again for
    every document: that is two thirds of the time of scoring stored generations.
    """
    return f"Q: {document['question']}\nA:"


def minerva_prompt(document: Mapping[str, Any]) -> str:
    """The prompt `Problem: …`, `Solution:` of Minerva."""
    return f"Problem:\n{document['question']}\n\nSolution:"


def gsm8k_examples() -> list[dict[str, str]]:
    """The eight worked examples of lm-eval's `gsm8k_cot`, for `--num_fewshot`."""
    return _examples("lm_eval:gsm8k_cot", 8)


def minerva_examples() -> list[dict[str, str]]:
    """The four worked examples of lm-eval's `minerva_math`, for `--num_fewshot`."""
    return _examples("lm_eval:minerva_math", 4)


def _examples(source: str, count: int) -> list[dict[str, str]]:
    from harness.prompts import examples_of

    return [
        {"question": example.question, "solution": example.solution}
        for example in examples_of(source, count)
    ]


def every_sample(responses: Iterable[Sequence[str]], _documents: Any) -> list[list[str]]:
    """The filter of the sampled tasks: all samples of a document, where lm-eval keeps the first."""
    return [list(samples) for samples in responses]


def micro_dataset(**_options: Any) -> dict[str, Dataset]:
    """The test split of the embedded problem set.

    Args:
        _options: what lm-eval passes to every custom data set (the task's metadata).
    """
    from harness.micro import micro_problems

    return {"test": dataset_of(map(document_of, micro_problems("test")))}


def documents_of_rows(rows: Iterable[Mapping[str, Any]]) -> Dataset:
    """Documents from rows of GSM8K, MATH or MATH-500, in their order.

    Raises:
        InputError: rows that cannot be read.
    """
    return dataset_of(map(document_of, problems_of_rows(rows)))


def gsm8k_validation_documents(rows: Iterable[Mapping[str, Any]]) -> Dataset:
    """Documents from the last 500 rows of GSM8K's training split.

    Raises:
        InputError: there are fewer rows, or some that cannot be read.
    """
    problems = problems_of_rows(rows)
    if len(problems) < GSM8K_VALIDATION:
        raise InputError(
            f"the last {GSM8K_VALIDATION} training problems are to be held out, and there are "
            f"{len(problems)}."
        )
    return dataset_of(map(document_of, problems[-GSM8K_VALIDATION:]))
