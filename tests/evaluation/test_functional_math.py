"""MATH() in the layout of its source: folders and archives, originals, and what is refused."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from harness.errors import EnvironmentFailure, InputError
from harness.evaluation import functional_math
from harness.evaluation.functional_math import functional_math_dataset

SNAPSHOTS = ("Oct-2023", "Nov-2023", "Dec-2023")


def _row(question: str, gold: str, **more: Any) -> dict[str, Any]:
    return {"problem": question, "level": "Level 2", "type": "Algebra",
            "solution": f"\\boxed{{{gold}}}", **more}  # fmt: skip


def _write(root: Path, rows: dict[str, Any]) -> None:
    for original, row in rows.items():
        path = root / "test" / f"{original}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(row if isinstance(row, str) else json.dumps(row))


def _packed(root: Path) -> None:
    """As the authors pack it: with entries for folders, and macOS's own files beside the others."""
    (root / "test" / "._extra.json").write_bytes(b"\x00\x05\x16\x07")
    with tarfile.open(f"{root}.tar.gz", "w:gz") as archive:
        archive.add(root, arcname=root.name)
    for path in sorted(root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    root.rmdir()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three snapshots of three problems, one as a folder; originals of two and of a fourth."""
    for number, name in enumerate(SNAPSHOTS, start=1):
        rows = {f"algebra/{n}": _row(f"{number} + {n}?", str(number + n), is_static=False)
                for n in (2, 10)}  # fmt: skip
        rows["number_theory/7"] = _row(f"{number} * 7?", str(number * 7), is_static=False)
        _write(tmp_path / name, rows)
        if name != "Nov-2023":
            _packed(tmp_path / name)
    originals = {"algebra/2": _row("1 + 1?", "2"), "number_theory/7": _row("5 * 7?", "35")}
    _write(tmp_path / "MATH", {**originals, "geometry/1": "not asked, so not read"})
    return tmp_path


def test_documents_are_originals_with_their_snapshots(folder: Path) -> None:
    documents = functional_math_dataset(data_dir=str(folder), answer_format="minerva")["test"]
    found = [(d["original"], d["snapshot"], d["question"], d["gold"]) for d in documents]
    assert found == [
        ("algebra/10", "Oct-2023", "1 + 10?", "11"),
        ("algebra/10", "Nov-2023", "2 + 10?", "12"),
        ("algebra/10", "Dec-2023", "3 + 10?", "13"),
        ("algebra/2", "static", "1 + 1?", "2"),
        ("algebra/2", "Oct-2023", "1 + 2?", "3"),
        ("algebra/2", "Nov-2023", "2 + 2?", "4"),
        ("algebra/2", "Dec-2023", "3 + 2?", "5"),
        ("number_theory/7", "static", "5 * 7?", "35"),
        ("number_theory/7", "Oct-2023", "1 * 7?", "7"),
        ("number_theory/7", "Nov-2023", "2 * 7?", "14"),
        ("number_theory/7", "Dec-2023", "3 * 7?", "21"),
    ]
    assert set(documents["level"]) == {"2"} and set(documents["subject"]) == {"Algebra"}


def test_the_folder_may_be_a_variable_and_snapshots_may_be_chosen(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(functional_math.FOLDER_VARIABLE, str(folder))
    documents = functional_math_dataset(snapshots="Dec-2023", originals=False)["test"]
    assert documents["question"] == ["3 + 10?", "3 + 2?", "3 * 7?"]


def test_everything_that_cannot_be_read_is_reported(folder: Path) -> None:
    _write(folder / "Nov-2023", {
        "algebra/10": "{", "algebra/11": "[1]", "algebra/12": _row("?", "1", solution="no box"),
    })  # fmt: skip
    with pytest.raises(InputError) as refused:
        functional_math_dataset(data_dir=str(folder))
    text = str(refused.value)
    for place in ("algebra/10", "algebra/11", "algebra/12", "Nov-2023"):
        assert place in text
    assert "algebra/2.json" not in text


def test_a_broken_archive_an_unknown_snapshot_and_no_originals(folder: Path) -> None:
    with pytest.raises(InputError, match=r"published are Oct-2023, Nov-2023, Dec-2023"):
        functional_math_dataset(data_dir=str(folder), snapshots=["Jan-2024"])
    whole = (folder / "Oct-2023.tar.gz").read_bytes()
    (folder / "Oct-2023.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="not a whole archive"):
        functional_math_dataset(data_dir=str(folder), snapshots=["Oct-2023"])
    (folder / "MATH/test/algebra/2.json").unlink()
    (folder / "MATH/test/number_theory/7.json").unlink()
    with pytest.raises(InputError, match="none of the 3 originals"):
        functional_math_dataset(data_dir=str(folder), snapshots=["Nov-2023"])
    with pytest.raises(InputError, match="there is no folder"):
        functional_math_dataset(data_dir=str(folder / "none"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"snapshots": 5}, "metadata.snapshots is 5"),
        ({"snapshots": ["Oct-2023", 1]}, "metadata.snapshots is"),
        ({"snapshots": []}, "metadata.snapshots is"),
        ({"originals": "no"}, "metadata.originals is 'no'; expected true or false"),
    ],
)
def test_options_of_another_type_are_refused(
    folder: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError) as refused:
        functional_math_dataset(data_dir=str(folder), **options)
    assert said in str(refused.value)


def test_a_published_snapshot_is_fetched_once_and_checked(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.files import sha256_of

    published = folder / "published"
    published.mkdir()
    archive = (folder / "Oct-2023.tar.gz").replace(published / "Oct-2023.tar.gz")
    monkeypatch.delenv(functional_math.FOLDER_VARIABLE, raising=False)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(functional_math, "SOURCE", published.as_uri())
    monkeypatch.setitem(functional_math.SNAPSHOTS, "Oct-2023", sha256_of(archive))
    first = functional_math_dataset(snapshots="Oct-2023", originals=False)["test"]["question"]
    assert first == ["1 + 10?", "1 + 2?", "1 * 7?"]
    archive.unlink()
    again = functional_math_dataset(snapshots="Oct-2023", originals=False)["test"]["question"]
    assert again == first
    monkeypatch.setitem(functional_math.SNAPSHOTS, "Oct-2023", "0" * 64)
    with pytest.raises(EnvironmentFailure, match="data_dir"):
        functional_math_dataset(snapshots="Oct-2023", originals=False)
    archive.write_bytes(b"something else")
    with pytest.raises(EnvironmentFailure, match="digest differs"):
        functional_math_dataset(snapshots="Oct-2023", originals=False)
