"""Whether a claim of the paper holds is decided by intervals, and never said without one."""

from __future__ import annotations

from typing import Any

import pytest

from harness.recipe.loading import load_recipe
from harness.reference import load_reference
from harness.report.reference.claims import Measured, claim_outcomes, holds_in_all
from harness.report.reference.schema import ClaimOutcome
from harness.report.reference.tables import claim_line
from harness.report.results import Evaluations, Match, Measure
from tests.report.documents import difference, evaluations_document, measure_document

PAPER = load_reference("paper")


def outcomes(
    *,
    kind: str = "compute",
    quality: dict[tuple[str, str], tuple[float, float]] | None = None,
    seeds: tuple[int, ...] = (1, 2, 3),
    finetuning: tuple[float, float] | None = None,
) -> dict[str, ClaimOutcome]:
    """The claims on the embedded pair's numbers; (value, half an interval) replace some."""
    measure = measure_document()
    for (budget, name), (value, half) in (quality or {}).items():
        measure["budgets"][budget]["difference"][name] = difference(value, half)
    evaluations = evaluations_document(load_recipe("w2s-micro"), seeds=seeds)
    if finetuning:
        for one in evaluations["comparisons"]:
            one["difference"] = difference(*finetuning)
    measured = Measured(
        Match(kind=kind, ratio=3.0),
        Measure.model_validate(measure),
        Evaluations.model_validate(evaluations),
    )
    return {claim.name: claim for claim in claim_outcomes(PAPER, measured)}


@pytest.mark.parametrize(
    ("low", "high", "holds"),
    [
        ((0.1, 0.02), (0.1, 0.02), "yes"),
        ((0.1, 0.02), (0.01, 0.02), "undetermined"),
        ((0.1, 0.02), (-0.1, 0.02), "no"),
        ((0.01, 0.02), (-0.01, 0.02), "undetermined"),
        ((-0.1, 0.02), (-0.1, 0.02), "no"),
        ((0.1, 0.0), (0.1, 0.0), "undetermined"),  # Without a width there is no interval.
    ],
)
def test_coverage_at_equal_cost(
    low: tuple[float, float], high: tuple[float, float], holds: str
) -> None:
    found = outcomes(quality={("low", "coverage"): low, ("high", "coverage"): high})
    claim = found["coverage_at_equal_cost"]
    assert claim.holds == holds
    assert f"Holds here: {holds} (" in claim_line(claim)


def test_at_equal_numbers_the_claim_is_about_se() -> None:
    # The documents give the same difference at equal numbers as at equal cost: WC higher.
    assert outcomes()["coverage_at_equal_number"].holds == "no"
    se_higher = {(budget, "coverage"): (-0.05, 0.02) for budget in ("low", "high")}
    assert outcomes(kind="number", quality=se_higher)["coverage_at_equal_number"].holds == "yes"


def test_a_match_by_number_says_nothing_about_equal_cost() -> None:
    found = outcomes(kind="number", finetuning=(-0.05, 0.01))
    for name in ("coverage_at_equal_cost", "diversity_at_equal_cost", "student_lm_at_equal_cost"):
        assert found[name].holds == "undetermined"
        assert "matched by number" in (found[name].reason or "")
    assert found["student_lm_at_equal_number"].holds == "yes"
    reason = outcomes()["se_lm_at_equal_number"].reason
    assert reason == "no model of this run was finetuned at an equal number of samples"


def test_finetuning_needs_more_than_one_seed() -> None:
    several = outcomes(finetuning=(0.05, 0.02))["se_lm_at_equal_cost"]
    assert several.holds == "yes"
    single = outcomes(finetuning=(0.05, 0.02), seeds=(1,))["se_lm_at_equal_cost"]
    assert single.holds == "undetermined"
    assert single.cases[0].by_interval == "yes"
    assert "yes by the interval over test problems, but one training seed" in claim_line(single)


def test_what_does_not_depend_on_the_budget_is_said_once() -> None:
    (case,) = outcomes()["false_positives"].cases
    assert (case.budget, case.holds) == ("low, high", "yes")


def test_a_refused_measure_says_why() -> None:
    document = measure_document()
    for budget in document["budgets"].values():
        budget["difference"]["diversity_solved"] = None
    document["refused"] = {"diversity_solved": "the draw stopped early"}
    measured = Measured(None, Measure.model_validate(document), None)
    found = {claim.name: claim for claim in claim_outcomes(PAPER, measured)}
    assert found["diversity_at_equal_cost"].reason == "the draw stopped early"
    assert found["wc_lm_at_equal_cost"].reason == "not measured in this run"


@pytest.mark.parametrize(
    ("single", "whole"),
    [
        ([], "undetermined"),
        (["yes"], "yes"),
        (["yes", "undetermined"], "undetermined"),
        (["undetermined", "no"], "no"),
    ],
)
def test_a_claim_holds_where_it_holds_everywhere(single: Any, whole: str) -> None:
    assert holds_in_all(single) == whole


def test_the_papers_numbers_support_each_claim() -> None:
    for claim in outcomes().values():
        higher = next(one.higher for one in PAPER.claims if one.name == claim.name)
        assert claim.evidence
        for one in claim.evidence:
            sign = 1 if higher == "wc" else -1
            assert sign * one.difference >= 0, (claim.name, one)
    evidence = outcomes()["student_lm_at_equal_cost"].evidence
    assert [(one.benchmark, one.at, round(100 * one.difference, 1)) for one in evidence] == [
        ("MATH", "budget low", 1.6),
        ("MATH", "budget high", 1.8),
        ("GSM8K", "budget low", 2.9),
        ("GSM8K", "budget high", 1.0),
        ("MATH", "budget high, 500 problems", 3.0),
        ("MATH", "budget full", 8.6),
    ]
    # On Gemini's data every student is another model, so nothing of it is self-improvement.
    pairs = {one.pair for one in outcomes()["wc_lm_at_equal_cost"].evidence}
    assert pairs == {"Gemma2-9B against Gemma2-27B"}
