"""Exports: read back they are the same pool, others can load them, nothing is overwritten."""

from __future__ import annotations

import json
import resource
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import EnvironmentFailure, InputError
from harness.interchange.data_sets import DataSetName
from harness.interchange.exporting import ExportRequest, export_pool
from harness.pool import Pool, Sample
from harness.pool.samples import SAMPLE_COLUMNS
from harness.problems import Problem
from harness.progress import Progress
from tests.interchange.imports_for_tests import imported, row, write_rows

COUNTS = st.none() | st.integers(0, 2**31 - 1)
# Gold answers are read without the white space around them, and a question says something.
SPOKEN = st.text(min_size=1, max_size=8).map(str.strip).filter(bool)
PROBLEM = st.builds(
    Problem,
    question=SPOKEN | st.just(""),
    gold=SPOKEN,
    level=st.sampled_from(["", "1", "hard"]),
    solution=st.just("") | SPOKEN,
    external_id=SPOKEN,
)
SAMPLE = st.builds(
    Sample,
    problem_id=st.just(""),
    sample_index=st.integers(0, 40),
    completion=st.text(max_size=12),
    finish_reason=st.sampled_from(["stop", "length", "", "unknown"]),
    prompt_tokens=COUNTS,
    completion_tokens=COUNTS,
    cached_tokens=COUNTS,
    seed=st.none() | st.integers(-(2**63), 2**63 - 1),
    endpoint=st.sampled_from(["", "http://localhost:8000/v1"]),
    seconds=st.none() | st.floats(0, 1e6),
)


def _pool(folder: Path, problems: list[Problem], samples: list[Sample]) -> Pool:
    with Pool.open_or_create(folder, {"model": {"id": "m"}}, problems) as pool:
        pool.append(samples)
    return Pool.open(folder)


def _exported(folder: Path, **options: Any) -> dict[str, Any]:
    request = ExportRequest(**{"pool": folder / "pool", "out": folder / "out", **options})
    return export_pool(request, Progress())


def _graded(folder: Path) -> Pool:
    """A pool of 12,000 samples in three files, of which a grader has seen two thirds."""
    problems = [Problem(f"{number}?", str(number)) for number in range(4)]
    samples = [
        Sample(problems[number % 4].id, number // 4, str(number), "stop", 1, 2, 0, 3, "e", 0.5)
        for number in range(12_000)
    ]
    pool = _pool(folder / "pool", problems, samples)
    seen = [one for number, one in enumerate(samples) if number % 3]
    verdicts = {
        "problem_id": [one.problem_id for one in seen],
        "sample_index": [one.sample_index for one in seen],
        "outcome": ["correct" if int(one.completion) % 2 else "wrong" for one in seen],
        "answer": [one.completion for one in seen],
        **{name: pa.nulls(len(seen), pa.string()) for name in ("rule", "stage", "reason")},
    }
    pool.write_verdicts("answer", pa.table(verdicts), {"name": "answer", "version": 1})
    return pool


@settings(max_examples=40)
@given(
    st.lists(PROBLEM, min_size=1, max_size=4, unique_by=lambda one: one.id),
    st.lists(st.tuples(st.integers(0, 3), SAMPLE), min_size=1, max_size=12),
)
def test_json_lines_read_back_are_the_same_pool(
    tmp_path_factory: pytest.TempPathFactory,
    problems: list[Problem],
    drawn: list[tuple[int, Sample]],
) -> None:
    folder = tmp_path_factory.mktemp("export")
    samples = {}
    for number, sample in drawn:
        problem = problems[number % len(problems)]
        one = Sample(**{**vars(sample), "problem_id": problem.id})
        samples[one.key] = one
    pool = _pool(folder / "pool", problems, list(samples.values()))
    manifest = _exported(folder)
    imported(folder / "out" / "samples.jsonl", out=folder / "back")
    back = Pool.open(folder / "back")
    assert back.digest() == pool.digest() == manifest["digest"]
    assert [one.id for one in back.problems] == [one.id for one in pool.problems]
    assert back.problems == pool.problems
    assert back.samples(SAMPLE_COLUMNS).equals(pool.samples(SAMPLE_COLUMNS))
    shutil.rmtree(folder)


def test_a_data_set_is_loaded_by_others_and_read_back(tmp_path: Path) -> None:
    from datasets import load_dataset

    pool = _graded(tmp_path)
    manifest = _exported(tmp_path, format="parquet", graders=("answer",))
    assert manifest["graders"] == {"answer": {"name": "answer", "version": 1}}
    cache = str(tmp_path / "cache")
    rows = load_dataset(str(tmp_path / "out"), split="train", cache_dir=cache)
    assert rows.num_rows == len(pool) == manifest["samples"]
    assert [one["problem_id"] for one in rows] == pool.samples(["problem_id"])[0].to_pylist()
    problems = load_dataset(str(tmp_path / "out"), "problems", split="train", cache_dir=cache)
    assert problems["id"] == [one.id for one in pool.problems]
    out = str(tmp_path / "out")
    imported(
        tmp_path / "unused",
        samples=(DataSetName(out, config="samples"),),
        problems=DataSetName(out, config="problems"),
        out=tmp_path / "back",
    )
    assert Pool.open(tmp_path / "back").digest() == pool.digest()


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_the_folder_of_an_export_is_all_that_an_import_needs(tmp_path: Path, form: str) -> None:
    pool = _graded(tmp_path)
    _exported(tmp_path, format=form, graders=("answer",))
    name = DataSetName(str(tmp_path / "out"))
    result = imported(tmp_path / "x", samples=(name,), problems=None, out=tmp_path / "back")
    assert Pool.open(tmp_path / "back").digest() == pool.digest()
    assert any("'answer_outcome'" in note for note in result.notes)


def test_verdicts_stand_beside_their_samples_and_are_null_where_there_are_none(
    tmp_path: Path,
) -> None:
    pool = _graded(tmp_path)
    _exported(tmp_path, graders=("answer", "answer"))
    lines = (tmp_path / "out" / "samples.jsonl").read_text().splitlines()
    assert len(lines) == len(pool)
    for line in lines:
        one = json.loads(line)
        number = int(one["completion"])
        outcome = None if number % 3 == 0 else "correct" if number % 2 else "wrong"
        assert one["answer_outcome"] == outcome
        assert one["answer_answer"] == (None if outcome is None else one["completion"])


def test_a_grader_that_has_not_graded_is_refused_with_those_that_have(tmp_path: Path) -> None:
    _graded(tmp_path)
    with pytest.raises(InputError, match="did you mean 'answer'"):
        _exported(tmp_path, graders=("answers",))
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten_without_being_told_to(tmp_path: Path) -> None:
    samples = write_rows(tmp_path / "s.jsonl", [row("a")])
    imported(samples)
    _exported(tmp_path)
    with pytest.raises(InputError, match="--force"):
        _exported(tmp_path)
    imported(write_rows(samples, [row("a"), row("a", "more")]))
    assert _exported(tmp_path, force=True, format="parquet")["samples"] == 2
    assert not (tmp_path / "out" / "samples.jsonl").exists()
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("x")
    with pytest.raises(InputError, match="not an export"):
        _exported(tmp_path, out=tmp_path / "thesis", force=True)
    with pytest.raises(InputError, match="is a file"):
        _exported(tmp_path, out=samples, force=True)
    with pytest.raises(InputError, match="not a pool"):
        _exported(tmp_path, pool=tmp_path / "thesis", out=tmp_path / "new")
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_full_disk_leaves_the_older_export(tmp_path: Path, form: str) -> None:
    _graded(tmp_path)
    _exported(tmp_path)
    before = sorted((path.name, path.stat().st_size) for path in (tmp_path / "out").iterdir())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(EnvironmentFailure, match="nothing there was changed"):
            _exported(tmp_path, format=form, force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    after = sorted((path.name, path.stat().st_size) for path in (tmp_path / "out").iterdir())
    assert after == before
    assert not list(tmp_path.glob(".out*"))
