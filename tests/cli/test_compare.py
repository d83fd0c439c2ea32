"""`harness compare` as a user gives it: real samples, options, exit statuses, one JSON document."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

from tests.cli.in_process import harness
from tests.comparison.pools_for_tests import graded_pool, numbered

DATA = Path(__file__).parents[3] / "shared" / "data"
SAMPLES = DATA / "gsm8k_openai_6b_175b.jsonl.gz"


def rows_of(file: Path) -> list[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def imported(folder: Path, model: str, problems: Path) -> Path:
    """The verifier's choices of one model on GSM8K's test set, graded."""
    chosen = [
        {"problem_id": row["id"], "completion": row["solution"]}
        for row in rows_of(SAMPLES)
        if row["model"] == model and row["method"] == "verification"
    ]
    file = folder / f"{model}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in chosen))
    pool = folder / model
    made = harness("pool", "import", file, "--problems", problems, "--model", model, "--out", pool)
    assert made.exit_code == 0, made.stderr
    graded = harness("grade", pool, "--format", "gsm8k_cot", "--workers", "1")
    assert graded.exit_code == 0, graded.stderr
    return pool


@pytest.mark.skipif(not SAMPLES.exists(), reason="needs ../shared/data")
def test_real_pools_give_the_authors_accuracies_and_mcnemars_test(tmp_path: Path) -> None:
    problems = tmp_path / "problems.jsonl"
    problems.write_text(
        "".join(
            json.dumps({"external_id": r["id"], "question": r["question"], "gold": r["answer"]})
            + "\n"
            for r in rows_of(DATA / "gsm8k_test.jsonl.gz")
        )
    )
    pools = [imported(tmp_path, model, problems) for model in ("6b", "175b")]
    result = harness("compare", *pools, "--match", "number", "--json")
    assert result.exit_code == 0 and not result.stderr
    document = json.loads(result.stdout)
    right = {
        model: {r["id"]: r["is_correct"] for r in rows_of(SAMPLES)
                if r["model"] == model and r["method"] == "verification"}
        for model in ("6b", "175b")
    }  # fmt: skip
    for side, model in (("wc", "6b"), ("se", "175b")):
        share = sum(right[model].values()) / 1319
        assert document["sides"][side]["coverage"]["value"] == pytest.approx(share)
    only = [sum(right[a][i] and not right[b][i] for i in right[a])
            for a, b in (("6b", "175b"), ("175b", "6b"))]  # fmt: skip
    difference = document["difference"]["coverage"]
    assert difference["test"] == "mcnemar exact"
    assert difference["p_value"] == pytest.approx(binomtest(only[0], sum(only)).pvalue, rel=1e-6)


def test_the_document_has_the_fields_that_programs_read(tmp_path: Path) -> None:
    verdicts = dict.fromkeys(numbered(9, levels=("1", "2", "")), "cwcw")
    wc, se = graded_pool(tmp_path / "wc", verdicts), graded_pool(tmp_path / "se", verdicts)
    words = ("compare", wc, se, "--match", "number", "--budget", "3", "--by", "level")
    result = harness(*words, "--json")

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    document = json.loads(result.stdout, parse_constant=refuse)
    assert document == json.loads(result.stdout.splitlines()[-1])
    assert {"kind", "ratio", "samples_per_problem"} <= set(document["match"])
    for side in ("wc", "se"):
        found = document["sides"][side]
        assert found["samples"] == 36 and found["undecided"] == 0
        for name in ("pass_at_1", "coverage", "diversity_all", "diversity_solved"):
            assert set(found[name]) == {"value", "low", "high"}
    for name in ("coverage", "diversity_all", "diversity_solved"):
        assert set(document["difference"][name]) == {"value", "low", "high", "p_value", "test"}
    assert list(document["by_group"]) == ["1", "2", ""]
    assert harness(*words, "--json").stdout == result.stdout
    assert "level (none): 3 problems" in harness(*words).stdout


def test_what_cannot_be_compared_ends_with_2_and_no_traceback(tmp_path: Path) -> None:
    wc = graded_pool(tmp_path / "wc", dict.fromkeys(numbered(4), "cw"))
    for words in (
        (wc, tmp_path),
        (wc, wc),
        (wc, wc, "--match", "number", "--budget", "nan"),
        (wc, wc, "--match", "number", "--budget", "-1"),
        (wc, wc, "--match", "number", "--budget", "1e40"),
        (wc, wc, "--match", "number", "--by", "level"),
        (wc, wc, "--budget", "3gpu_s"),
        (wc, wc, "--match", "tokens", "--budget", "5usd"),
        (wc, wc, "--wc-card", "nowhere.yaml"),
    ):
        result = harness("compare", *words, "--json")
        assert result.exit_code == 2, words
        assert not result.stdout and "Traceback" not in result.stderr
