"""The table: marks, intervals, order; and the command that prints it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.leaderboard import leaderboard
from harness.errors import InputError
from harness.files import read_json, write_json
from harness.report.document import report_of
from harness.report.sources import read_sources
from leaderboard.entry import entry_of
from leaderboard.schema import Difference, Entry
from leaderboard.store import register, write_entry
from leaderboard.table import difference_text, sorted_entries, table_of
from tests.report.factories import made_run


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))


def entry_at(folder: Path, *overrides: str, upto: str = "evaluate") -> Entry:
    run = made_run(folder, overrides=overrides, upto=upto)
    return Entry.model_validate(entry_of(report_of(read_sources(run)).model_dump(mode="json")))


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ((0.016, -0.021, 0.053), "+1.6\n−2.1 to +5.3"),
        ((0.086, 0.04, 0.132), "+8.6*\n+4.0 to +13.2"),
        ((-0.043, -0.083, -0.0003), "−4.30*\n−8.30 to −0.03"),
        ((0.02, 0.02, 0.02), "+2.0\n+2.0 to +2.0"),
    ],
)
def test_a_star_marks_what_excludes_zero(ends: tuple[float, float, float], text: str) -> None:
    value, low, high = ends
    difference = Difference(value=value, low=low, high=high, p_value=None, test=None)
    assert difference_text(difference, 100) == text


def test_the_table_shows_every_budget_and_paradigm(tmp_path: Path) -> None:
    text = table_of([entry_at(tmp_path / "run")])
    lines = text.splitlines()
    assert sum("micro:wc" in line for line in lines) == 2
    low, high = (line.split("│") for line in lines if "micro:wc" in line)
    assert [cell.strip() for cell in low[6:14]] == [
        "0.2 | 0.2", "70.8 | 56.2", "+14.6*", "+0.56*", "+1.9*", "–", "–", "–",
    ]  # fmt: skip
    assert [cell.strip() for cell in high[6:14]] == [
        "0.2 | 0.2", "91.0 | 87.8", "+3.2*", "+0.52*", "+1.9*", "+2.7¹", "−4.3*¹", "+0.3¹",
    ]  # fmt: skip
    assert "−1.7 to +7.1" in text
    assert "one training seed: no claim" in text


def test_a_mixed_allocation_shows_its_mean(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run")
    measure = read_json(run.measure_file)
    measure["budgets"]["low"]["mean_samples_per_problem"] = {"wc": 2.5, "se": 1.0}
    measure["budgets"]["high"]["mean_samples_per_problem"] = {"wc": 29.53125, "se": 10.0}
    write_json(run.measure_file, measure)
    report = report_of(read_sources(run)).model_dump(mode="json")
    text = table_of([Entry.model_validate(entry_of(report))])
    assert "│ 2.5 | 1 " in text
    assert "│ 29.531 | 10 " in text


def test_the_order_does_not_depend_on_the_files(tmp_path: Path) -> None:
    entries = [
        entry_at(tmp_path / "a"),
        entry_at(tmp_path / "b", "seeds.run=2"),
        entry_at(tmp_path / "c", "profile=wide-gap"),
        entry_at(tmp_path / "d", upto="measure"),
        entry_at(tmp_path / "e", upto="plan"),
    ]
    text = table_of(entries)
    assert "nothing" in text
    for seed in range(5):
        shuffled = random.Random(seed).sample(entries, len(entries))
        assert sorted_entries(shuffled) == sorted_entries(entries)
        assert table_of(shuffled) == text


def test_an_empty_leaderboard_says_how_to_fill_it() -> None:
    result = CliRunner().invoke(leaderboard, ["list"])
    assert result.exit_code == 0
    assert result.stdout.startswith("No entries. `harness run` makes one")


def test_list_and_show_print_one_document(tmp_path: Path) -> None:
    entry = entry_at(tmp_path / "run")
    path = register(entry.model_dump(mode="json"))
    document = json.loads(CliRunner().invoke(leaderboard, ["list", "--json"]).stdout)
    assert document["invalid"] == []
    assert document["entries"] == [{"file": str(path), **entry.model_dump(mode="json")}]
    shown = json.loads(CliRunner().invoke(leaderboard, ["show", entry.id[:5], "--json"]).stdout)
    assert shown["id"] == entry.id
    text = CliRunner().invoke(leaderboard, ["show", entry.id]).stdout
    assert entry.evidence.pools["wc"] in text
    assert "version of harness" in text


def test_list_goes_on_past_bad_files_and_ends_with_their_reasons(tmp_path: Path) -> None:
    entry = entry_at(tmp_path / "run")
    write_entry(tmp_path / "entries" / "good.json", entry.model_dump(mode="json"))
    (tmp_path / "entries" / "bad.json").write_text("{")
    result = CliRunner().invoke(leaderboard, ["list", str(tmp_path / "entries"), "--json"])
    document = json.loads(result.stdout)
    assert [one["id"] for one in document["entries"]] == [entry.id]
    assert [Path(one["file"]).name for one in document["invalid"]] == ["bad.json"]
    assert isinstance(result.exception, InputError)
    assert result.exception.exit_status == 2
    assert "bad.json: is not JSON" in str(result.exception)


def test_submission_is_not_offered_yet() -> None:
    assert set(leaderboard.commands) == {"list", "show"}
