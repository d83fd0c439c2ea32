"""Lint: warnings for what runs but should be asked about; rotten profiles are problems."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from harness.recipe.catalogue import recipe_names
from harness.recipe.lint import LintResult, lint
from harness.resources import recipes_folder

TODAY = datetime.date(2025, 9, 1)
PRICED = [
    "pair.wc=gemini-1.5-flash", "pair.se=gemini-1.5-pro", "match.kind=price",
    "budgets.low={se: 1}", "budgets.high={se: 2}",
]  # fmt: skip


def warnings(result: LintResult) -> str:
    return "\n".join(map(str, result.warnings))


@pytest.mark.parametrize("name", recipe_names())
def test_shipped_recipes_have_no_problems(name: str) -> None:
    assert lint(name, [], TODAY).problems == ()


def test_what_a_careful_reader_would_ask() -> None:
    said = warnings(lint("w2s-gsm8k", ["decoding.expected_tokens=null"], TODAY))
    assert "problems.revision: the data set openai/gsm8k is not pinned" in said
    assert "google/gemma-2-27b is not pinned" in said
    assert "half of decoding.max_tokens" in said
    assert "one training seed" in said
    clean = lint("w2s-micro", ["seeds.training=[1,2]"], TODAY)
    assert clean.warnings == ()


def test_old_prices() -> None:
    said = warnings(lint("w2s-math", PRICED, TODAY))
    assert "the newest price of gemini-1.5-flash is of 2024-08-12, 385 days ago" in said
    assert "gemini-1.5-pro is of" not in said
    assert "days ago" not in warnings(
        lint("w2s-math", [*PRICED, "match.price_date=2024-08-31"], TODAY)
    )


def test_uneven_rounding_swapped_sides_and_idle_settings() -> None:
    said = warnings(lint("w2s-micro", ["budgets.odd={wc: 4}"], TODAY))
    assert "rounding to 4 WC and 1 SE samples leaves WC at 1.35 of the cost of SE" in said
    swapped = ["pair.wc=micro-se", "pair.se=micro-wc", "budgets.low={se: 3}"]
    assert "are the two sides swapped?" in warnings(lint("w2s-micro", swapped, TODAY))
    assert "a paradigm that is not trained" in warnings(
        lint("w2s-micro", ["paradigms=[wc_lm]"], TODAY)
    )
    assert "nothing is finetuned" in warnings(lint("w2s-micro", ["paradigms=[]"], TODAY))


def test_a_mixture_of_experts_whose_active_parameters_are_not_known(tmp_path: Path) -> None:
    card = tmp_path / "hybrid.yaml"
    chosen = [f"pair.wc={card}", "match.parameters=total"]
    text = "id: org/hybrid\nparameters: {COUNTS}\nconfig: {model_type: new, num_experts: 512}\n"
    card.write_text(text.replace("COUNTS", "total: 8000000000"))
    said = warnings(lint("w2s-math", chosen, TODAY))
    assert "pair.wc.parameters: org/hybrid is a mixture of experts, and how many" in said
    assert "Add parameters.active" in said
    card.write_text(text.replace("COUNTS", "total: 80000000000, active: 3000000000"))
    said = warnings(lint("w2s-math", chosen, TODAY))
    assert "mixture" not in said
    # 80 B in all are no reason to take it for the dearer side: a token meets 3 B.
    assert "swapped" not in said


def test_a_profile_that_does_not_load_is_a_problem(tmp_path: Path) -> None:
    text = (recipes_folder() / "w2s-micro.yaml").read_text(encoding="utf-8")
    path = tmp_path / "mine.yaml"
    path.write_text(text + "  broken:\n    training: {stpes: 3}\n", encoding="utf-8")
    (problem,) = lint(str(path), [], TODAY).problems
    line = len(path.read_text().splitlines())
    assert problem.where.startswith("profile broken: ")
    assert problem.where.endswith(f"mine.yaml:{line} training.stpes")
    assert "did you mean 'steps'" in problem.message


def test_every_problem_of_a_bad_recipe_is_there() -> None:
    result = lint("w2s-micro", ["decoding.top_p=2", "budgets.low={se: 0}"], TODAY)
    assert len(result.problems) == 2
    assert result.warnings == ()
    (missing,) = lint("w2s-mirco", [], TODAY).problems
    assert "did you mean 'w2s-micro'" in missing.message


def test_an_allocation_that_spares_nothing() -> None:
    def said(correct: int, most: int) -> str:
        until = f"allocation.until={{correct: {correct}, max: {most}}}"
        result = lint("w2s-micro", ["profile=smoke", until], TODAY)
        assert result.problems == ()
        return warnings(result)

    assert "allocation" not in said(1, 6)
    assert "no problem gets 7 samples: the largest budget gives 6 to WC and 2 to SE" in said(1, 7)
    assert "SE has 2 samples a problem, so stopping at 2 correct ones saves it none" in said(2, 6)


@pytest.mark.parametrize(
    ("settings", "place", "message"),
    [
        (["allocation.until={correct: 1, max: 5}"], "allocation.until={correct: 1, max: 5}",
         "gives WC 6 samples a problem, and what they would have shown cannot be estimated from "
         "at most 5"),
        (["allocation.until.correct=7", "allocation.until.max=6"], "allocation.until",
         "7 correct samples cannot be among 6"),
        (["allocation=unifrom"], "allocation", "expected uniform or a mapping with the keys until"),
        (["allocation.until={correct: 0, max: 6}"], "allocation.until.correct",
         "found the number 0, expected a whole number above 0"),
        (["allocation.until.corect=1", "allocation.until.max=6", "allocation.until.correct=1"],
         "allocation.until.corect", "did you mean 'correct'"),
        (["allocation.until={correct: 1}"], "allocation.until.max", "the key 'max' is missing"),
    ],
)  # fmt: skip
def test_allocations_that_are_refused(settings: list[str], place: str, message: str) -> None:
    (problem,) = lint("w2s-micro", ["profile=smoke", *settings], TODAY).problems
    assert place in problem.where
    assert message in problem.message
