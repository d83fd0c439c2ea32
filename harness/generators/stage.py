"""The stage `sample`: both sides' pools, each as large as the largest budget asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.budget import pool_sizes, stopping_rule
from harness.generators.adaptive import Stopping
from harness.generators.filling import DecodingSettings, PoolJob, fill_pools
from harness.generators.spending import account_of
from harness.pool import Pool
from harness.pool.books import books_of
from harness.pool.identity import IDENTITY_FILE
from harness.problems.loading import load_problems
from harness.progress import Progress
from harness.prompts.rendering import RenderedPrompts
from harness.recipe import SIDES, Recipe
from harness.run_folder import RunFolder


def sample(
    run: RunFolder,
    progress: Progress,
    *,
    vllm_python: Path | None = None,
    workers: int | None = None,
) -> dict[str, Any]:
    """Draws what the run's pools lack; draws nothing, and starts no engine, if nothing does.

    Args:
        run: the run, held by the caller.
        progress: where to say what is going on.
        vllm_python: an interpreter with vLLM; the harness's own environment if None.
        workers: engine processes at once; the recipe's `execution.workers` if None.

    Returns:
        Per side: the most samples that the allocation allows (all of them, where it is
        uniform), samples in the pool, how many of them are new, tokens as the engine counted
        them, tokens that brought no sample, refused problems, and the seconds that requests
        took (many run side by side).

    Raises:
        InputError: the recipe's models, problems or earlier pools cannot be used.
        EnvironmentFailure: engine, server or disk fail; everything counted is safe.
    """
    jobs = sampling_jobs(run)
    most = {side: len(job.problems) * job.samples_per_problem for side, job in jobs.items()}
    before = {side: _size_of(run.pool(side)) for side in SIDES}
    fill_pools(
        list(jobs.values()),
        workers=workers or run.recipe.execution.workers,
        progress=progress,
        log=run.log,
        vllm_python=vllm_python,
        spending=account_of(run),
        ray=run.recipe.execution.ray_cluster,
    )
    return {
        "pools": {
            side: {"most_samples": most[side], **_account(run.pool(side), before[side])}
            for side in SIDES
        }
    }


def sampling_jobs(run: RunFolder) -> dict[str, PoolJob]:
    """One job per side of the pair."""
    recipe = run.recipe
    problems = load_problems(recipe.problems, "train")
    prompts = RenderedPrompts(recipe.prompt, problems)
    sizes = pool_sizes(recipe)
    until = stopping_rule(recipe)
    stopping = Stopping(until, recipe.answer) if until else None
    return {
        side: PoolJob(
            folder=run.pool(side),
            problems=problems,
            prompts=prompts,
            samples_per_problem=sizes[side],
            model=getattr(recipe.pair, side),
            decoding=_decoding(recipe),
            engine=recipe.engine,
            seed=recipe.seeds.run,
            endpoints=recipe.execution.servers_of(side),
            label=f"sample {side.upper()} ({getattr(recipe.pair, side).label})",
            stopping=stopping,
            expected_tokens=recipe.decoding.planned_tokens,
        )
        for side in SIDES
    }


def _decoding(recipe: Recipe) -> DecodingSettings:
    decoding = recipe.decoding
    return DecodingSettings(
        temperature=decoding.temperature,
        top_k=decoding.top_k,
        top_p=decoding.top_p,
        max_tokens=decoding.max_tokens,
        stop=tuple(recipe.prompt.stop),
    )


def _size_of(folder: Path) -> int:
    return len(Pool.open(folder)) if (folder / IDENTITY_FILE).exists() else 0


def _account(folder: Path, before: int) -> dict[str, Any]:
    pool = Pool.open(folder)
    books = books_of(pool.ledger())
    return {
        "samples": len(pool),
        "new": len(pool) - before,
        "prompt_tokens": books.kept.prompt,
        "completion_tokens": books.kept.completion,
        "wasted_tokens": books.wasted.prompt + books.wasted.completion,
        "failures": len(pool.failures()),
        "seconds": round(books.request_seconds, 3),
    }
