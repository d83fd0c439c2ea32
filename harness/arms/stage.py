"""The stage `build`: every arm at every budget, as parquet that `datasets` loads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.arms.rows import ARM_SCHEMA, Row, Selection, reference_rows, sampled_rows
from harness.budget import MatchedBudget, match_of
from harness.files import sha256_of, write_atomically, write_json
from harness.grading.graded import open_graded_pool
from harness.problems import Problem
from harness.progress import Progress
from harness.recipe import SIDES, ArmName, Side
from harness.run_folder import RunFolder

ROW_GROUP_ROWS = 20_000


def build(run: RunFolder, progress: Progress) -> dict[str, Any]:
    """Builds the recipe's arms; the same pools and verdicts give the same files, to the byte.

    Args:
        run: the run; its pools must be graded.
        progress: told what is being done.

    Returns:
        {"arms": [the documents in every `arm.json`]}.

    Raises:
        InputError: a pool is not sampled or not graded.
    """
    budgets = match_of(run.recipe)
    documents = []
    total = len(run.recipe.arms.build) * len(budgets)
    with progress.task("build", total, "arms") as task:
        for arm in run.recipe.arms.build:
            for budget in budgets.values():
                documents.append(_build_arm(run, arm, budget))
                task.advance()
    return {"arms": documents}


def _build_arm(run: RunFolder, arm: ArmName, budget: MatchedBudget) -> dict[str, Any]:
    folder = run.arm(arm, budget.budget)
    rows = list(_rows(run, arm, budget))
    file = folder / "train.parquet"
    _write(file, rows)
    document = {
        "arm": arm,
        "budget": budget.budget,
        "rows": len(rows),
        "problems": len({row["problem_id"] for row in rows}),
        "samples_per_problem": None if arm == "ground_truth" else budget.samples_per_problem[arm],
        "mean_samples_per_problem": None
        if arm == "ground_truth"
        else budget.mean_samples_per_problem[arm],
        "sha256": sha256_of(file),
        "empty": not rows,
        "reason": "" if rows else _why_empty(arm),
    }
    write_json(folder / "arm.json", document)
    return document


def _rows(run: RunFolder, arm: ArmName, budget: MatchedBudget) -> Iterable[Row]:
    if arm == "ground_truth":
        return reference_rows(_problems(run), run.recipe, budget.budget)
    side: Side = arm
    pool = open_graded_pool(run, side)
    samples = budget.samples_of(side, [problem.id for problem in pool.problems])
    return sampled_rows(pool, Selection(run.recipe, side, budget.budget, samples))


def _problems(run: RunFolder) -> list[Problem]:
    return open_graded_pool(run, SIDES[0]).problems


def _why_empty(arm: ArmName) -> str:
    if arm == "ground_truth":
        return "no problem comes with a reference solution"
    return f"no sample of the {arm} pool has the right answer at this budget"


def _write(path: Path, rows: list[Row]) -> None:
    """Parquet as the Hub stores it best: content-defined pages, so that a changed row moves few."""
    content = pa.BufferOutputStream()
    pq.write_table(
        pa.Table.from_pylist(rows, schema=ARM_SCHEMA),
        content,
        compression="zstd",
        row_group_size=ROW_GROUP_ROWS,
        use_content_defined_chunking=True,
        write_page_index=True,
    )
    write_atomically(path, content.getvalue().to_pybytes())
