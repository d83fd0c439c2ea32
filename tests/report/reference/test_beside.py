"""Our numbers beside the paper's, on runs' folders: what is compared, and what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.files import read_json, write_json
from harness.progress import Progress
from harness.reference import load_reference
from harness.report.document import report_of
from harness.report.markdown import markdown_of
from harness.report.reference.schema import Beside, ReferenceComparison
from harness.report.sections import sections_of
from harness.report.sources import read_sources
from harness.report.stage import report
from harness.run_folder import RunFolder
from tests.report.documents import interval
from tests.report.factories import made_run

PAPER = load_reference("paper")


def compared(run: RunFolder) -> ReferenceComparison:
    found = report_of(read_sources(run), PAPER).reference
    assert found is not None
    return found


def markdown(run: RunFolder) -> str:
    built = report_of(read_sources(run), PAPER)
    return markdown_of(built, sections_of(built))


def one(values: list[Beside], **labels: Any) -> Beside:
    (found,) = [
        value
        for value in values
        if all(getattr(value, name) == wanted for name, wanted in labels.items())
    ]
    return found


def with_paper_numbers(folder: Path, recipe: str = "w2s-math") -> RunFolder:
    """A run that measured what the paper did on MATH, and finetuned at its high budget."""
    run = made_run(folder, name=recipe)
    measure = read_json(run.measure_file)
    measure["problems"] = 7500
    for name, values in {"low": (0.431, 0.327), "high": (0.706, 0.647)}.items():
        budget = measure["budgets"][name]
        budget["sides"]["wc"]["coverage"] = interval(values[0], 0.01)
        budget["sides"]["se"]["coverage"] = interval(values[1], 0.01)
        budget["difference"]["coverage"]["value"] = values[0] - values[1]
    write_json(run.measure_file, measure)
    return run


def test_numbers_of_the_papers_pair_and_benchmark_stand_side_by_side(tmp_path: Path) -> None:
    found = compared(with_paper_numbers(tmp_path / "run"))
    assert found.data_comparable
    assert found.finetuning_comparable
    assert (found.benchmark, found.pair) == ("MATH", "Gemma2-9B with Gemma2-27B")
    assert found.reasons == []
    low = one(found.values, place="budget", quantity="coverage", side="wc", budget="low")
    assert (low.k, low.paper.value, low.paper.provenance) == (3, pytest.approx(0.431), "P")
    assert (low.paper.source, low.paper.size) == ("Fig. 3a", 7500)
    assert low.paper.read_off_error == pytest.approx(0.0005)
    assert low.ours_minus_paper == pytest.approx(0, abs=1e-12)
    assert low.paper_in_interval == "yes"
    apart = one(found.values, place="budget", quantity="coverage", kind="difference", budget="high")
    assert apart.paper.value == pytest.approx(0.059)
    assert apart.paper.read_off_error == pytest.approx(0.002)
    assert apart.paper.provenance == "D from P"


def test_every_place_has_its_numbers(tmp_path: Path) -> None:
    values = compared(with_paper_numbers(tmp_path / "run")).values
    number = one(values, place="equal_number", quantity="coverage", side="wc", budget="high")
    assert (number.k, number.paper.value) == (10, 0.59)
    levels = [value for value in values if value.place == "level"]
    assert len(levels) == 10  # The figure by level is of the high budget alone.
    assert one(levels, side="se", level="5").paper.value == pytest.approx(0.337)
    curve = [value for value in values if value.place == "curve"]
    assert sum(value.kind == "value" and value.side == "se" for value in curve) == 10
    apart = one(curve, kind="difference", k=5)
    assert (apart.k_of_wc, apart.paper.value) == (15, pytest.approx(0.636 - 0.563))
    assert apart.paper_in_interval == "no_interval"
    judges = [value.judge for value in values
              if value.quantity == "false_positive_rate" and value.side == "wc"]  # fmt: skip
    assert judges == ["human", "gemini"]  # Equal at both budgets, so said once.


def test_finetuned_models_with_relative_and_absolute_changes(tmp_path: Path) -> None:
    run = with_paper_numbers(tmp_path / "run")
    values = [value for value in compared(run).values if value.place == "finetuning"]
    weak = one(values, paradigm="student_lm", arm="wc")
    assert (weak.k, weak.paper.value, weak.paper.source) == (30, pytest.approx(0.328), "Fig. 4")
    assert weak.paper.sampling is not None
    assert weak.paper.sampling.low == pytest.approx(0.288, abs=0.001)
    points = one(values, paradigm="student_lm", kind="difference")
    assert points.paper.value == pytest.approx(0.018)
    gain = one(values, paradigm="student_lm", kind="relative_gain")
    assert gain.paper.value == pytest.approx(0.018 / 0.31)
    assert gain.paper.printed == "+5.8 % [F]"
    text = markdown(run)
    assert "pass@1, WC over SE, relative" in text
    assert "points of relative gain" in text
    # Five hundred training problems have figures of their own.
    measure = read_json(run.measure_file)
    write_json(run.measure_file, {**measure, "problems": 500})
    values = [value for value in compared(run).values if value.place == "finetuning"]
    assert one(values, paradigm="se_lm", arm="wc").paper.value == pytest.approx(0.448)


def test_gsm8k_and_the_ground_truth(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", name="w2s-gsm8k")
    evaluations = read_json(run.evaluations_file)
    cell = {"paradigm": "wc_lm", "arm": "ground_truth", "budget": "high", "seed": 1}
    evaluations["models"].append(
        {**evaluations["models"][-1], "model_id": "gt", "cell": cell,
         "pass_at_1": interval(0.77, 0.02)}
    )  # fmt: skip
    write_json(run.evaluations_file, evaluations)
    found = compared(run)
    assert found.benchmark == "GSM8K"
    truth = one(found.values, arm="ground_truth")
    assert (truth.paper.value, truth.seed) == (pytest.approx(0.776), 1)
    assert truth.paper_in_interval == "yes"
    assert any("1,000 test problems, the paper 1,319" in line for line in found.caveats)


@pytest.mark.parametrize(
    ("name", "overrides", "reason"),
    [
        ("w2s-micro", (), "The problems are other ones (micro"),
        ("w2s-math", ("problems.path=someone/aime",), "other ones (someone/aime"),
        ("w2s-math", ("pair.wc.id=google/gemma-2-9b-it",), "The pair is another one"),
    ],
)
def test_another_benchmark_or_pair_gives_context_and_no_comparison(
    tmp_path: Path, name: str, overrides: tuple[str, ...], reason: str
) -> None:
    run = made_run(tmp_path / "run", name=name, overrides=overrides)
    found = compared(run)
    assert not found.data_comparable
    assert not found.finetuning_comparable
    assert found.values == []
    assert found.overlay == []
    assert any(reason in line for line in found.reasons)
    text = markdown(run)
    assert "ours − paper" not in text
    assert "No numbers are compared with the paper's" in text
    assert "shown for context" in text
    assert "Holds here: yes" in text
    assert "43.1 (\\[P\\] Fig. 3a)" in text


def test_other_students_other_test_and_other_decoding_are_said(tmp_path: Path) -> None:
    run = made_run(
        tmp_path / "run",
        name="w2s-math",
        overrides=("students.student_lm=micro-student", "decoding.temperature=0.5",
                   "decoding.top_k=null"),
    )  # fmt: skip
    found = compared(run)
    assert found.data_comparable
    paradigms = {value.paradigm for value in found.values if value.place == "finetuning"}
    assert paradigms == {"wc_lm", "se_lm"}
    said = " ".join(found.caveats)
    assert "The paper finetuned no such model (micro:student as student_lm)" in said
    assert "temperature 0.5, the paper with 0.7" in said
    assert "top-k all tokens, the paper with 3" in said
    assert "0 of its 12 comparisons" in said
    other = made_run(tmp_path / "other", name="w2s-math", overrides=("evaluation.task=w2s_gsm8k",))
    found = compared(other)
    assert found.data_comparable
    assert not found.finetuning_comparable
    assert "tested on something else (w2s_gsm8k)" in " ".join(found.caveats)
    assert not [value for value in found.values if value.place == "finetuning"]


def test_a_folder_that_says_nothing_is_known_by_the_recipes_name(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for split in ("train", "test"):
        (folder / f"{split}.jsonl").write_text('{"question": "1 + 1?", "answer": "#### 2"}\n')
    local = ("problems.source=jsonl", f"problems.path={folder}", "problems.config=null")
    run = made_run(tmp_path / "run", name="w2s-gsm8k", overrides=local)
    found = compared(run)
    assert found.benchmark == "GSM8K"
    assert any("folder are GSM8K is taken from the recipe's name" in line
               for line in found.caveats)  # fmt: skip


def test_a_number_of_samples_that_the_paper_has_not_is_said(tmp_path: Path) -> None:
    run = with_paper_numbers(tmp_path / "run")
    measure = read_json(run.measure_file)
    high = measure["budgets"]["high"]
    high["samples_per_problem"] = {"wc": 29, "se": 10}
    high["mean_samples_per_problem"] = {"wc": 29.0, "se": 10.0}
    write_json(run.measure_file, measure)
    found = compared(run)
    high = [value for value in found.values if value.place == "budget" and value.budget == "high"]
    assert {value.side for value in high if value.quantity == "coverage"} == {"se"}
    assert "The paper has nothing for 29 WC samples a problem (budget high)." in found.caveats


def test_a_mixed_budget_is_held_against_its_mean(tmp_path: Path) -> None:
    """2.5 samples a problem on average are not the three that most problems may have."""
    run = with_paper_numbers(tmp_path / "run")
    measure = read_json(run.measure_file)
    measure["match"]["rounding"] = "mixed"
    for name, means in {
        "low": {"wc": 2.5, "se": 1.0},
        "high": {"wc": 29.53125, "se": 10.0},
    }.items():
        measure["budgets"][name]["mean_samples_per_problem"] = means
    write_json(run.measure_file, measure)
    found = compared(run)
    assert {value.place for value in found.values if value.k == 3} == {"curve"}
    finetuned = [value for value in found.values if value.place == "finetuning"]
    assert {value.arm for value in finetuned} == {"se"}
    for samples in ("2.5 WC samples a problem (budget low)", "29.531 WC samples a problem"):
        assert any(f"The paper has nothing for {samples}" in line for line in found.caveats)
    assert "2.5 a problem" in markdown(run)


def test_prices_match_the_gemini_pair(tmp_path: Path) -> None:
    run = made_run(
        tmp_path / "run",
        name="w2s-math",
        overrides=(
            "pair.wc=gemini-1.5-flash", "pair.se=gemini-1.5-pro", "match.kind=price",
            "match.price_date=2024-08-31", "budgets={low: {se: 1}}", "training.budgets=[low]",
            "training.steps=600", "students.wc_lm=gemma-2-9b", "students.se_lm=gemma-2-27b",
            "training.paradigms.student_lm.steps=2400",
        ),
    )  # fmt: skip
    measure = read_json(run.measure_file)
    budget = measure["budgets"]["low"]
    budget["samples_per_problem"] = {"wc": 35, "se": 1}
    budget["mean_samples_per_problem"] = {"wc": 35.0, "se": 1.0}
    write_json(run.measure_file, {**measure, "problems": 7500, "budgets": {"low": budget}})
    evaluations = read_json(run.evaluations_file)
    for comparison in evaluations["comparisons"]:
        comparison["budget"] = "low"
    write_json(run.evaluations_file, evaluations)
    found = compared(run)
    assert found.pair == "Gemini-1.5-Flash with Gemini-1.5-Pro"
    wc = one(found.values, place="budget", quantity="coverage", side="wc")
    assert (wc.paper.value, wc.paper.provenance) == (pytest.approx(0.81), "F")
    student = one(found.values, paradigm="wc_lm", kind="relative_gain")
    assert student.paper.value == pytest.approx(44.4 / 38.8 - 1)
    assert student.paper.printed == "+14.4 % [P]"


@pytest.mark.parametrize("upto", ["plan", "sample", "measure"])
def test_a_partial_run_says_what_it_can(tmp_path: Path, upto: str) -> None:
    run = made_run(tmp_path / "run", name="w2s-math", upto=upto)
    found = compared(run)
    assert bool(found.values) == (upto == "measure")
    student = next(claim for claim in found.claims if claim.name == "student_lm_at_equal_cost")
    assert (student.holds, student.reason) == ("undetermined", "not measured in this run")
    assert "Beside the paper" in markdown(run)


def test_the_three_files_hold_it_and_only_when_asked(tmp_path: Path) -> None:
    run = with_paper_numbers(tmp_path / "run")
    progress = Progress(live=False)
    said = report(run, progress, reference="paper")
    assert said["claims"]["coverage_at_equal_cost"] == "yes"
    document = read_json(run.report("json"))
    assert ReferenceComparison.model_validate(document["reference"]).name == "paper"
    html = run.report("html").read_text()
    for words in (
        "Beside the paper",
        "Small hollow markers: the paper&#39;s coverage",
        "WC, paper",
    ):
        assert words in html
    assert "Beside the paper" in run.report("md").read_text()

    plain = report(run, progress)
    assert "claims" not in plain
    assert read_json(run.report("json"))["reference"] is None
    for name in ("html", "md"):
        assert "Beside the paper" not in run.report(name).read_text()
    assert "WC, paper" not in run.report("html").read_text()


def test_the_overlay_is_the_papers_curve_in_samples_of_se(tmp_path: Path) -> None:
    overlay = compared(with_paper_numbers(tmp_path / "run")).overlay
    assert len(overlay) == 27
    at_three = {point.side: point for point in overlay if point.cost == 3.0}
    assert at_three["se"].coverage == 0.494
    assert (at_three["wc"].k, at_three["wc"].coverage) == (9, 0.577)
