"""A sampled task with nothing stood in for: vLLM draws, lm-eval scores, the harness agrees."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from harness.evaluation.stored import StoredSamples
from harness.generators.filling import DecodingSettings, PoolJob, fill_pools
from harness.grading.graders import answer_grader
from harness.metrics.estimators import coverage_at_k
from harness.pool import Pool
from harness.problems import Problem
from harness.progress import Progress
from harness.recipe.loading import load_recipe
from tests.tasks.stored_tasks import load, results

PROBLEMS, SAMPLES = 60, 16


@pytest.mark.engines
def test_samples_of_the_engine_are_measured_as_the_harness_measures_pools(tmp_path: Path) -> None:
    from lm_eval.evaluator import evaluate

    recipe = load_recipe("w2s-micro")
    task = load("w2s_micro_sampled")
    asked = task.config.generation_kwargs
    documents = list(task.eval_docs)[:PROBLEMS]
    problems = [Problem(one["question"], one["gold"]) for one in documents]
    prompts = {one["problem_id"]: task.doc_to_text(one) for one in documents}
    job = PoolJob(
        folder=tmp_path / "pool",
        problems=problems,
        prompts=prompts,
        samples_per_problem=SAMPLES,
        model=recipe.pair.wc,
        decoding=DecodingSettings(
            asked["temperature"], None, 1.0, asked["max_gen_toks"], tuple(asked["until"])
        ),
        engine=recipe.engine,
        seed=1,
    )
    fill_pools([job], workers=1, progress=Progress(live=False), log=lambda n: tmp_path / f"{n}.log")
    texts: dict[str, list[str]] = {prompt: [""] * SAMPLES for prompt in prompts.values()}
    table = Pool.open(job.folder).samples(["problem_id", "sample_index", "completion"]).to_pydict()
    for key, index, text in zip(*table.values(), strict=True):
        texts[prompts[key]][index] = text

    document = evaluate(
        lm=StoredSamples(texts), task_dict={"tasks": {"w2s_micro_sampled": task}}, limit=PROBLEMS
    )
    found = results(document)
    grade_one = answer_grader(recipe.answer)
    correct = [sum(grade_one(problem, text)["outcome"] == "correct"
                   for text in texts[prompts[problem.id]]) for problem in problems]  # fmt: skip
    expected = coverage_at_k(correct, [SAMPLES] * PROBLEMS, np.array([1, 4, 16])).mean(axis=0)
    assert [found[f"coverage@{k}"] for k in (1, 4, 16)] == pytest.approx(expected.tolist())
    # The pair was trained to solve some and not all, and it draws different chains.
    assert 0.2 < found["pass@1"] < found["coverage@16"] <= 1.0
    assert found["maj@16"] > found["pass@1"]
    assert found["diversity_solved@16"] > 1.0 and found["identical_samples"] < 0.5
    assert found["diversity_solved@16_stderr"] > 0.0
    json.dumps(document, default=str)
