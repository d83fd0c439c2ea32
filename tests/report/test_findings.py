"""Headline, comparison with the paper, and cautions, on whole documents."""

from __future__ import annotations

from typing import Any

import pytest

from harness.recipe.loading import load_recipe
from harness.report.findings import cautions_of, findings_of, headline, paper_lines
from harness.report.finetuning_tables import finetuning_table
from harness.report.results import Evaluations, Match, Measure
from harness.report.schema import Finding
from tests.report.documents import difference, evaluations_document, measure_document

COMPUTE = Match(kind="compute", ratio=3.0)


def documents(**changes: Any) -> tuple[Measure, Evaluations]:
    measure = measure_document()
    for budget, name, value, half in changes.get("quality", ()):
        measure["budgets"][budget]["difference"][name] = difference(value, half)
    evaluations = evaluations_document(load_recipe("w2s-micro"), seeds=changes.get("seeds", (1,)))
    return Measure.model_validate(measure), Evaluations.model_validate(evaluations)


def test_measures_that_agree_share_a_clause() -> None:
    measure, evaluations = documents(seeds=(1, 2, 3))
    text = headline(measure.match, findings_of(measure, evaluations), 3)
    assert text == (
        "At matched compute, WC has the higher coverage, diversity, and false-positive rate at "
        "both budgets. Of 3 comparisons, pass@1 is higher after SE data in 1 and no difference "
        "was found in 2; means over 3 training seeds."
    )


def test_budgets_that_differ_are_named() -> None:
    measure, evaluations = documents(quality=[("high", "coverage", -0.03, 0.04)])
    text = headline(measure.match, findings_of(measure, evaluations), 1)
    assert text.startswith(
        "At matched compute, WC has the higher coverage at budget low and no difference in "
        "coverage was found at budget high; and WC has the higher diversity and false-positive "
        "rate at both budgets."
    )
    assert text.endswith("With one training seed, no claim about finetuning can be made.")


def disagreeing(document: dict[str, Any], p_value: float, low: float, high: float) -> None:
    document.update(value=(low + high) / 2, low=low, high=high, p_value=p_value)


def test_with_several_seeds_the_headline_rests_on_training_by_other_seeds() -> None:
    measure, evaluations = documents(seeds=(1, 2))
    document = evaluations.model_dump()
    intervals = [(-0.02, 0.05, 0.4, 0.4), (0.002, 0.06, 0.04, 0.08), (0.02, 0.06, 0.001, 0.003)]
    for one, (low, high, p_value, adjusted) in zip(document["comparisons"], intervals, strict=True):
        disagreeing(one["difference"], 0.001, 0.01, 0.04)
        one["other_seeds"] = {
            "low": low, "high": high, "p_value": p_value, "holm_p_value": adjusted,
        }  # fmt: skip
    evaluations = Evaluations.model_validate(document)
    findings = findings_of(None, evaluations)
    assert [one.verdict for one in findings] == ["no_difference", "wc_higher", "wc_higher"]
    assert [one.difference.p_value for one in findings] == [0.4, 0.04, 0.001]
    text = headline(measure.match, findings, 2)
    assert text.endswith(
        "Of 3 comparisons, pass@1 is higher after WC data in 2 and no difference was found in 1; "
        "means over 2 training seeds. Corrected for 3 comparisons (Holm), 1 of 2 remains."
    )
    assert "cover training by other seeds" in cautions_of({}, findings, 2)[0]
    table = finetuning_table(evaluations)
    assert table.headers[-1] == "p (Holm, other seeds)"
    assert [row[-1].text for row in table.rows] == ["p = 0.400", "p = 0.080", "p = 0.003"]
    assert table.rows[0][6].note.startswith("−2.0 to +5.0")
    single = finetuning_table(documents(seeds=(1,))[1])
    assert single.headers[-1] == "p (Holm)"


def test_headline_and_p_value_agree_that_a_difference_is_borderline() -> None:
    """An exact McNemar test of 4 against 0 discordant problems: p = 2 / 2^4."""
    measure, evaluations = documents(seeds=(1, 2))
    measure_json, evaluations_json = (one.model_dump() for one in (measure, evaluations))
    for one in evaluations_json["comparisons"]:
        disagreeing(one["difference"], 0.125, 0.002, 0.038)
    disagreeing(evaluations_json["comparisons"][0]["difference"], 0.01, 0.002, 0.038)
    disagreeing(measure_json["budgets"]["low"]["difference"]["coverage"], 0.03, -0.001, 0.05)
    measure = Measure.model_validate(measure_json)
    findings = findings_of(measure, Evaluations.model_validate(evaluations_json))
    text = headline(measure.match, findings, 2)
    assert text.startswith(
        "At matched compute, the difference in coverage is borderline at budget low and WC has "
        "the higher coverage at budget high;"
    )
    assert "higher after WC data in 1 and interval and test disagree (borderline) in 2;" in text
    marked = [one for one in findings if one.borderline]
    assert len(marked) == 3 and all("borderline" in one.text for one in marked)
    assert not any("borderline" in one.text for one in findings if not one.borderline)
    lines = paper_lines(measure.match, findings, 2)
    assert "in 1, contradicted in 0, borderline in 1, and no difference was found in 0" in lines[0]
    assert "in 1, contradicted in 0, borderline in 2, and no difference was found in 0" in lines[-1]


def test_what_was_not_found_is_joined_by_or() -> None:
    nothing = [(budget, name, 0.0, 0.1) for budget in ("low", "high")
               for name in ("coverage", "diversity_all", "false_positive_rate")]  # fmt: skip
    measure, _ = documents(quality=nothing)
    assert headline(measure.match, findings_of(measure, None), 1).startswith(
        "At matched compute, no difference in coverage, diversity, or false-positive rate was "
        "found at either budget."
    )


def test_a_run_without_results_says_so() -> None:
    assert headline(None, [], 1) == "Data quality was not measured. Finetuning was not compared."
    measure, _ = documents()
    assert headline(measure.match, findings_of(measure, None), 1).endswith(
        "Finetuning was not compared."
    )


@pytest.mark.parametrize(
    ("verdicts", "seeds", "words"),
    [
        (["wc_higher", "wc_higher"], 3, "This run agrees (2 comparisons)."),
        (["se_higher", "se_higher"], 3, "This run contradicts it (2 comparisons)."),
        (["no_difference", "no_interval"], 3, "neither confirms nor contradicts"),
        (
            ["wc_higher", "no_difference", "se_higher"],
            3,
            "it is confirmed in 1, contradicted in 1, and no",
        ),
        (["wc_higher", "wc_higher"], 1, "One training seed neither confirms nor contradicts"),
    ],
)
def test_agreement_with_the_paper(verdicts: list[str], seeds: int, words: str) -> None:
    findings = [
        Finding.model_validate(
            {"topic": "finetuning", "budget": "high", "paradigm": "se_lm", "verdict": verdict,
             "difference": difference(0, 0.1), "text": ""}
        )
        for verdict in verdicts
    ]  # fmt: skip
    (line,) = paper_lines(COMPUTE, findings, seeds)
    assert line.startswith("The paper found higher pass@1 after WC data at matched compute. ")
    assert words in line


def test_at_equal_numbers_the_paper_expects_the_strong_model() -> None:
    measure, _ = documents(quality=[("high", "coverage", -0.1, 0.02)])
    lines = paper_lines(Match(kind="number", ratio=1.0), findings_of(measure, None), 1)
    assert lines == [
        "The paper found a higher coverage for SE at an equal number of samples. "
        "Of 2 comparisons, it is confirmed in 1, contradicted in 1, and no difference was found "
        "in 0."
    ]
    assert paper_lines(Match(kind="gpu_seconds", ratio=2.0), findings_of(measure, None), 1) == []


def test_cautions_follow_the_numbers() -> None:
    measure, evaluations = documents()
    findings = findings_of(measure, evaluations)
    one_seed = " ".join(cautions_of(measure.budgets, findings, 1))
    assert "No claim is carried by one seed" in one_seed
    assert "10 comparisons" in one_seed  # The false-positive rate does not depend on the budget.
    assert "No claim" not in " ".join(cautions_of(measure.budgets, findings, 3))

    document = measure_document()
    document["budgets"]["low"]["cost"]["wc_over_se"] = 0.9
    document["budgets"]["low"]["sides"]["se"]["undecided"] = 40
    text = " ".join(cautions_of(Measure.model_validate(document).budgets, [], 3))
    assert "make WC spend −10.0 % relative to SE" in text
    assert "8.0 % of the SE samples at budget low are undecided" in text
