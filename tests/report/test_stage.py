"""The stage on runs' folders: whole, partial, empty arms, damaged files, equal bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InputError
from harness.files import read_json, write_json
from harness.pool import Pool
from harness.progress import Progress
from harness.recipe.loading import experiment_document
from harness.report.document import report_of
from harness.report.markdown import markdown_of
from harness.report.schema import Report
from harness.report.sections import sections_of
from harness.report.sources import read_sources, redacted
from harness.report.stage import report
from harness.run_folder import RunFolder
from tests.report.documents import evaluations_document
from tests.report.factories import made_run

QUALITY, MODELS = "Data quality was not measured", "No model was evaluated"


def reported(run: RunFolder) -> dict[str, Any]:
    """The document alone, as `report.json` holds it."""
    return report_of(read_sources(run)).model_dump(mode="json")


def markdown(run: RunFolder) -> str:
    """The text alone, as `report.md` holds it."""
    built = report_of(read_sources(run))
    return markdown_of(built, sections_of(built))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = made_run(tmp_path_factory.mktemp("whole") / "run")
    report(run, Progress(live=False))
    return run


def test_the_document_holds_what_the_stages_measured(whole: RunFolder) -> None:
    document = read_json(whole.report("json"))
    assert Report.model_validate(document).model_dump(mode="json") == document
    measure, evaluations = read_json(whole.measure_file), read_json(whole.evaluations_file)
    for name, budget in measure["budgets"].items():
        assert document["budgets"][name] == budget
    assert document["finetuning"]["comparisons"] == evaluations["comparisons"]
    assert [cell["status"] for cell in document["cells"]] == ["done"] * 6
    assert len(document["arms"]) == 6
    assert document["missing"] == []
    pool = document["pools"]["wc"]
    assert pool["samples"] == 12
    assert pool["sha256"] == Pool.open(whole.pool("wc")).digest()
    assert pool["outcomes"] == {"answer": {"correct": 4, "undecided": 4, "wrong": 4}}
    assert pool["unparsed"] == 4


def test_times_are_summed_per_stage_and_a_torn_line_costs_itself(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    timings = reported(run)["timings"]
    assert timings["total_seconds"] == pytest.approx(210.1)
    assert {stage["stage"]: stage["times"] for stage in timings["stages"]}["train"] == 1
    with run.timings_file.open("a") as stream:
        stream.write('\n{"stage": "train", "seconds": 8.8, "started": ""}\n')
    again = reported(run)["timings"]
    assert again["total_seconds"] == pytest.approx(218.9)
    assert {stage["stage"]: stage["times"] for stage in again["stages"]}["train"] == 2


def test_two_runs_with_equal_results_differ_in_times_and_dates_only(tmp_path: Path) -> None:
    first, second = made_run(tmp_path / "one"), made_run(tmp_path / "other")
    write_json(second.path / "run.json", {"created": "2030-12-31T00:00:00Z"})
    second.timings_file.write_text('{"stage": "sample", "seconds": 1.5, "started": ""}\n')
    documents = [reported(run) for run in (first, second)]
    assert documents[0] != documents[1]
    for document in documents:
        del document["timings"], document["provenance"]["created"]
    assert documents[0] == documents[1]
    tables = [markdown(run).split("## Where the time went")[0]
              for run in (first, second)]  # fmt: skip
    assert tables[0] == tables[1]


def test_the_same_run_gives_the_same_bytes(whole: RunFolder) -> None:
    assert sorted(path.name for path in whole.path.glob("report.*")) == [
        "report.html", "report.json", "report.md",
    ]  # fmt: skip
    before = {path: path.read_bytes() for path in whole.path.glob("report.*")}
    report(whole, Progress(live=False))
    assert {path: path.read_bytes() for path in whole.path.glob("report.*")} == before


@pytest.mark.parametrize(
    ("upto", "missing"),
    [
        ("plan", ["No pool was drawn", QUALITY, "Not every arm", MODELS]),
        ("sample", [QUALITY, "Not every arm", MODELS]),
        ("measure", ["Not every arm was built", MODELS]),
        ("train", [MODELS]),
    ],
)
def test_a_partial_run_says_what_is_missing(tmp_path: Path, upto: str, missing: list[str]) -> None:
    run = made_run(tmp_path / "run", upto=upto)
    document = reported(run)
    text = markdown(run)
    assert len(document["missing"]) == len(missing)
    for line, words in zip(document["missing"], missing, strict=True):
        assert line.startswith(words)
        assert words in text
    assert "2.95" in text  # The match is known from the recipe alone.


def test_without_verifier_and_levels(tmp_path: Path) -> None:
    run = made_run(
        tmp_path / "run", overrides=("answer.chain_verifier=null",), verifier=False, levels=False
    )
    document = reported(run)
    assert any("no exact verifier" in line for line in document["missing"])
    assert not any(one["topic"] == "false_positive_rate" for one in document["findings"])
    text = markdown(run)
    assert "By level" not in text


def test_an_empty_arm_and_its_cells_are_reported_with_the_reason(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    reason = "no sample of SE was correct"
    arm = run.arm("se", "high") / "arm.json"
    write_json(arm, {**read_json(arm), "rows": 0, "problems": 0, "empty": True, "reason": reason})
    cell = "student_lm-se-high-seed1"
    write_json(run.cell(cell) / "state.json", {"status": "skipped", "reason": reason})
    evaluations = evaluations_document(run.recipe, paradigms=("wc_lm", "se_lm"))
    evaluations["skipped"] = [{"cell": cell, "reason": reason}]
    write_json(run.evaluations_file, evaluations)
    missing = reported(run)["missing"]
    assert f"Arm se at budget high is empty: {reason}." in missing
    assert missing.count(f"Cell {cell} has no model; skipped: {reason}.") == 1
    assert any(line.startswith("Paradigm student_lm at budget high was not") for line in missing)
    assert f"empty: {reason}" in markdown(run)


def test_no_comparison_at_all(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    write_json(run.evaluations_file, evaluations_document(run.recipe, paradigms=()))
    document = reported(run)
    assert document["headline"].endswith("Finetuning was not compared.")
    assert "Every evaluated model" in markdown(run)


@pytest.mark.parametrize("content", ["{", "[]", '{"problems": "many", "budgets": {}}', "\udcff"])
def test_a_damaged_results_file_is_named_with_the_command_that_mends_it(
    tmp_path: Path, content: str
) -> None:
    run = made_run(tmp_path / "run")
    run.measure_file.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError) as caught:
        report(run, Progress(live=False))
    assert "measure.json" in str(caught.value)
    assert "harness measure RUN" in str(caught.value)


def test_every_problem_of_a_results_file_is_named_at_once(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    document = read_json(run.measure_file)
    del document["budgets"]["low"]["cost"]
    document["budgets"]["high"]["sides"]["wc"]["coverage"]["low"] = "none"
    write_json(run.measure_file, document)
    with pytest.raises(InputError) as caught:
        report(run, Progress(live=False))
    places = {issue.where for issue in caught.value.issues}
    assert places == {"budgets.low.cost", "budgets.high.sides.wc.coverage.low"}


def test_the_resolved_recipe_is_in_it_without_credentials(tmp_path: Path) -> None:
    run = made_run(
        tmp_path / "run", overrides=("execution.endpoints.se.url=https://me:secret@host/v1",)
    )
    report(run, Progress(live=False))
    document = read_json(run.report("json"))
    for name in ("json", "md", "html"):
        assert "secret" not in run.report(name).read_text()
    assert "https://…@host/v1" in document["provenance"]["recipe_yaml"]
    assert redacted({"a": ["http://u:p@h/x", 3]}) == {"a": ["http://…@h/x", 3]}


def test_the_digest_of_the_recipe_is_that_of_the_experiment(whole: RunFolder) -> None:
    from hashlib import sha256

    canonical = json.dumps(
        experiment_document(whole.recipe), sort_keys=True, separators=(",", ":"),
        ensure_ascii=False,
    )  # fmt: skip
    digest = read_json(whole.report("json"))["provenance"]["digests"]["recipe"]
    assert digest == sha256(canonical.encode()).hexdigest()


def test_a_torn_line_does_not_change_what_a_pool_is(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", upto="sample")
    before = reported(run)["pools"]
    (run.pool("wc") / "samples.jsonl").write_bytes(b"{}")
    assert reported(run)["pools"] == before
