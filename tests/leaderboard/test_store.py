"""The store: round trips, one entry a run, and bad files that are named and passed over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InputError
from harness.files import read_json, write_json
from harness.report.document import report_of
from harness.report.sources import read_sources
from leaderboard.entry import entry_of
from leaderboard.store import (
    ENTRY_FILE,
    entries_folder,
    find_entry,
    load_entries,
    register,
    write_entry,
)
from tests.report.factories import made_run

Document = dict[str, Any]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def entry_at(folder: Path, **options: Any) -> Document:
    run = made_run(folder, **options)
    entry = entry_of(report_of(read_sources(run)).model_dump(mode="json"))
    write_entry(run.entry_file, entry)
    return entry


def test_a_registered_entry_is_listed(tmp_path: Path) -> None:
    assert load_entries().entries == []
    entry = entry_at(tmp_path / "run")
    path = register(entry)
    assert path is not None
    assert path.parent == entries_folder()
    loaded = load_entries()
    assert [one.model_dump(mode="json") for _, one in loaded.entries] == [entry]
    assert loaded.issues == []
    assert register(entry) == path
    assert len(load_entries().entries) == 1


def test_a_run_has_one_entry_its_newest(tmp_path: Path) -> None:
    early = entry_at(tmp_path / "run", upto="measure")
    late = entry_at(tmp_path / "run")
    other = entry_at(tmp_path / "other", overrides=("seeds.run=2",))
    for entry in (early, other, late):
        register(entry)
    assert {one.id for _, one in load_entries().entries} == {late["id"], other["id"]}


def test_nothing_measured_is_not_listed(tmp_path: Path) -> None:
    assert register(entry_at(tmp_path / "run", upto="plan")) is None
    assert load_entries().entries == []


def test_files_runs_and_folders_are_read_and_each_entry_counts_once(tmp_path: Path) -> None:
    one = entry_at(tmp_path / "one")
    two = entry_at(tmp_path / "two", overrides=("seeds.run=2",))
    folder = tmp_path / "entries"
    write_entry(folder / "a.json", one)
    write_entry(folder / "b.json", two)
    for paths in (
        [tmp_path / "one", tmp_path / "two" / ENTRY_FILE],
        [folder],
        [folder, tmp_path / "one", folder / "a.json"],
    ):
        loaded = load_entries(paths)
        assert [entry.id for _, entry in loaded.entries] == [one["id"], two["id"]]
        assert loaded.issues == []


def test_bad_files_are_named_with_reasons_and_the_others_are_read(tmp_path: Path) -> None:
    good = entry_at(tmp_path / "run")
    folder = tmp_path / "entries"
    write_entry(folder / "good.json", good)
    (folder / "torn.json").write_text(json.dumps(good)[:200])
    (folder / "binary.json").write_bytes(b"\xff\xfe\x00")
    (folder / "list.json").write_text("[]")
    (folder / "deep.json").write_text("[" * 100_000)
    (folder / "large.json").write_text(" " * (1 << 20) + "{}")
    (folder / "folder.json").mkdir()
    write_json(folder / "edited.json", {**good, "seeds": {"run": 99, "training": [1]}})
    write_json(folder / "two.json", {**good, "match": {"kind": 3}, "surprise": 1})
    run = made_run(tmp_path / "without")
    loaded = load_entries([folder, run.path, tmp_path / "nowhere", tmp_path])
    assert [entry.id for _, entry in loaded.entries] == [good["id"]]
    reasons: dict[str, list[str]] = {}
    for issue in loaded.issues:
        reasons.setdefault(Path(issue.where).name, []).append(issue.message)
    assert set(reasons) == {
        "torn.json", "binary.json", "list.json", "deep.json", "large.json", "folder.json",
        "edited.json", "two.json", "without", "nowhere", tmp_path.name,
    }  # fmt: skip
    assert "edited" in reasons["edited.json"][0]
    assert {reason.split(":")[0] for reason in reasons["two.json"]} == {
        "match.kind", "match.ratio", "match.parameters", "surprise",
    }  # fmt: skip
    assert "not JSON" in reasons["torn.json"][0]


def test_an_entry_is_found_by_id_file_or_run(tmp_path: Path) -> None:
    entry = entry_at(tmp_path / "run")
    register(entry)
    for name in (entry["id"], entry["id"][:6], str(tmp_path / "run")):
        assert find_entry(name)[1].id == entry["id"]
    with pytest.raises(InputError, match="no file zz and no entry"):
        find_entry("zz")
    (tmp_path / "run" / ENTRY_FILE).write_text("{}")
    with pytest.raises(InputError, match="cannot be shown"):
        find_entry(str(tmp_path / "run"))


def test_only_whole_entries_are_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="validation error"):
        write_entry(tmp_path / "x.json", {"id": "0"})
    assert not (tmp_path / "x.json").exists()
    entry = entry_at(tmp_path / "run")
    assert read_json(tmp_path / "run" / ENTRY_FILE) == entry


def test_an_ambiguous_id_is_refused_with_the_full_ones(tmp_path: Path) -> None:
    ids = []
    for seed in range(2, 40):  # Two of 38 ids begin with the same of 16 digits.
        recipe_seed = (f"seeds.run={seed}",)
        entry = entry_at(tmp_path / str(seed), overrides=recipe_seed, upto="measure")
        register(entry)
        if entry["id"][0] in {one[0] for one in ids}:
            break
        ids.append(entry["id"])
    with pytest.raises(InputError, match="several entries begin") as caught:
        find_entry(entry["id"][0])
    assert entry["id"] in str(caught.value)
