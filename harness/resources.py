"""Finds the folders `tasks/` and `recipes/`, in a checkout as well as in an installed wheel.

A wheel carries both inside the package (`harness/shipped/…`); an editable install reads the
folders of the checkout, so that an edited recipe counts at once.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _shipped(name: str) -> Path:
    inside = _PACKAGE / "shipped" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def tasks_folder() -> Path:
    """The folder for `lm_eval --include_path`."""
    return _shipped("tasks")


def recipes_folder() -> Path:
    """The folder with the recipes that come with the harness."""
    return _shipped("recipes")
