"""The test split as an lm-eval task defines it: documents, prompts and how to generate.

The task is built once, by lm-eval itself, and serves twice: its prompts are what the engine
completes, and the same task object scores the completions. Importing lm-eval takes seconds,
so it happens inside the functions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import EnvironmentFailure, HarnessError, InputError, unknown_name
from harness.evaluation.chatter import chatter_to
from harness.evaluation.task_data import is_about_data
from harness.evaluation.task_grading import ANSWER_FORMAT, GRADING, HARNESS_EVALUATE
from harness.files import digest_of
from harness.problems import Problem
from harness.recipe.schema import Answer
from harness.resources import tasks_folder

if TYPE_CHECKING:
    from lm_eval.api.task import Task

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_GREEDY_ONLY = (
    "The final evaluation is greedy with one completion a problem: set `do_sample: false`, "
    "`temperature: 0.0` and `repeats: 1` in the task's YAML."
)


@dataclass(frozen=True)
class Document:
    """One document of the task that counts, in the task's order.

    Attributes:
        problem: the problem that it asks; its id names the document everywhere.
        prompt: the text that is completed.
        question: the question alone, or the prompt where the task does not keep it apart.
        answer_format: how the answer stands in a completion; None if the task does not say.
    """

    problem: Problem
    prompt: str
    question: str
    answer_format: str | None


@dataclass(frozen=True)
class EvaluationTask:
    """An lm-eval task with the part of its documents that is evaluated.

    Attributes:
        name: the task's name.
        version: the task's `metadata.version`, as text.
        documents: what is asked, in the task's order.
        until: strings that end a completion.
        max_tokens: longest completion, in tokens.
        limit: how many documents are taken from the task's start; None for all of them.
        digest: changes whenever documents, prompts, generation or scoring change.
        task: lm-eval's own object.
        graded_by_harness: whether the harness's grader gives its verdicts.
    """

    name: str
    version: str
    documents: tuple[Document, ...]
    until: tuple[str, ...]
    max_tokens: int
    limit: int | None
    digest: str
    task: Task
    graded_by_harness: bool = False

    def problems(self) -> list[Problem]:
        """The documents' problems, each once, in the task's order."""
        return list({document.problem.id: document.problem for document in self.documents}.values())

    def prompts(self) -> dict[str, str]:
        """The prompt of each problem, by its id."""
        return {document.problem.id: document.prompt for document in self.documents}


def load_evaluation_task(
    name: str,
    task_path: str | None,
    count: int | None,
    log: Path,
    answer: Answer | None = None,
) -> EvaluationTask:
    """Builds a task and the requests that lm-eval would send for it.

    Args:
        name: the task, from `tasks/` or from `task_path`.
        task_path: another folder with lm-eval tasks; its tasks win over those in `tasks/`.
        count: how many documents to evaluate, from the task's first; None for all.
        log: file that takes what lm-eval prints.
        answer: how a recipe's pools are graded, so that its models are graded the same way; a
            task that does not grade by the harness keeps its own way. None: as the task says.

    Raises:
        InputError: no such task, or one that is not greedy generation.
        EnvironmentFailure: its data set cannot be reached.
    """
    with chatter_to(log):
        task = _build(name, _folders(task_path), answer)
        _check_generates_greedily(name, task)
        limit = count if count is not None and count < len(task.eval_docs) else None
        if task.get_config("num_fewshot") is None:
            task.set_config(key="num_fewshot", value=0)
        task.set_fewshot_seed(seed=_few_shot_seed())
        task.build_all_requests(limit=limit)
    documents = tuple(_document(task, instance) for instance in task.instances)
    until, max_tokens = _generation(task.instances[0].args[1])
    return EvaluationTask(
        name=name,
        version=str(task.VERSION),
        documents=documents,
        until=until,
        max_tokens=max_tokens,
        limit=limit,
        digest=digest_of([_plain(task.dump_config()), _plain(documents)]),
        task=task,
        graded_by_harness=ANSWER_FORMAT in (task.config.metadata or {}),
    )


def _folders(task_path: str | None) -> list[Path]:
    folders = [tasks_folder()]
    if task_path is not None:
        folder = Path(task_path).expanduser()
        if not folder.is_dir():
            raise InputError(
                f"evaluation.task_path: there is no folder {folder}.",
                "Give the folder that holds the task's YAML file.",
            )
        folders.append(folder)
    return folders


def _build(name: str, folders: list[Path], answer: Answer | None) -> Task:
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_defaults=False, include_path=folders)
    if name not in manager.all_subtasks:
        places = " and ".join(map(str, folders))
        raise InputError(
            f"evaluation.task: {unknown_name('lm-eval task', name, manager.all_subtasks)}",
            f"Tasks are looked for in {places}; name another folder as evaluation.task_path. "
            "A file that is not valid YAML is not listed.",
        )
    known = (manager.task_index[name].cfg or {}).get("metadata")
    asked = _metadata_asked(known if isinstance(known, dict) else {}, answer)
    if asked:
        manager = TaskManager(include_defaults=False, include_path=folders, metadata=asked)
    try:
        tasks: Mapping[str, Task] = manager.load([name])["tasks"]
    except HarnessError:
        raise
    except Exception as error:  # A task runs code of its own, which may raise anything.
        if is_about_data(error):
            raise EnvironmentFailure(
                f"the data of lm-eval task {name!r} cannot be read: {error}",
                "Check the network and the data set's id, or load it into the cache beforehand.",
            ) from error
        raise InputError(
            f"lm-eval cannot build task {name!r}: {type(error).__name__}: {error}",
            "Try it by itself: lm_eval run --model dummy --include_path FOLDER "
            f"--tasks {name} --limit 2",
        ) from error
    return tasks[name]


def _metadata_asked(known: Mapping[str, Any], answer: Answer | None) -> dict[str, Any]:
    """What a task of ours is told: what it asks when the harness evaluates, and the grading."""
    asked = dict(known.get(HARNESS_EVALUATE) or {})
    if answer is not None and ANSWER_FORMAT in known:
        asked[GRADING] = answer.model_dump(mode="json", exclude_none=True)
    return asked


def _check_generates_greedily(name: str, task: Task) -> None:
    if task.OUTPUT_TYPE != "generate_until":
        raise InputError(
            f"lm-eval task {name!r} has output_type {task.OUTPUT_TYPE!r}; expected "
            "'generate_until': pass@1 is measured on generated solutions.",
            "Choose a task that generates.",
        )
    arguments = task.config.generation_kwargs or {}
    samples = arguments.get("do_sample") or float(arguments.get("temperature") or 0.0) > 0.0
    if samples or task.config.repeats != 1:
        raise InputError(
            f"lm-eval task {name!r} samples (do_sample {arguments.get('do_sample')}, temperature "
            f"{arguments.get('temperature')}, repeats {task.config.repeats}).",
            _GREEDY_ONLY,
        )


def _few_shot_seed() -> int:
    from lm_eval.defaults import DEFAULT_OTHER_SEED

    return int(DEFAULT_OTHER_SEED)


def _generation(arguments: Mapping[str, Any]) -> tuple[tuple[str, ...], int]:
    """`until` and the token limit, read as lm-eval's own model classes read them."""
    from lm_eval.models.utils import normalize_gen_kwargs

    normal = normalize_gen_kwargs(dict(arguments))
    return tuple(text for text in normal["until"] if text), int(normal["max_gen_toks"])


def _document(task: Task, instance: Any) -> Document:
    content: Mapping[str, Any] = instance.doc
    prompt, target = instance.args[0], str(task.doc_to_target(content))
    question, level = str(content.get("question") or prompt), str(content.get("level") or "")
    problem = Problem(question, str(content.get("gold") or target), level)
    if problem.id != content.get("problem_id"):  # Not one of our tasks: the prompt is the problem.
        problem = Problem(prompt, target, level)
    return Document(problem, prompt, question, content.get("answer_format"))


def _plain(value: Any) -> Any:
    """A JSON-like copy in which functions and paths of this installation leave no trace."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if key != "config_source"}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(vars(value))
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return _ADDRESS.sub("", str(value))
