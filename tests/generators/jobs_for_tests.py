"""Jobs that the tests of the generators share."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.generators.filling import DecodingSettings, PoolJob, fill_pools
from harness.problems import Problem
from harness.progress import Progress
from harness.recipe import ModelCard
from harness.recipe.engine_sections import Ray
from harness.recipe.schema import Endpoint, Engine


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
