"""`w2s_gsm8k` on real responses of two models: the accuracies that their authors published."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.tasks.stored_tasks import Document, evaluate, on_rows, results

DATA = Path(__file__).parents[2] / "../shared/data"


def _rows(name: str) -> list[dict[str, Any]]:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"{name} is not on this machine")
    with gzip.open(path, "rt") as lines:
        return [json.loads(line) for line in lines]


@pytest.mark.parametrize(("size", "published"), [("9b", 87.41), ("27b", 90.22)])
def test_accuracies_of_gemma(size: str, published: float, tmp_path: Path) -> None:
    problems = _rows("gsm8k_test.jsonl.gz")
    outputs = {
        row["id"]: row["outputs"][0] for row in _rows(f"zeroeval_gsm_gemma-2-{size}-it.jsonl.gz")
    }
    responses = {row["question"]: outputs[row["id"]] for row in problems}
    rows = [{"question": row["question"], "answer": f"#### {row['answer']}"} for row in problems]
    spec = on_rows("w2s_gsm8k", {"test": rows}, tmp_path)

    def response(document: Document, _index: int) -> str:
        return str(responses[document["question"]])

    found = results(evaluate(spec, response, metadata={"grading": {"format": "json"}}))
    assert 100 * found["pass@1"] == pytest.approx(published, abs=0.35)
    assert found["undecided"] == 0.0
    assert found["sample_len"] == 1319
