"""Jobs that the tests of the generators share."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.generators.filling import DecodingSettings, PoolJob, fill_pools
from harness.pool import Pool
from harness.problems import Problem
from harness.progress import Progress
from harness.recipe import ModelCard
from harness.recipe.engine_sections import Ray
from harness.recipe.schema import Endpoint, Engine
from tests.generators.fault_server import text_for


def job(
    folder: Path,
    *,
    problems: int = 5,
    samples: int = 6,
    model: str = "tests/model",
    card: ModelCard | None = None,
    url: str | None = None,
    temperature: float = 0.7,
    **others: Any,
) -> PoolJob:
    chosen = [
        Problem(f"What is {number} + {7 * number}?", str(8 * number)) for number in range(problems)
    ]
    settings: dict[str, Any] = {
        "folder": folder,
        "problems": chosen,
        "prompts": {problem.id: f"Q: {problem.question}\nA:" for problem in chosen},
        "samples_per_problem": samples,
        "model": card or ModelCard(id=model),
        "decoding": DecodingSettings(temperature, None, 1.0, 48, ()),
        "engine": Engine(),
        "seed": 7,
        "endpoints": () if url is None else (Endpoint(url=url),),
        "label": folder.name,
    }
    return PoolJob(**{**settings, **others})


def fill(
    *jobs: PoolJob,
    workers: int | None = 1,
    python: Path | None = None,
    ray: Ray | None = None,
) -> str:
    """Fills pools; returns what was said."""
    said = io.StringIO()
    log = log_folder(jobs[0].folder.parent)
    fill_pools(
        jobs,
        workers=workers,
        progress=Progress(said, live=False),
        log=log,
        vllm_python=python,
        ray=ray,
    )
    return said.getvalue()


def log_folder(folder: Path) -> Callable[[str], Path]:
    return lambda name: folder / "logs" / f"{name}.log"


def texts(folder: Path) -> dict[tuple[str, int], tuple[str, int]]:
    rows = Pool.open(folder).samples().to_pylist()
    return {
        (row["problem_id"], row["sample_index"]): (row["completion"], row["seed"]) for row in rows
    }


def check_whole(folder: Path, url: str, problems: int = 5, samples: int = 6) -> None:
    """Every sample is there, and is the one that its seed draws."""
    one = job(folder, problems=problems, samples=samples, url=url)
    found = texts(folder)
    assert len(found) == problems * samples
    for (problem_id, _), (text, seed) in found.items():
        assert text == text_for(one.prompts[problem_id], seed)
    assert (folder / "samples.parquet").exists() and not (folder / "samples.jsonl").exists()
