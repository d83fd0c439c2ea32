"""Files to import, and imports of them, that several tests share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.interchange.data_sets import DataSetName
from harness.interchange.importing import Imported, import_samples
from harness.interchange.request import ImportRequest
from harness.pool import Pool
from harness.progress import Progress

PROBLEMS: list[dict[str, Any]] = [
    {"external_id": "a", "question": "What is 1 + 1?", "gold": "2", "level": "1"},
    {"external_id": "b", "question": "What is 2 + 1?", "gold": 3},
    {"external_id": "c", "question": None, "gold": "4"},
]


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """JSON lines with one object each."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def row(problem: str, completion: Any = "It is 2.", **others: Any) -> dict[str, Any]:
    return {"problem_id": problem, "completion": completion, **others}


def request_for(paths: Path | tuple[Path, ...], **options: Any) -> ImportRequest:
    """An import of files beside which `problems.jsonl` lies (written if it is not there)."""
    files = paths if isinstance(paths, tuple) else (paths,)
    folder = files[0].parent
    problems = folder / "problems.jsonl"
    if not problems.exists():
        write_rows(problems, PROBLEMS)
    settings: dict[str, Any] = {
        "samples": tuple(DataSetName(str(file)) for file in files),
        "problems": DataSetName(str(problems)),
        "model": "tests/none",
        "out": folder / "pool",
        **options,
    }
    return ImportRequest(**settings)


def imported(paths: Path | tuple[Path, ...], **options: Any) -> Imported:
    return import_samples(request_for(paths, **options), Progress())


def content(folder: Path) -> list[tuple[str, int, str]]:
    """(external id or question, index, completion) of every sample in the pool's order."""
    pool = Pool.open(folder)
    names = {one.id: one.external_id or one.question for one in pool.problems}
    table = pool.samples(["problem_id", "sample_index", "completion"]).to_pylist()
    return [(names[one["problem_id"]], one["sample_index"], one["completion"]) for one in table]
