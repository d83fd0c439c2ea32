"""The report on what the real stages write, not on documents of the tests."""

from __future__ import annotations

import random
from html.parser import HTMLParser
from pathlib import Path

from harness.arms.stage import build
from harness.budget import pool_sizes
from harness.files import read_json
from harness.grading.stage import grade
from harness.metrics.stage import measure
from harness.pool import Pool, Sample
from harness.problems.loading import load_problems
from harness.progress import Progress
from harness.recipe import SIDES
from harness.recipe.loading import load_recipe, write_recipe
from harness.report.stage import report
from harness.run_folder import RunFolder
from leaderboard.entry import entry_of
from leaderboard.schema import Entry

RIGHT = {"wc": 0.4, "se": 0.6}


def sampled_run(folder: Path) -> RunFolder:
    """A run whose samples are reference solutions, their answers changed at random."""
    recipe = load_recipe("w2s-micro", ["problems.train.count=30", "budgets.high.se=3"])
    run = RunFolder(folder, recipe)
    write_recipe(run.recipe_file, recipe)
    problems = load_problems(recipe.problems, "train")
    for side in SIDES:
        chance = random.Random(side)
        with Pool.open_or_create(run.pool(side), {"model": side}, problems) as pool:
            pool.append(
                [
                    Sample(
                        problem_id=problem.id, sample_index=index,
                        completion=_completion(problem.solution, chance.random() < RIGHT[side]),
                        finish_reason="stop", prompt_tokens=40, completion_tokens=26,
                        cached_tokens=0, seed=index, endpoint="table", seconds=0.1,
                    )
                    for problem in problems
                    for index in range(pool_sizes(recipe)[side])
                ]
            )  # fmt: skip
            pool.compact()
    return run


def _completion(solution: str, right: bool) -> str:
    return f" {solution.strip()}" if right else f" {solution.rpartition('####')[0].strip()} #### -1"


def test_the_stages_and_the_report_agree_on_their_documents(tmp_path: Path) -> None:
    run = sampled_run(tmp_path / "run")
    progress = Progress(live=False)
    for stage in (grade, measure, build, report):
        stage(run, progress)
    document, measured = read_json(run.report("json")), read_json(run.measure_file)
    assert document["budgets"] == measured["budgets"]
    assert document["curve"] == measured["curve"]
    pool = document["pools"]["se"]
    assert sum(pool["outcomes"]["answer"].values()) == pool["samples"] == 90
    assert pool["outcomes"]["chain"]["correct"] == pool["outcomes"]["answer"]["correct"]
    # Reference solutions have no false positives, and neither side differs in them.
    high = document["budgets"]["high"]["sides"]
    assert high["wc"]["false_positive_rate"]["value"] == 0.0
    text = run.report("md").read_text()
    assert "No difference in false-positive rate was found: WC 0.0 %, SE 0.0 %" in text
    assert "At equal numbers of samples" in text
    assert [arm["rows"] for arm in document["arms"]] == [
        read_json(path)["rows"]
        for budget in ("low", "high")
        for path in (run.arm(name, budget) / "arm.json" for name in run.recipe.arms.build)
    ]
    HTMLParser().feed(run.report("html").read_text())
    entry = Entry.model_validate(entry_of(document))
    assert set(entry.evidence.arms) == {f"{a}-{b}" for a in ("wc", "se", "ground_truth")
                                        for b in ("low", "high")}  # fmt: skip
