"""Pools of real samples, imported as a user would, that several tests grade."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.pool import Pool, Sample
from harness.problems import Problem
from tests.interchange.imports_for_tests import imported, write_rows

DATA = Path(__file__).parents[3] / "shared" / "data"


def shared_rows(name: str) -> Iterator[dict[str, Any]]:
    """The rows of one of the shared files; the test is skipped where it is missing."""
    path = DATA / f"{name}.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"{path.name} is not on this machine")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def zeroeval_pool(folder: Path, size: str, count: int = 1319) -> Path:
    """The answers of Gemma 2 to the first problems of GSM8K."""
    write_rows(
        folder / "problems.jsonl",
        (
            {"question": one["question"], "gold": one["answer"], "external_id": one["id"]}
            for one in list(shared_rows("gsm8k_test"))[:count]
        ),
    )
    samples = write_rows(
        folder / f"{size}.jsonl",
        (
            {"problem_id": one["id"], "completion": one["outputs"][0]}
            for one in sorted(
                shared_rows(f"zeroeval_gsm_gemma-2-{size}-it"),
                key=lambda one: int(one["id"].rpartition("-")[2]),
            )[:count]
        ),
    )
    imported(samples, model=f"gemma-2-{size}", out=folder / size)
    return folder / size


def written_pool(folder: Path, problems: list[Problem], *completions: str) -> Path:
    """A pool with the same completions for every problem."""
    with Pool.open_or_create(folder, {"model": {"id": "hand"}}, problems) as pool:
        pool.append(
            [
                Sample(problem.id, index, text, "stop", 1, 1, 0, None, "hand", None)
                for problem in problems
                for index, text in enumerate(completions)
            ]
        )
    return folder
