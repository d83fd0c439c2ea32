"""Opens a run's folder under the recipe that it was made with, and under no other.

A folder that was sampled at one temperature and graded under another would be worth nothing,
so a changed recipe is refused, and the refusal names the keys. `execution` may change: it
says where the work is done, not what is done.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from harness import __version__
from harness.errors import InputError, Issue
from harness.files import write_json
from harness.locks import HOLDER_FILE, LOCK_FILE
from harness.recipe import Recipe
from harness.recipe.loading import differing_keys, experiment_document, read_recipe, write_recipe
from harness.run_folder import RunFolder

_OWN_FILES = {LOCK_FILE, HOLDER_FILE}


def open_run(path: Path) -> RunFolder:
    """Opens an existing run.

    Raises:
        InputError: `path` is not the folder of a run, or its recipe cannot be read.
    """
    recipe_file = path / "recipe.yaml"
    if not recipe_file.is_file():
        found = "is not there" if not path.exists() else "holds no recipe.yaml"
        raise InputError(
            f"{path} {found}, so it is not the folder of a run.",
            "Give the folder of a run, or make one: harness run --recipe NAME --out FOLDER",
        )
    return RunFolder(path, read_recipe(recipe_file))


def open_or_create_run(path: Path, recipe: Recipe) -> RunFolder:
    """Opens the run in `path` under `recipe`, or makes a new one there.

    Raises:
        InputError: the folder belongs to another recipe (the keys that differ are named), or
            holds something else.
    """
    run = RunFolder(path, recipe)
    if run.recipe_file.is_file():
        _refuse_other_recipe(run)
        return run
    strangers = (
        sorted(entry.name for entry in path.iterdir() if entry.name not in _OWN_FILES)
        if path.is_dir()
        else []
    )
    if path.exists() and (strangers or not path.is_dir()):
        raise InputError(
            f"{path} is there, but it is not the folder of a run"
            + (
                f" (it holds {', '.join(strangers[:3])}{' …' if len(strangers) > 3 else ''})."
                if strangers
                else "."
            ),
            "Choose another folder with --out.",
        )
    write_json(
        path / "run.json", {"harness": __version__, "created": _now(), "recipe": recipe.name}
    )
    write_recipe(run.recipe_file, recipe)
    return run


def _refuse_other_recipe(run: RunFolder) -> None:
    old = experiment_document(read_recipe(run.recipe_file))
    new = experiment_document(run.recipe)
    keys = differing_keys(old, new)
    if keys:
        issues = [Issue(key, f"was {_shown(old, key)}, now is {_shown(new, key)}") for key in keys]
        raise InputError(
            f"{run.path} was made under another recipe; {len(keys)} key(s) differ:",
            "Go on with the recipe it was made with, or choose another folder with --out.",
            issues,
        )


def _shown(document: Any, dotted: str) -> str:
    value = document
    for part in dotted.split("."):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError):
            return "absent"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "…"


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
