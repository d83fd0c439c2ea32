"""Runs tasks of `tasks/` under lm-eval on texts that a test makes up, on rows of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from harness.resources import tasks_folder

Document = Mapping[str, Any]


def load(spec: str, **metadata: Any) -> Any:
    """One task, by its name or by the path of a task file."""
    from lm_eval.tasks import TaskManager

    manager = TaskManager(
        include_defaults=False, include_path=str(tasks_folder()), metadata=metadata
    )
    (task,) = manager.load([spec])["tasks"].values()
    return task


def evaluate(
    spec: str,
    sample: Callable[[Document, int], str],
    limit: int | None = None,
    *,
    metadata: Mapping[str, Any] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """lm-eval's results document.

    Args:
        spec: as for `load`.
        sample: the text of a document's i-th sample.
        limit: documents.
        metadata: as from `--metadata`.
        options: of lm-eval's `simple_evaluate`.
    """
    from lm_eval.evaluator import simple_evaluate
    from lm_eval.tasks import TaskManager

    from harness.evaluation.stored import StoredSamples

    task = load(spec, **(metadata or {}))
    documents: Sequence[Document] = list(task.eval_docs)[:limit]
    texts = {
        str(task.doc_to_text(one)): [sample(one, i) for i in range(task.config.repeats)]
        for one in documents
    }
    manager = TaskManager(
        include_defaults=False, include_path=str(tasks_folder()), metadata=dict(metadata or {})
    )
    found: dict[str, Any] = simple_evaluate(
        model=StoredSamples(texts), tasks=[spec], task_manager=manager, limit=limit, **options
    )
    return found


def results(document: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics of the only task, without the filter in their names."""
    (found,) = document["results"].values()
    return {name.removesuffix(",none"): value for name, value in found.items()}


def on_rows(
    name: str, splits: Mapping[str, Iterable[Mapping[str, Any]]], folder: Path, **changes: Any
) -> str:
    """A task file that includes a shipped one and puts local rows in place of its data set."""
    files = {}
    for split, rows in splits.items():
        path = folder / f"{name}-{split}.jsonl"
        path.write_text("".join(json.dumps(dict(row)) + "\n" for row in rows))
        files[split] = str(path)
    (shipped,) = tasks_folder().glob(f"*/{name}.yaml")
    own = {
        "include": str(shipped),
        "dataset_path": "json",
        "dataset_name": None,
        "dataset_kwargs": {"data_files": files, "cache_dir": str(folder / "cache")},
        **changes,
    }
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(own))
    return str(folder / f"{name}.yaml")
