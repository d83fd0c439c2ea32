"""Finds recipes, model cards and base Axolotl files: by name among the shipped ones, or by path."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from harness.errors import InputError, unknown_name
from harness.resources import recipes_folder

_SUFFIXES = (".yaml", ".yml")


def recipe_names() -> list[str]:
    """The names of the shipped recipes."""
    return _names(recipes_folder())


def recipe_file(name_or_path: str) -> Path:
    """The file of a recipe.

    Args:
        name_or_path: a shipped recipe's name, or a path (it has a slash, or ends in `.yaml` or
            `.yml`).

    Raises:
        InputError: there is no such recipe, or no such file.
    """
    if not _is_path(name_or_path):
        found = recipes_folder() / f"{name_or_path}.yaml"
        if name_or_path and found.is_file():
            return found
        raise InputError(
            unknown_name("recipe", name_or_path, recipe_names()),
            "`harness recipes list` shows the recipes; a file of yours is given by its path, "
            "as in ./mine.yaml.",
        )
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        raise InputError(f"{path} is a folder; expected a recipe, a YAML file.")
    if not path.is_file():
        if path.stem in recipe_names():
            advice = f"The shipped recipe is named without slash or suffix: {path.stem}"
        else:
            advice = "Give the path of a recipe, or the name of a shipped one."
        raise InputError(f"there is no file {path}.", advice)
    return path


def card_names() -> list[str]:
    """The names of the shipped model cards."""
    return _names(recipes_folder() / "models")


def names_card_file(name_or_path: str) -> bool:
    """Whether a card is given by its file; a Hub id has slashes too, so that only the end tells."""
    return name_or_path.lower().endswith(_SUFFIXES)


def unread_card_file(name: str, folder: Path | None = None) -> str:
    """Why a file that is there is not read as a card, for want of its suffix; else nothing.

    Args:
        name: as given for a card.
        folder: where paths begin; the current one if None.
    """
    path = Path(name).expanduser()
    if not name.strip() or names_card_file(name) or not _is_file((folder or Path()) / path):
        return ""
    return (
        f"the file of that name is not read as a card, which ends in .yaml or .yml; rename it, as "
        f"in {path.stem}.yaml"
    )


def unknown_card(name: str, known: Iterable[str], folder: Path | None = None) -> str:
    """A sentence that refuses the name of a card.

    Args:
        name: as given.
        known: the names of cards.
        folder: where paths begin; the current one if None.
    """
    if file := unread_card_file(name, folder):
        return f"there is no model card {name!r}: {file}."
    return unknown_name("model card", name, known)


def card_file(
    name_or_path: str, recipe_folder: Path | None, paths_from: Path | None = None
) -> Path:
    """The file of a model card.

    Args:
        name_or_path: the name of a card in `models/` beside the recipe or among the shipped ones,
            or the path of a file (it ends in `.yaml` or `.yml`; a Hub id has slashes too).
        recipe_folder: the folder of the recipe.
        paths_from: the folder where paths begin; the current one if None.

    Raises:
        InputError: there is no such file, or no card of that name; the nearest names are given.
    """
    known = {card for folder in _card_folders(recipe_folder) for card in _names(folder)}
    if names_card_file(name_or_path):
        path = (paths_from or Path()) / Path(name_or_path).expanduser()
        if _is_file(path):
            return path
        advice = "Its path begins at the folder of the recipe, with --set at the current one."
        if path.stem in known:
            advice = f"The card that is known by name has no suffix: {path.stem}"
        raise InputError(f"there is no model card {shown(path)}.", advice)
    for folder in _card_folders(recipe_folder):
        for suffix in _SUFFIXES:
            if _is_file(found := folder / f"{name_or_path}{suffix}"):
                return found
    raise InputError(
        unknown_card(name_or_path, known, paths_from),
        "A card of yours is given by its file, as in cards/mine.yaml; a model without a card as a "
        "mapping, as in {id: ORG/NAME, parameters: {total: 9000000000}}.",
    )


def axolotl_base_file(name_or_path: str) -> Path:
    """The base Axolotl file that `training.axolotl` names.

    Raises:
        InputError: there is no such file; the nearest shipped names are given.
    """
    folder = recipes_folder() / "axolotl"
    for candidate in (folder / name_or_path, Path(name_or_path).expanduser()):
        if candidate.is_file():
            return candidate
    known = [path.name for path in folder.glob("*.yaml")]
    raise InputError(unknown_name("base Axolotl file", name_or_path, known))


def shown(path: Path) -> str:
    """A path as short as it stays clear: relative to the current folder if it lies below it."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow links)
    try:
        return str(absolute.relative_to(Path.cwd()))
    except ValueError:
        return str(absolute)


def _is_path(name_or_path: str) -> bool:
    return "/" in name_or_path or os.sep in name_or_path or names_card_file(name_or_path)


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 (is_file() raises where a name is too long)


def _card_folders(recipe_folder: Path | None) -> list[Path]:
    beside = [recipe_folder / "models"] if recipe_folder is not None else []
    return [*beside, recipes_folder() / "models"]


def _names(folder: Path) -> list[str]:
    return sorted(path.stem for suffix in _SUFFIXES for path in folder.glob(f"*{suffix}"))
