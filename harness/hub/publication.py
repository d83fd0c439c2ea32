"""A run's arms laid out as a data set of the Hub, in a folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from harness.budget import match_of
from harness.errors import InputError
from harness.files import read_json, sha256_of, write_atomically, write_json
from harness.grading.graded import open_pool
from harness.grading.shares import shares_of
from harness.grading.stage import recipe_graders
from harness.hub.card import data_file, dataset_card
from harness.pool.verdicts import OUTCOMES
from harness.recipe import SIDES
from harness.run_folder import RunFolder

MANIFEST = "manifest.json"


def write_publication(run: RunFolder, folder: Path) -> dict[str, Any]:
    """Writes card, recipe, parquet files and manifest; equal arms give equal bytes.

    Args:
        run: the run; its arms must be built.
        folder: where the data set goes; an older publication there is replaced.

    Returns:
        The manifest: {"files": {path: sha256}, "rows": {configuration: rows}}.

    Raises:
        InputError: nothing is built, every arm is empty, or the folder holds something else.
    """
    arms = _filled_arms(run)
    _clear(folder)
    for arm in arms:
        target = folder / data_file(arm)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(run.arm(arm["arm"], arm["budget"]) / "train.parquet", target)
    card = dataset_card(run.recipe, match_of(run.recipe), arms, _verdicts(run))
    write_atomically(folder / "README.md", card)
    shutil.copyfile(run.recipe_file, folder / "recipe.yaml")
    manifest = {
        "files": {str(p.relative_to(folder)): sha256_of(p) for p in sorted(_files(folder))},
        "rows": {f"{arm['arm']}-{arm['budget']}": arm["rows"] for arm in arms},
    }
    write_json(folder / MANIFEST, manifest)
    return manifest


def _verdicts(run: RunFolder) -> dict[str, dict[str, int]]:
    """Per side, how many samples of its pool have which verdict of the grader that counts."""
    grader = recipe_graders(run.recipe.answer)[0]
    found = {side: shares_of(open_pool(run, side), grader) for side in SIDES}
    return {side: {name: counts[name] for name in OUTCOMES} for side, counts in found.items()}


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST]


def _filled_arms(run: RunFolder) -> list[dict[str, Any]]:
    """The arms with rows, in the recipe's order; the largest budget first."""
    arms = []
    for budget in reversed(list(match_of(run.recipe))):
        for name in run.recipe.arms.build:
            file = run.arm(name, budget) / "arm.json"
            if not file.is_file():
                raise InputError(
                    f"{file} is not there.", f"Build it first: harness build {run.path}"
                )
            arms.append(read_json(file))
    filled = [arm for arm in arms if not arm["empty"]]
    if not filled:
        raise InputError("every arm is empty: there is nothing to publish.")
    return filled


def _clear(folder: Path) -> None:
    """Empties an older publication; refuses a folder with anything else in it."""
    if not folder.exists():
        return
    if any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise InputError(
            f"{folder} holds something that is not a publication of the harness.",
            "Choose an empty or a new folder with --folder.",
        )
    shutil.rmtree(folder)
