"""Completions of the test split: which are there, which are stale, and drawing the rest.

Two digests decide. `sampling` covers what a completion depends on (weights, prompts, decoding,
engine settings), `inputs` everything behind a result (also the task's scoring, the grader and
lm-eval's version). A pool is kept as long as its `sampling` digest is the same, a result as
long as its `inputs` are: another grader scores again without drawing again.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import EnvironmentFailure
from harness.evaluation.models import EvaluatedModel, model_digest
from harness.evaluation.requests import EvaluationTask
from harness.files import digest_of, read_json, write_json
from harness.progress import Progress
from harness.run_folder import RunFolder


@dataclass(frozen=True)
class Work:
    """One model, its folder, and the digests of what its completions and results depend on."""

    model: EvaluatedModel
    folder: Path
    sampling: str
    inputs: str

    @property
    def results_file(self) -> Path:
        """The file that marks the model as evaluated."""
        return self.folder / "results.json"

    @property
    def problems_file(self) -> Path:
        """One line a document: completion, outcome, answer."""
        return self.folder / "problems.jsonl"

    @property
    def pool(self) -> Path:
        """The greedy completions."""
        return self.folder / "pool"

    def finished(self) -> bool:
        """Whether results for exactly these inputs are there."""
        return _entry(self.results_file, "inputs") == self.inputs and self.problems_file.is_file()


def work_of(run: RunFolder, task: EvaluationTask, model: EvaluatedModel) -> Work:
    """What is to be done for one model; reads its weights unless they are known."""
    from importlib.metadata import version

    from harness.grading import GRADER_VERSION

    folder = run.evaluation(model.id)
    sampling = digest_of(
        {
            "model": model_digest(model, folder / "model.json"),
            "prompts": task.prompts(),
            "decoding": {"greedy": True, "max_tokens": task.max_tokens, "stop": list(task.until)},
            "engine": run.recipe.engine.model_dump(mode="json"),
        }
    )
    scoring = {"task": task.digest, "limit": task.limit, "grader": GRADER_VERSION}
    inputs = digest_of({"sampling": sampling, "lm_eval": version("lm_eval"), **scoring})
    return Work(model, folder, sampling, inputs)


def _entry(path: Path, key: str) -> Any:
    """One value of a JSON file; None where the file is missing or torn."""
    try:
        document = read_json(path)
    except (FileNotFoundError, ValueError):
        return None
    return document.get(key) if isinstance(document, dict) else None


def generate(
    run: RunFolder,
    task: EvaluationTask,
    pending: Sequence[Work],
    progress: Progress,
    vllm_python: Path | None,
    workers: int | None,
) -> None:
    """Draws the greedy completions that are missing."""
    from harness.generators.filling import DecodingSettings, PoolJob, fill_pools
    from harness.generators.spending import account_of

    if not pending:
        return
    problems, prompts = task.problems(), task.prompts()
    decoding = DecodingSettings(
        temperature=0.0, top_k=None, top_p=1.0, max_tokens=task.max_tokens, stop=task.until
    )
    jobs = []
    for item in pending:
        _drop_stale_pool(item, progress)
        jobs.append(
            PoolJob(
                folder=item.pool,
                problems=problems,
                prompts=prompts,
                samples_per_problem=1,
                model=item.model.card,
                decoding=decoding,
                engine=run.recipe.engine,
                seed=run.recipe.seeds.run,
                endpoints=item.model.endpoints,
                label=item.model.id,
            )
        )
    fill_pools(
        jobs,
        workers=workers or run.recipe.execution.workers,
        progress=progress,
        log=run.log,
        vllm_python=vllm_python,
        spending=account_of(run),
        ray=run.recipe.execution.ray_cluster,
    )


def _drop_stale_pool(item: Work, progress: Progress) -> None:
    """Throws completions away that other weights, prompts or settings made."""
    marker = item.folder / "pool_inputs.json"
    if item.pool.exists() and _entry(marker, "sampling") != item.sampling:
        progress.note(
            f"{item.model.id}: its weights, prompts or decoding changed since it was last "
            "evaluated; its old completions are thrown away and drawn again"
        )
        shutil.rmtree(item.pool)
    write_json(marker, {"sampling": item.sampling})


def completions_of(task: EvaluationTask, item: Work) -> dict[str, str]:
    """The stored completion of every prompt.

    A problem that the engine refuses for good (its prompt is too long for the model) has the
    empty completion: the model does not solve it.

    Raises:
        EnvironmentFailure: completions are missing.
    """
    from harness.pool import Pool

    pool = Pool.open(item.pool)
    table = pool.samples(["problem_id", "completion"])
    found = {failure.problem_id: "" for failure in pool.failures()}
    found |= dict(
        zip(*(table.column(name).to_pylist() for name in table.column_names), strict=True)
    )
    prompts = task.prompts()
    absent = [problem_id for problem_id in prompts if problem_id not in found]
    if absent:
        raise EnvironmentFailure(
            f"{item.model.id}: {len(absent)} of {len(prompts)} test problems have no completion "
            f"(first: {', '.join(absent[:3])}).",
            "Run the same command again; it draws what is missing.",
        )
    return {prompt: found[problem_id] for problem_id, prompt in prompts.items()}
