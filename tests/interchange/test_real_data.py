"""Real samples of six models become pools with the counts that their publishers give."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.interchange.data_sets import DataSetName
from harness.pool import Pool
from tests.interchange.imports_for_tests import imported, write_rows

DATA = Path(__file__).parents[2] / "../shared/data"


def _rows(name: str) -> Iterator[dict[str, Any]]:
    path = DATA / f"{name}.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"{path.name} is not on this machine")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _gsm8k(folder: Path) -> Path:
    problems = (
        {"question": one["question"], "gold": one["answer"], "external_id": one["id"]}
        for one in _rows("gsm8k_test")
    )
    return write_rows(folder / "problems.jsonl", problems)


def test_otis_mock_aime_16_samples_of_45_problems_whose_texts_are_withheld(tmp_path: Path) -> None:
    rows = list(_rows("epoch_otis_mock_aime_samples"))
    targets = {one["problem_id"]: one["target"] for one in rows}
    problems = [{"external_id": key, "gold": gold} for key, gold in targets.items()]
    write_rows(tmp_path / "problems.jsonl", problems)
    models = sorted({one["model"] for one in rows})
    assert len(models) == 2 and len(targets) == 45
    for number, model in enumerate(models):
        mine = [one for one in rows if one["model"] == model]
        lines = (
            {key: one[key] for key in ("problem_id", "completion")}
            | {"sample_index": one["epoch"] - 1}
            for one in mine
        )
        samples = write_rows(tmp_path / f"{number}.jsonl", lines)
        result = imported(samples, model=model, out=tmp_path / f"pool-{number}")
        assert (result.added, result.problems, result.without_samples) == (720, 45, 0)
        pool = Pool.open(tmp_path / f"pool-{number}")
        assert set(pool.counts().values()) == {16}
        assert pool.identity["model"]["id"] == model
        names = {one.id: one.external_id for one in pool.problems}
        found = Counter(
            (names[one["problem_id"]], one["sample_index"] + 1, one["completion"])
            for one in pool.samples().to_pylist()
        )
        assert found == Counter(
            (one["problem_id"], one["epoch"], one["completion"]) for one in mine
        )


def test_gsm8k_solutions_of_two_sizes_by_two_methods(tmp_path: Path) -> None:
    _gsm8k(tmp_path)
    rows = list(_rows("gsm8k_openai_6b_175b"))
    for model in ("6b", "175b"):
        lines = (
            {"problem_id": one["id"], "completion": one["solution"], "is_correct": True}
            for one in rows
            if one["model"] == model
        )
        samples = write_rows(tmp_path / f"{model}.jsonl", lines)
        result = imported(samples, model=f"openai-{model}", out=tmp_path / model)
        assert (result.added, result.problems, result.without_samples) == (2638, 1319, 0)
        assert "keys that were not read: 'is_correct'." in result.notes
        assert set(Pool.open(tmp_path / model).counts().values()) == {2}


@pytest.mark.parametrize("size", ["9b", "27b"])
def test_zeroeval_responses_straight_from_the_file_of_lists(tmp_path: Path, size: str) -> None:
    from datasets import Dataset

    _gsm8k(tmp_path)
    rows = list(_rows(f"zeroeval_gsm_gemma-2-{size}-it"))
    Dataset.from_list(rows).to_parquet(str(tmp_path / "rows.parquet"))
    result = imported(
        tmp_path / "unused",
        samples=(DataSetName(str(tmp_path / "rows.parquet")),),
        columns=("problem_id=id", "completion=outputs"),
        model=f"gemma-2-{size}",
    )
    assert (result.added, result.without_samples) == (1319, 0)
    pool = Pool.open(tmp_path / "pool")
    assert pool.identity["model_card"]["id"] == f"google/gemma-2-{size}"
    texts = pool.samples(["completion"])["completion"].to_pylist()
    assert Counter(texts) == Counter(one["outputs"][0] for one in rows)
