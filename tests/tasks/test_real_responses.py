"""`w2s_gsm8k` on real responses of two models: the accuracies that their authors published."""

from __future__ import annotations

import gzip
import json
from math import comb
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


def test_sixteen_real_samples_of_llama_70b(tmp_path: Path) -> None:
    """OTIS Mock AIME: 31 samples that the authors' grader found right, and 3 that it missed."""
    samples: dict[str, list[dict[str, Any]]] = {}
    for row in _rows("epoch_otis_mock_aime_samples.jsonl.gz"):
        if "70B" in row["model"]:
            samples.setdefault(row["problem_id"], []).append(row)
    rows = [
        {"question": problem, "answer": f"#### {drawn[0]['target']}"}
        for problem, drawn in samples.items()
    ]
    changes = {"generation_kwargs": {"until": ["</s>"], "do_sample": True}}
    spec = on_rows("w2s_gsm8k_sampled", {"test": rows}, tmp_path, **changes)
    found = results(
        evaluate(
            spec,
            lambda document, index: str(samples[document["question"]][index]["completion"]),
            metadata={"grading": {"format": "aime", "options": {"problem_set": "aime"}}},
        )
    )
    # `C` of the authors' grader, or an answer that differs from the target by leading zeros only.
    right = {
        problem: sum(
            row["correct"] or row["completion"].rstrip().endswith(f"ANSWER: {int(row['target'])}")
            for row in drawn
        )
        for problem, drawn in samples.items()
    }
    assert sum(right.values()) == 34 and len(right) == 45
    assert found["pass@1"] == pytest.approx(34 / 720)
    assert found["coverage@16"] == pytest.approx(sum(count > 0 for count in right.values()) / 45)
    assert found["coverage@1"] == pytest.approx(found["pass@1"])
    assert found["coverage@4"] == pytest.approx(
        sum(1 - comb(16 - count, 4) / comb(16, 4) for count in right.values()) / 45
    )
    assert found["maj@16"] <= found["coverage@16"]
    assert found["identical_samples"] == 0.0
