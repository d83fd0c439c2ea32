"""An entry of a report: what it holds, its id, and what is refused."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from harness.files import read_json, write_json
from harness.report.document import report_of
from harness.report.sources import read_sources
from harness.run_folder import RunFolder
from leaderboard.entry import entry_of
from leaderboard.schema import Entry, id_of
from tests.report.documents import QUALITY, RATIO
from tests.report.factories import made_run


def entry_from(run: RunFolder) -> dict[str, Any]:
    return entry_of(report_of(read_sources(run)).model_dump(mode="json"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return made_run(tmp_path_factory.mktemp("entry") / "run")


@pytest.fixture(scope="module")
def entry(run: RunFolder) -> dict[str, Any]:
    return entry_from(run)


def test_an_entry_holds_the_results_and_their_evidence(entry: dict[str, Any]) -> None:
    assert entry["pair"]["wc"]["id"] == "micro:wc"
    assert entry["match"] == {"kind": "compute", "ratio": RATIO, "parameters": "total"}
    assert entry["budgets"]["high"]["sides"]["wc"]["coverage"]["value"] == QUALITY["high"]["wc"][1]
    assert entry["budgets"]["low"]["samples_per_problem"] == {"wc": 3, "se": 1}
    assert [one["paradigm"] for one in entry["finetuning"]] == ["student_lm", "wc_lm", "se_lm"]
    assert entry["finetuning"][0]["model"]["id"] == "micro:student"
    assert entry["evaluation"] == {"task": "w2s_micro", "version": "1.0", "problems": 1000}
    assert set(entry["evidence"]["pools"]) == {"wc", "se"}
    assert len(entry["evidence"]["arms"]) == 6
    assert entry["seeds"] == {"run": 1, "training": [1]}
    assert entry["problem_set"]["train_digest"]


def test_a_difference_covers_training_by_other_seeds_where_that_is_known(run: RunFolder) -> None:
    document = report_of(read_sources(run)).model_dump(mode="json")
    first, second = document["finetuning"]["comparisons"][:2]
    first["seeds"] = [1, 2]
    first["other_seeds"] = {"low": -0.04, "high": 0.09, "p_value": 0.3, "holm_p_value": 0.9}
    found = entry_of(document)["finetuning"]
    assert found[0]["difference"]["value"] == first["difference"]["value"]
    assert (found[0]["difference"]["low"], found[0]["difference"]["high"]) == (-0.04, 0.09)
    assert found[0]["difference"]["p_value"] == 0.3
    assert found[1]["difference"] == second["difference"]


def test_undecided_is_told_and_older_entries_that_do_not_tell_it_keep_their_id(
    entry: dict[str, Any],
) -> None:
    sides = [side for budget in entry["budgets"].values() for side in budget["sides"].values()]
    assert all(isinstance(side["undecided"], int) for side in sides)
    older = copy.deepcopy(entry)
    for budget in older["budgets"].values():
        for side in budget["sides"].values():
            del side["undecided"]
    older["id"] = id_of(older)
    assert older["id"] != entry["id"]
    assert Entry.model_validate(older).model_dump(mode="json") == older


def with_means(entry: dict[str, Any], means: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(entry)
    changed["budgets"]["low"]["mean_samples_per_problem"] = means
    return {**changed, "id": id_of(changed)}


def test_means_are_told_where_problems_have_different_numbers(
    entry: dict[str, Any], tmp_path: Path
) -> None:
    assert "mean_samples_per_problem" not in entry["budgets"]["low"]
    mixed = made_run(tmp_path / "mixed")
    measure = read_json(mixed.measure_file)
    means = {"wc": 2.5, "se": 1.0}
    measure["budgets"]["low"]["mean_samples_per_problem"] = means
    write_json(mixed.measure_file, measure)
    other = entry_from(mixed)
    assert other == with_means(entry, means)
    assert other["id"] != entry["id"]
    assert Entry.model_validate(other).model_dump(mode="json") == other


@pytest.mark.parametrize("mean", [2.0, 3.01, 0.0])
def test_a_mean_that_the_largest_number_rules_out(entry: dict[str, Any], mean: float) -> None:
    with pytest.raises(ValidationError, match=r"mean_samples_per_problem|on average"):
        Entry.model_validate(with_means(entry, {"wc": mean}))


def test_it_survives_json(entry: dict[str, Any]) -> None:
    again = json.loads(json.dumps(entry))
    assert Entry.model_validate(again).model_dump(mode="json") == entry
    assert id_of(again) == entry["id"]


def test_equal_results_have_an_equal_id_whenever_they_were_made(
    run: RunFolder, entry: dict[str, Any], tmp_path: Path
) -> None:
    later = made_run(tmp_path / "later")
    write_json(later.path / "run.json", {"created": "2031-01-01T00:00:00Z"})
    later.timings_file.unlink()
    other = entry_from(later)
    assert other["created"] != entry["created"]
    assert other["id"] == entry["id"]
    assert entry_from(made_run(tmp_path / "seed", overrides=("seeds.run=2",)))["id"] != entry["id"]


def test_partial_runs_have_entries_too(tmp_path: Path) -> None:
    assert entry_from(made_run(tmp_path / "plan", upto="plan"))["budgets"] == {}
    measured = entry_from(made_run(tmp_path / "measure", upto="measure", verifier=False))
    assert measured["finetuning"] == []
    assert measured["evaluation"] is None
    assert measured["budgets"]["high"]["sides"]["wc"]["false_positive_rate"] is None


def test_a_local_folder_of_problems_is_named_without_its_place(run: RunFolder) -> None:
    document = report_of(read_sources(run)).model_dump(mode="json")
    document["problems"] |= {"source": "jsonl", "path": "/home/somebody/secret/my-problems"}
    assert entry_of(document)["problem_set"]["name"] == "my-problems"


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("budgets", "high", "sides", "wc", "coverage", "value"), 1.5, "between 0 and 1"),
        (("budgets", "high", "sides", "wc", "coverage", "low"), 0.99, "above high"),
        (("budgets", "high", "difference", "coverage", "p_value"), 2, "less than or equal to 1"),
        (("match", "ratio"), 0, "greater than 0"),
        (("match", "ratio"), "3", "valid number"),
        (("recipe", "name"), "evil\x1b[2J", "control characters"),
        (("pair", "wc", "id"), "two\nlines", "line breaks"),
        (("evidence", "recipe"), "abc", "match pattern"),
        (("surprise",), 1, "not permitted"),
        (("schema_version",), 2, "should be 1"),
        (("seeds", "run"), 5, "it was edited"),
    ],
)
def test_what_cannot_be_true_is_refused(
    entry: dict[str, Any], place: tuple[str, ...], value: object, words: str
) -> None:
    changed = copy.deepcopy(entry)
    part = changed
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    with pytest.raises(ValidationError) as caught:
        Entry.model_validate(changed)
    assert words in str(caught.value)
