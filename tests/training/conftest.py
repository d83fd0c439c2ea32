"""Runs with hand-made arms over the embedded problems and models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.files import write_json
from harness.micro import micro_problems
from harness.recipe.loading import load_recipe
from harness.run_folder import RunFolder

Rows = Sequence[tuple[str, str]]

# One small model on two arms: enough for everything but balance.
SMALL = (
    "paradigms=[wc_lm]",
    "training.steps=8",
    "training.warmup_steps=2",
    "training.batch_size=8",
)


def micro_rows(count: int, start: int = 0) -> list[tuple[str, str]]:
    """Prompts and reference solutions of embedded problems."""
    problems = micro_problems("train", start + count)[start:]
    return [(f"Q: {problem.question}\nA:", problem.solution) for problem in problems]


def write_arm(run: RunFolder, arm: str, budget: str, rows: Rows, reason: str = "") -> None:
    """An arm as the stage `build` leaves it, as far as training reads it."""
    folder = run.arm(arm, budget)
    folder.mkdir(parents=True, exist_ok=True)
    columns = {
        "problem_id": [str(number) for number in range(len(rows))],
        "prompt": [prompt for prompt, _ in rows],
        "completion": [completion for _, completion in rows],
    }
    schema = pa.schema([(name, pa.string()) for name in columns])
    pq.write_table(pa.table(columns, schema=schema), folder / "train.parquet")
    write_json(
        folder / "arm.json",
        {"arm": arm, "budget": budget, "rows": len(rows), "empty": not rows, "reason": reason},
    )


@pytest.fixture(scope="session")
def make_run() -> Callable[..., RunFolder]:
    """Makes a run of w2s-micro with the arms `wc` and `se` at the high budget."""

    def make(path: Path, *overrides: str, **arms: Rows) -> RunFolder:
        run = RunFolder(path, load_recipe("w2s-micro", [*SMALL, *overrides]))
        path.mkdir(parents=True, exist_ok=True)
        chosen: dict[str, Any] = {"wc": micro_rows(40), "se": micro_rows(30, 40), **arms}
        for arm, rows in chosen.items():
            write_arm(run, arm, "high", rows, "nobody was right" if not rows else "")
        return run

    return make
