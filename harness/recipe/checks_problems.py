"""What must hold between the problems of a recipe, its models and its verifier."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import NamedTuple

from harness.errors import unknown_name
from harness.recipe.schema import Recipe
from harness.recipe.yaml_text import Path

_SPLITS = ("train", "validation", "test")


class Finding(NamedTuple):
    """What a check has to say about a path."""

    path: Path
    message: str
    advice: str = ""


def splits_are_apart(recipe: Recipe) -> Iterator[Finding]:
    """No split is used for two purposes."""
    taken: dict[str, str] = {}
    for name in _SPLITS:
        split = getattr(recipe.problems, name, None)
        if split is None:
            continue
        if split.split in taken:
            yield Finding(
                ("problems", name, "split"),
                f"{name} takes the same split {split.split!r} as {taken[split.split]};",
                "problems that are tested must not be trained on, so give it a split of its own.",
            )
        taken.setdefault(split.split, name)


def micro_splits_are_known(recipe: Recipe) -> Iterator[Finding]:
    """The embedded set has the splits that are asked for, and as many problems."""
    from harness.micro.problems import SPLIT_SIZES

    if recipe.problems.source != "micro":
        return
    for name in _SPLITS:
        split = getattr(recipe.problems, name, None)
        if split is None:
            continue
        if split.split not in SPLIT_SIZES:
            yield Finding(
                ("problems", name, "split"),
                unknown_name("split of the embedded set", split.split, SPLIT_SIZES),
            )
        elif split.count is not None and split.count > SPLIT_SIZES[split.split]:
            yield Finding(
                ("problems", name, "count"),
                f"{split.count} problems are asked for; {split.split!r} of the embedded set has "
                f"{SPLIT_SIZES[split.split]}.",
            )


def problem_files_are_there(recipe: Recipe) -> Iterator[Finding]:
    """The JSON-lines files of all splits are there."""
    if recipe.problems.source != "jsonl" or recipe.problems.path is None:
        return
    folder = FilePath(recipe.problems.path).expanduser()
    if not folder.is_dir():
        yield Finding(
            ("problems", "path"),
            f"there is no folder {folder}; expected one with <split>.jsonl or <split>.jsonl.gz.",
        )
        return
    for name in _SPLITS:
        split = getattr(recipe.problems, name, None)
        if split is None:
            continue
        if not any((folder / f"{split.split}{end}").is_file() for end in (".jsonl", ".jsonl.gz")):
            known = {path.name.split(".jsonl")[0] for path in folder.glob("*.jsonl*")}
            yield Finding(
                ("problems", name, "split"), unknown_name(f"split in {folder}", split.split, known)
            )


def micro_models_are_known(recipe: Recipe) -> Iterator[Finding]:
    """Every `micro:NAME` is an embedded model."""
    from harness.micro import MODELS

    for section in ("pair", "students"):
        for role in type(getattr(recipe, section)).model_fields:
            card = getattr(getattr(recipe, section), role, None)
            name = getattr(card, "id", "")
            if name.startswith("micro:") and name.removeprefix("micro:") not in MODELS:
                known = [f"micro:{model}" for model in MODELS]
                yield Finding((section, role, "id"), unknown_name("embedded model", name, known))


def verifier_fits(recipe: Recipe) -> Iterator[Finding]:
    """The exact verifier reads the embedded problems only."""
    if recipe.answer.chain_verifier == "micro" and recipe.problems.source != "micro":
        yield Finding(
            ("answer", "chain_verifier"),
            f"the verifier 'micro' reads the embedded problems only; these are of the source "
            f"{recipe.problems.source!r}.",
            "Leave answer.chain_verifier out.",
        )
