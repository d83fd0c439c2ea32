"""Mistakes that do not depend on each other are told together, before any work is begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.in_process import harness
from tests.comparison.pools_for_tests import graded_pool, numbered


def told(*words: object) -> list[str]:
    """The findings of a refused command, which prints nothing else."""
    result = harness(*words)
    assert result.exit_code == 2 and not result.stdout, words
    assert "Traceback" not in result.stderr
    lines = result.stderr.splitlines()
    return [line.removeprefix("  - ") for line in lines if line.startswith("  - ")]


def test_a_comparison_tells_of_options_budget_cards_and_both_pools(tmp_path: Path) -> None:
    words = ("--match", "foo", "--by", "bar", "--key", "text", "--price-date", "2024")
    findings = told(
        "compare", tmp_path / "a", tmp_path / "b", *words, "--budget", "nope", "--se-card", "none"
    )
    found = iter(findings)
    for start in ("Invalid value for '--match': 'foo'", "Invalid value for '--by': 'bar'",
                  "Invalid value for '--key': 'text'", "Invalid value for '--price-date': '2024'",
                  "the amount 'nope' cannot be read", f"{tmp_path / 'a'} is not a pool",
                  f"{tmp_path / 'b'} is not a pool",
                  "--se-card: there is no model card"):  # fmt: skip
        assert next(found).startswith(start), findings
    assert next(found, None) is None


def test_sound_pools_do_not_hide_that_options_are_wrong(tmp_path: Path) -> None:
    pool = graded_pool(tmp_path / "pool", dict.fromkeys(numbered(3), "cw"))
    budget, match = told("compare", pool, pool, "--budget", "0", "--match", "foo")[::-1]
    assert match.startswith("Invalid value for '--match'") and "it is 0" in budget
    groups, budget = told(
        "compare", pool, pool, "--match", "number", "--budget", "3", "--by", "level"
    )
    assert groups.startswith("no problem has a level")
    assert budget.startswith("the budget asks for 3 WC samples a problem (the pool has 2)")
    other = graded_pool(tmp_path / "other", dict.fromkeys(numbered(2), "cw"))
    groups, problems = told("compare", pool, other, "--by", "level", "--match", "number")
    assert "do not answer the same problems" in problems
    assert groups.startswith("no problem has a level")


def test_a_single_mistake_is_told_as_it_was(tmp_path: Path) -> None:
    pool = graded_pool(tmp_path / "pool", dict.fromkeys(numbered(3), "cw"))
    result = harness("compare", pool, pool, "--match", "foo")
    assert result.exit_code == 2 and not result.stdout
    assert result.stderr.startswith("error: Invalid value for '--match': 'foo' is not one of")
    assert "Usage: harness compare" in harness("compare", pool).stderr
    match, missing = told("compare", pool, "--match", "foo")
    assert match.startswith("Invalid value") and missing == "Missing argument 'SE_POOL'."
    assert harness("compare", "--help").exit_code == 0
    assert harness("compare", pool, pool, "--match", "number").exit_code == 0


def test_a_plan_tells_of_recipe_gpu_price_and_budgets() -> None:
    price, gpu, both = told(
        "plan", "--recipe", "w2s-micro", "match.kind=foo", "--gpu", "nope", "--gpu-price", "nan"
    )
    assert price.startswith("--gpu-price nan")
    assert gpu.startswith("there is no GPU card 'nope'")
    assert both.endswith("give --set match.kind=foo.")
    result = harness("plan", "--recipe", "w2s-micro", "--set", "match.kind=foo", "--set",
                     "seeds.run=x", "--gpus", "0", "--pilot", "p", "--budgets", "1,x")  # fmt: skip
    for words in ("'--gpus': 0 is not", "--set match.kind=foo", "--set seeds.run=x", "1,x: x is"):
        assert words in result.stderr


@pytest.mark.parametrize("command", ["report", "run"])
def test_a_stage_tells_of_options_reference_and_run(tmp_path: Path, command: str) -> None:
    reference = ("--reference", "papper") if command == "report" else ()
    folder = tmp_path / "run"
    found = told(command, folder, "--workers", "0", "--endpoint", "x", "--engine", "y", *reference)
    assert found[0].startswith("Invalid value for '--workers'")
    assert found[1].startswith("Invalid value for '--engine'")
    assert found[-2].startswith("--endpoint x") and "is not the folder of a run" in found[-1]
    assert len(found) == 4 + (command == "report")
    told(command, folder, "--recipe", "w2s-micro", "--workers", "0", "--set", "seeds.run=x")
    assert not folder.exists()
