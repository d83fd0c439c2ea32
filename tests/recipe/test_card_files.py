"""A model card given by its file: in a recipe from the recipe's folder, in --set from here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.recipe.loading import load_recipe, read_recipe, write_recipe
from harness.resources import recipes_folder

MICRO = (recipes_folder() / "w2s-micro.yaml").read_text(encoding="utf-8")
OWN = "id: a/{}\nparameters:\n  total: 5\n"


@pytest.fixture
def recipe_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe that names three files; the current folder is another."""
    here, cards = tmp_path / "here", tmp_path / "cards"
    for folder in (here, cards):
        folder.mkdir()
        (folder / "own.yml").write_text(OWN.format(folder.name))
    monkeypatch.chdir(here)
    text = MICRO
    for old, new in (
        ("wc: micro-wc\n", "wc: cards/own.yml\n"),
        ("student_lm: micro-student\n", f"student_lm: {here / 'own.yml'}\n"),
        ("wc: micro-wc-early\n", "wc: ./here/own.yml\n"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path, *overrides: str) -> str:
    with pytest.raises(InputError) as error:
        load_recipe(str(path), overrides)
    return str(error.value)


def test_a_card_is_found_from_where_it_is_named(recipe_path: Path) -> None:
    recipe = load_recipe(str(recipe_path))
    assert recipe.students.student_lm is not None
    assert (recipe.pair.wc.id, recipe.students.student_lm.id) == ("a/cards", "a/here")
    assert load_recipe(str(recipe_path), ["profile=wide-gap"]).pair.wc.id == "a/here"
    assert load_recipe(str(recipe_path), ["pair.se=own.yml"]).pair.se.id == "a/here"


def test_a_resolved_recipe_needs_the_file_no_more(recipe_path: Path, tmp_path: Path) -> None:
    recipe = load_recipe(str(recipe_path))
    write_recipe(tmp_path / "resolved.yaml", recipe)
    (tmp_path / "cards" / "own.yml").unlink()
    assert read_recipe(tmp_path / "resolved.yaml") == recipe


def test_refusals_name_the_line(recipe_path: Path, tmp_path: Path) -> None:
    card = tmp_path / "cards" / "own.yml"
    card.write_text("id: a/b\nparameters:\n  totl: 5\n")
    assert f"{card}:3 pair.wc.parameters.totl: there is no key 'totl'" in refusal(recipe_path)
    card.write_text("- a/b\n")
    assert f"{card}: the file holds a list" in refusal(recipe_path)
    card.unlink()
    line = recipe_path.read_text().splitlines().index("  wc: cards/own.yml") + 1
    said = refusal(recipe_path)
    assert f"{recipe_path}:{line} pair.wc: there is no model card {card}." in said
    assert "begins at the folder of the recipe" in said


def test_a_card_in_a_file_of_another_suffix(recipe_path: Path, tmp_path: Path) -> None:
    said = "not read as a card, which ends in .yaml or .yml; rename it, as in own.yaml"
    for folder in ("here", "cards"):
        (tmp_path / folder / "own.txt").write_text(OWN.format(folder))
    assert said in refusal(recipe_path, "pair.wc=own.txt")
    recipe_path.write_text(recipe_path.read_text().replace("cards/own.yml", "cards/own.txt"))
    assert said in refusal(recipe_path)


@pytest.mark.parametrize("name", ["x" * 300, "x" * 300 + ".yaml"])
def test_a_name_that_no_file_can_have(recipe_path: Path, name: str) -> None:
    assert re.search(f"there is no model card '?{name}", refusal(recipe_path, f"pair.se={name}"))
