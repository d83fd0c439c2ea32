"""`harness recipes`: the recipes that there are, one in full, and what is wrong with yours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from harness.cli.output import emit, json_option

if TYPE_CHECKING:
    from harness.errors import Issue
    from harness.recipe.lint import LintResult

_SET = click.option(
    "--set",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    help="Override a key, as in --set training.steps=50; --set profile=smoke picks a profile.",
)


@click.group(short_help="List, show and lint recipes.")
def recipes() -> None:
    """The experiments that come with the harness, and yours.

    \b
    harness recipes list
    harness recipes show w2s-math > mine.yaml
    harness recipes lint ./mine.yaml
    """


@recipes.command(name="list")
@json_option
def list_(as_json: bool) -> None:
    """Name the recipes that come with the harness."""
    from tabulate import tabulate

    from harness.recipe.catalogue import recipe_names
    from harness.recipe.loading import load_recipe

    found = [load_recipe(name) for name in recipe_names()]
    document = [
        {
            "name": recipe.name,
            "description": recipe.description,
            "runs_on": _hardware(recipe.name),
            "profiles": list(recipe.profiles),
        }
        for recipe in found
    ]
    rows = [
        [entry["name"], entry["description"], entry["runs_on"], ", ".join(entry["profiles"])]
        for entry in document
    ]
    widths = [None, 44, 40, None]
    text = tabulate(
        rows, ["recipe", "what", "runs on", "profiles"], tablefmt="plain", maxcolwidths=widths
    )
    emit(document, text, as_json)


def _hardware(name: str) -> str:
    """The first sentence after "Hardware:" in a recipe's header."""
    from harness.recipe.catalogue import recipe_file

    header = recipe_file(name).read_text(encoding="utf-8").split("\nname:")[0]
    found = re.search(r"^# Hardware: *(.*(?:\n# {4,}.*)*)", header, re.MULTILINE)
    words = re.sub(r"\s*\n#\s*", " ", found[1]).strip() if found else ""
    return re.split(r"(?<=\.)\s", words)[0].removesuffix(".")


@recipes.command()
@click.argument("recipe_name", metavar="NAME")
@_SET
@json_option
def show(recipe_name: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Print a recipe in full: cards, profile and overrides applied, every default filled in."""
    from harness.recipe.loading import load_recipe, recipe_document
    from harness.recipe.yaml_text import dump_yaml

    document = recipe_document(load_recipe(recipe_name, overrides))
    emit(document, dump_yaml(document).rstrip("\n"), as_json)


@recipes.command()
@click.argument("names", metavar="NAME_OR_FILE...", nargs=-1, required=True)
@_SET
@json_option
def lint(names: tuple[str, ...], overrides: tuple[str, ...], as_json: bool) -> int:
    """Report every problem of the recipes, and what a careful reader would ask about.

    Ends with status 2 if a recipe has a problem; warnings do not count.
    """
    import datetime

    from harness.recipe.lint import lint as lint_recipe

    results = [lint_recipe(name, overrides, datetime.date.today()) for name in names]
    bad = sum(bool(result.problems) for result in results)
    document = {"ok": not bad, "recipes": [_document(result) for result in results]}
    emit(document, "\n".join(line for result in results for line in _lines(result)), as_json)
    return 2 if bad else 0


def _document(result: LintResult) -> dict[str, Any]:
    def entry(issue: Issue) -> dict[str, str]:
        return {"where": issue.where, "message": issue.message, "advice": issue.advice}

    return {
        "recipe": result.recipe,
        "ok": not result.problems,
        "problems": [entry(issue) for issue in result.problems],
        "warnings": [entry(issue) for issue in result.warnings],
    }


def _lines(result: LintResult) -> list[str]:
    counts = [
        f"{len(found)} {word}{'s' if len(found) > 1 else ''}"
        for found, word in ((result.problems, "problem"), (result.warnings, "warning"))
        if found
    ]
    verdict = "cannot be used" if result.problems else "ok"
    head = f"{result.recipe}: {verdict}" + (f" ({', '.join(counts)})" if counts else "")
    problems = [f"  problem  {issue}" for issue in result.problems]
    return [head, *problems, *(f"  warning  {issue}" for issue in result.warnings)]


@recipes.command()
def schema() -> None:
    """Print the JSON schema of recipe files, for editors."""
    from harness.recipe.json_schema import recipe_schema_text

    click.echo(recipe_schema_text(), nl=False)
