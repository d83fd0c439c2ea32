"""The stage `plan`: writes the plan of a run into its folder."""

from __future__ import annotations

from typing import Any

from harness.files import write_json
from harness.plan.planning import plan_of
from harness.progress import Progress
from harness.run_folder import RunFolder


def plan(run: RunFolder, progress: Progress) -> dict[str, Any]:
    """Writes `plan.json` and returns its document."""
    planned = plan_of(run.recipe)
    totals = planned.document()["totals"]
    if totals["samples"] is not None:
        progress.note(
            f"{totals['samples']:,} samples, {len(planned.cells)} finetuned models "
            f"({totals['training_steps']:,} steps)"
        )
    document = planned.document()
    write_json(run.plan_file, document)
    return document
