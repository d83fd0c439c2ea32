"""Where an export keeps what; an import that is given the folder finds it there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.interchange.data_sets import DataSetName

MANIFEST = "pool.json"
SAMPLE_LINES = "samples.jsonl"
PROBLEM_LINES = "problems.jsonl"
SAMPLE_TABLE = "data/samples/train-00000-of-00001.parquet"
PROBLEM_TABLE = "data/problems/train-00000-of-00001.parquet"


def samples_in(name: DataSetName) -> DataSetName:
    """The file with the samples if `name` is the folder of an export, else `name`."""
    return _within(name, (SAMPLE_LINES, SAMPLE_TABLE)) or name


def problems_in(name: DataSetName) -> DataSetName | None:
    """The file with the problems if `name` is the folder of an export."""
    return _within(name, (PROBLEM_LINES, PROBLEM_TABLE))


def _within(name: DataSetName, files: tuple[str, ...]) -> DataSetName | None:
    folder = Path(name.path)
    if not (folder / MANIFEST).is_file():
        return None
    found = [folder / file for file in files if (folder / file).is_file()]
    return replace(name, path=str(found[0])) if found else None
