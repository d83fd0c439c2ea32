"""`harness recipes` as a user meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.recipe.loading import load_recipe, read_recipe


def harness(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments], capture_output=True, text=True, cwd=cwd,
        timeout=120, check=False,
    )  # fmt: skip


def test_list_says_what_where_and_how() -> None:
    text = harness("recipes", "list").stdout
    for name in ("w2s-micro", "w2s-math", "w2s-gsm8k", "smoke", "8 GPUs of 80 GB"):
        assert name in text
    document = json.loads(harness("recipes", "list", "--json").stdout)
    micro = next(entry for entry in document if entry["name"] == "w2s-micro")
    assert micro["profiles"] == ["smoke", "wide-gap"]
    assert micro["runs_on"].startswith("any machine with 2 cores")


def test_what_show_prints_is_a_recipe(tmp_path: Path) -> None:
    shown = harness("recipes", "show", "w2s-math", "--set", "seeds.run=5")
    assert shown.returncode == 0, shown.stderr
    path = tmp_path / "mine.yaml"
    path.write_text(shown.stdout, encoding="utf-8")
    assert read_recipe(path) == load_recipe("w2s-math", ["seeds.run=5"])
    assert load_recipe(str(path)) == load_recipe("w2s-math", ["seeds.run=5"])
    document = json.loads(harness("recipes", "show", "w2s-math", "--json").stdout)
    assert document["pair"]["se"]["parameters"]["nominal"] == 27_000_000_000


def test_lint_ends_with_2_when_a_recipe_has_problems() -> None:
    good = harness("recipes", "lint", "w2s-micro", "w2s-math")
    assert good.returncode == 0, good.stderr
    assert "w2s-micro: ok" in good.stdout
    bad = harness("recipes", "lint", "w2s-micro", "--set", "trainnig.steps=3", "--set", "x")
    assert bad.returncode == 2
    assert "w2s-micro: cannot be used (2 problems)" in bad.stdout
    document = json.loads(harness("recipes", "lint", "w2s-mirco", "w2s-micro", "--json").stdout)
    assert [entry["ok"] for entry in document["recipes"]] == [False, True]
    assert document["ok"] is False


@pytest.mark.parametrize(
    "arguments", [("show", "w2s-mirco"), ("show", "w2s-micro", "--set", "a"), ("lint",), ("foo",)]
)
def test_mistakes_are_answered_in_words(arguments: tuple[str, ...]) -> None:
    result = harness("recipes", *arguments)
    assert result.returncode == 2
    assert result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_schema_is_one_document() -> None:
    assert json.loads(harness("recipes", "schema").stdout)["title"]
