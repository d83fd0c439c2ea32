"""A graded run whose samples are written by hand, through the real pool."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from harness.budget import pool_sizes
from harness.grading.stage import grade
from harness.pipeline.opening import open_or_create_run
from harness.pool import Pool, Sample
from harness.problems.loading import load_problems
from harness.progress import Progress
from harness.recipe.loading import load_recipe
from harness.run_folder import RunFolder

QUIET = Progress(io.StringIO(), live=False)


def make_run(folder: Path, *overrides: str, wrong: bool = False) -> RunFolder:
    """A run on 10 problems: sample i of problem p is right unless (i + p) % 3 is 0."""
    recipe = load_recipe("w2s-micro", ["problems.train.count=10", "budgets.high.se=2", *overrides])
    run = open_or_create_run(folder, recipe)
    problems = load_problems(recipe.problems, "train")
    for side, count in pool_sizes(recipe).items():
        with Pool.open_or_create(run.pool(side), {"model": side}, problems) as pool:
            for place, problem in enumerate(problems):
                pool.append(
                    [
                        Sample(
                            problem_id=problem.id,
                            sample_index=index,
                            completion=_completion(problem.solution, place, index, wrong),
                            finish_reason="stop",
                            prompt_tokens=20,
                            completion_tokens=25,
                            cached_tokens=0,
                            seed=1000 * place + index,
                            endpoint="hand",
                            seconds=0.1,
                        )
                        for index in reversed(range(count))
                    ]
                )
            pool.compact()
    return run


def _completion(solution: str, place: int, index: int, wrong: bool) -> str:
    if wrong or (index + place) % 3 == 0:
        return " I do not know. #### 1000"
    if index % 4 == 3:
        return f" By a miracle.{solution[solution.index(' ####') :]}"  # Right answer, no chain.
    return solution


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    made = make_run(tmp_path / "run")
    grade(made, QUIET)
    return made
