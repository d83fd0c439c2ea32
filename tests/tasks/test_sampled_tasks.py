"""The sampled tasks under lm-eval: what it prints is what the harness and brute force find."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pytest

from harness.errors import InputError
from harness.grading.conventions import conventions_for
from harness.grading.pool_grading import GradingRequest, grade_pool
from harness.metrics.estimators import coverage_at_k, distinct_at_k, diversity_at_k
from harness.metrics.pool_arrays import pool_arrays
from harness.pool import Pool, Sample
from harness.problems import Problem
from harness.progress import Progress
from tests.tasks.stored_tasks import Document, evaluate, load, results

PROBLEMS = 25


def _sample(document: Document, index: int) -> str:
    """Right at a rate of the problem's own, in one of three spellings; wrong in one of two."""
    source = np.random.default_rng([int(document["problem_id"], 16) % 2**32, index])
    rate = (int(document["problem_id"], 16) >> 8) % 5 / 5
    gold = int(document["gold"])
    if source.random() < rate:
        return f" {'It is ' * int(source.integers(3))}so #### {gold}"
    return " no idea" if source.random() < 0.2 else f" #### {gold + int(source.integers(1, 3))}"


def _texts(samples: int) -> dict[str, list[str]]:
    documents = list(load("w2s_micro_sampled").eval_docs)[:PROBLEMS]
    return {one["gold"] + one["problem_id"]: [_sample(one, i) for i in range(samples)]
            for one in documents}  # fmt: skip


def _vote(texts: tuple[str, ...], gold: str) -> float:
    votes = Counter(text.partition("#### ")[2] for text in texts if "####" in text)
    best = [answer for answer, count in votes.items() if count == max(votes.values())]
    return (gold in best) / max(1, len(best))


def test_six_samples_against_all_subsets() -> None:
    found = results(evaluate("w2s_micro_sampled", _sample, PROBLEMS, metadata={"repeats": 6}))
    pool = _texts(6)
    for k in (1, 2, 4, 6):
        per_problem = []
        for key, texts in pool.items():
            gold = key[:-16]
            subsets = list(combinations(texts, k))
            right = [
                {t.strip() for t in chosen if t.endswith(f"#### {gold}")} for chosen in subsets
            ]
            per_problem.append((
                fmean(bool(one) for one in right), fmean(len(one) for one in right),
                fmean(_vote(chosen, gold) for chosen in subsets),
            ))  # fmt: skip
        coverage, distinct, vote = zip(*per_problem, strict=True)
        assert found[f"coverage@{k}"] == pytest.approx(fmean(coverage))
        assert found[f"coverage@{k}_stderr"] == pytest.approx(stdev(coverage) / 5)
        assert found[f"diversity_all@{k}"] == pytest.approx(fmean(distinct))
        assert found[f"diversity_solved@{k}"] == pytest.approx(fmean(distinct) / fmean(coverage))
        assert found[f"maj@{k}"] == pytest.approx(fmean(vote))
    assert found["diversity_solved@1"] == pytest.approx(1.0)
    assert found["pass@1"] == pytest.approx(found["coverage@1"])
    assert found["undecided"] == 0.0
    assert found["maj@1"] == pytest.approx(found["pass@1"])


@pytest.mark.parametrize(
    ("metadata", "samples", "ks"),
    [
        ({}, 16, {1, 2, 4, 8, 16}),
        ({"repeats": 30}, 30, {1, 2, 4, 8, 16, 30}),
        ({"repeats": 20, "ks": [1, 3, 10, 20]}, 20, {1, 3, 10, 20}),
        ({"repeats": 1}, 1, {1}),
    ],
)
def test_any_number_of_samples_gives_the_harnesss_own_estimates(
    metadata: dict[str, Any], samples: int, ks: set[int]
) -> None:
    document = evaluate("w2s_micro_sampled", _sample, PROBLEMS, metadata=metadata)
    found = results(document)
    for name in ("coverage", "maj", "diversity_all", "diversity_solved"):
        assert {int(key.partition("@")[2]) for key in found
                if key.startswith(f"{name}@") and not key.endswith("_stderr")} == ks  # fmt: skip
    pool = _texts(samples)
    right = [[t.strip() for t in texts if t.endswith(f"#### {key[:-16]}")]
             for key, texts in pool.items()]  # fmt: skip
    counts = [Counter(texts) for texts in right]
    owners = [place for place, count in enumerate(counts) for _ in count]
    multiplicity = [size for count in counts for size in count.values()]
    n, order = [samples] * PROBLEMS, np.array(sorted(ks))
    coverage = coverage_at_k([len(texts) for texts in right], n, order)
    distinct = distinct_at_k(owners, multiplicity, n, order)
    diversity = diversity_at_k(distinct, coverage)
    for place, k in enumerate(order.tolist()):
        assert found[f"coverage@{k}"] == pytest.approx(coverage[:, place].mean())
        assert found[f"diversity_all@{k}"] == pytest.approx(diversity.all[place])
        assert found[f"diversity_solved@{k}"] == pytest.approx(diversity.solved[place])
        picks = np.random.default_rng(k).integers(0, PROBLEMS, (4000, PROBLEMS))
        sums = (part[:, place][picks].sum(axis=1) for part in (distinct, coverage))
        with np.errstate(invalid="ignore"):  # Resamples without a solved problem say nothing.
            drawn = np.divide(*sums)
        error = found[f"diversity_solved@{k}_stderr"]
        assert error == pytest.approx(np.nanstd(drawn), rel=0.25, abs=1e-9)
    (samples_log,) = document["samples"].values()
    assert [len(row["resps"][0]) for row in samples_log] == [samples] * PROBLEMS


def test_a_graded_pool_of_the_same_samples_has_the_same_metrics(tmp_path: Path) -> None:
    found = results(evaluate("w2s_micro_sampled", _sample, PROBLEMS))
    documents = list(load("w2s_micro_sampled").eval_docs)[:PROBLEMS]
    problems = [Problem(one["question"], one["gold"]) for one in documents]
    pool = Pool.open_or_create(tmp_path / "pool", {"model": "table"}, problems)
    pool.append([Sample(one["problem_id"], i, _sample(one, i), "stop", 1, 1, 0, None, "table", 0.0)
                 for one in documents for i in range(16)])  # fmt: skip
    pool.close()
    request = GradingRequest("answer", "hash", conventions_for("hash"), workers=1)
    grade_pool(tmp_path / "pool", request, Progress(live=False))
    arrays = pool_arrays(Pool.open(tmp_path / "pool"))
    for k in (1, 2, 4, 8, 16):
        coverage, distinct = arrays.coverage(k), arrays.distinct(k)
        assert found[f"coverage@{k}"] == pytest.approx(coverage.mean())
        assert found[f"maj@{k}"] == pytest.approx(arrays.majority(k).mean())
        assert found[f"diversity_all@{k}"] == pytest.approx(distinct.mean())
        assert found[f"diversity_solved@{k}"] == pytest.approx(distinct.mean() / coverage.mean())


def test_a_user_may_override_repeats_in_a_task_file(tmp_path: Path) -> None:
    from harness.resources import tasks_folder

    own = tmp_path / "mine.yaml"
    shipped = tasks_folder() / "w2s_micro/w2s_micro_sampled.yaml"
    own.write_text(f"include: {shipped}\ntask: mine\nrepeats: 5\n")
    found = results(evaluate(str(own), _sample, 10))
    assert {"maj@5", "coverage@5", "coverage@4"} <= found.keys() and "coverage@8" not in found


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        (
            {"ks": [1, 32]},
            "metadata.ks has 32; with 16 samples a problem whole numbers from 1 to 16",
        ),
        ({"ks": [0, 1.5, "x"]}, "metadata.ks has 0, 1.5, 'x'"),
        ({"repeats": 0}, "metadata.repeats is 0"),
        ({"repeats": "many"}, "metadata.repeats is 'many'"),
    ],
)
def test_impossible_ks_are_refused(metadata: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=r"possible|expected") as refused:
        load("w2s_micro_sampled", **metadata)
    assert said in str(refused.value)


def test_fewer_stored_samples_than_repeats_are_refused() -> None:
    from lm_eval.evaluator import evaluate as run

    from harness.evaluation.stored import StoredSamples

    task = load("w2s_micro_sampled", repeats=4)
    prompt = task.doc_to_text(task.eval_docs[0])
    with pytest.raises(InputError, match="asks for 4 samples a problem, and document 0 has 3"):
        run(StoredSamples({prompt: ["a"] * 3}), {"tasks": {"w2s_micro_sampled": task}}, limit=1)


@pytest.mark.parametrize(
    ("sample", "share", "warned"),
    [
        (lambda document, _index: f" #### {document['gold']}", 1.0, True),
        (lambda document, index: f" {index} #### {document['gold']}", 0.0, False),
    ],
)
def test_identical_samples_are_noticed(
    sample: Callable[[Document, int], str], share: float, warned: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    found = results(evaluate("w2s_micro_sampled", sample, 5))
    assert found["identical_samples"] == share
    assert (
        any("all 16 samples are the same text" in r.getMessage() for r in caplog.records) == warned
    )


def test_where_nothing_is_solved_diversity_is_not_a_number() -> None:
    found = results(evaluate("w2s_micro_sampled", lambda _document, index: f" #### x{index}", 5))
    assert found["coverage@16"] == found["diversity_all@16"] == found["maj@16"] == 0.0
    assert math.isnan(found["diversity_solved@16"])
    assert math.isnan(found["diversity_solved@16_stderr"])


def test_predict_only_measures_nothing() -> None:
    document = evaluate("w2s_micro_sampled", _sample, 3, predict_only=True)
    assert results(document)["bypass"] == 999
