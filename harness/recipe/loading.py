"""Loads a recipe: by name or path, with overrides, all of its problems reported at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import Issues
from harness.files import write_atomically
from harness.recipe.catalogue import recipe_file, shown
from harness.recipe.checks import check_recipe
from harness.recipe.documents import differing_keys, experiment_document, recipe_document
from harness.recipe.draft import Draft
from harness.recipe.execution_sections import without_secrets
from harness.recipe.findings import salvaged, validated
from harness.recipe.layers import Assembly, parse_overrides
from harness.recipe.reading import read_file
from harness.recipe.schema import Recipe
from harness.recipe.yaml_text import dump_yaml

__all__ = [
    "differing_keys",
    "experiment_document",
    "load_recipe",
    "read_recipe",
    "recipe_document",
    "write_recipe",
]


def load_recipe(name_or_path: str, overrides: Sequence[str] = ()) -> Recipe:
    """Loads a recipe and checks it, its model cards and the overrides as a whole.

    Args:
        name_or_path: a shipped recipe's name, or the path of a YAML file.
        overrides: `a.b=value` texts, as `--set` takes them; `profile=NAME` lays a profile of
            the recipe under the other overrides.

    Raises:
        InputError: there is no such recipe, or it has problems: all of them, with places.
    """
    file = recipe_file(name_or_path)
    issues = Issues()
    chosen = parse_overrides(overrides, issues)
    draft = read_file(file, issues)
    if draft is not None:
        assembly = Assembly(draft, file.parent, issues)
        assembly.apply(chosen)
        recipe = _checked(assembly, issues)
        if recipe is not None and not len(issues):
            return recipe
    issues.raise_if_any(f"the recipe {shown(file)} cannot be used; {_counted(issues)}:")
    raise AssertionError("a recipe is refused for a reason")


def read_recipe(path: Path) -> Recipe:
    """Reads what `write_recipe` wrote: a resolved recipe, to which nothing is applied.

    Raises:
        InputError: the file cannot be read, or is not a whole recipe.
    """
    issues = Issues()
    draft = read_file(path, issues)
    if draft is not None:
        recipe = validated(draft, set(), issues)
        if recipe is not None and not len(issues):
            return recipe
    issues.raise_if_any(f"the recipe {shown(path)} cannot be used; {_counted(issues)}:")
    raise AssertionError("a recipe is refused for a reason")


def write_recipe(path: Path, recipe: Recipe) -> None:
    """Writes the recipe as YAML with every default filled in.

    Secrets in the address of a server are left out: who goes on names the address again.
    """
    document = recipe_document(recipe)
    for servers in document["execution"]["endpoints"].values():
        for server in servers if isinstance(servers, list) else [servers]:
            server["url"] = without_secrets(server["url"])
    write_atomically(path, dump_yaml(document))


def _checked(assembly: Assembly, issues: Issues) -> Recipe | None:
    draft: Draft = assembly.draft
    recipe = validated(draft, assembly.settled, issues)
    check_recipe(recipe or salvaged(draft), draft, issues, whole=recipe is not None)
    return recipe


def _counted(issues: Issues) -> str:
    return "one problem" if len(issues) == 1 else f"{len(issues)} problems"
