"""More samples for a pool, long after the run that began it: from its own draw file.

A pool knows in full how it was drawn, so that 3 samples a problem extend to 30 with one
command, and the 27 new ones are those that 30 drawn at once would have had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.budget.allocation import UNIFORM
from harness.errors import InputError
from harness.generators.adaptive import Stopping
from harness.generators.filling import fill_pools
from harness.generators.jobs import DecodingSettings, PoolJob
from harness.generators.spending import account_of_pool
from harness.pool import Pool
from harness.pool.draw_file import DRAW_FILE, read_draw
from harness.progress import Progress
from harness.prompts.rendering import RenderedPrompts
from harness.recipe import ModelCard
from harness.recipe.schema import Answer, Endpoint, Engine, Prompt, Ray, Until


@dataclass(frozen=True)
class Changes:
    """What may differ from how the pool was drawn before, because it changes no sample.

    Attributes:
        model: the folder that the model lies in by now.
        endpoints: servers to ask, in place of those that were asked before.
    """

    model: str | None = None
    endpoints: Sequence[str] = ()


def extend_pool(
    folder: Path,
    samples_per_problem: int,
    changes: Changes,
    progress: Progress,
    *,
    workers: int | None = None,
    vllm_python: Path | None = None,
    spending_limit: float | None = None,
    ray: Ray | None = None,
) -> int:
    """Draws until every problem of the pool has so many samples.

    Args:
        folder: the pool.
        samples_per_problem: what every problem shall have at least.
        changes: what may differ from how it was drawn before.
        progress: where to say what is going on.
        workers, vllm_python, ray: as for `fill_pools`.
        spending_limit: dollars that its endpoints may cost, counted over the pool's ledger.

    Returns:
        How many samples are new.

    Raises:
        InputError: the pool cannot be extended, or not like this; says why.
        EnvironmentFailure: engine, server or disk fail; everything counted is safe.
    """
    job = extension_job(folder, samples_per_problem, changes)
    before = len(Pool.open(folder))
    fill_pools(
        [job],
        workers=workers,
        progress=progress,
        log=lambda name: folder / "logs" / f"{name}.log",
        vllm_python=vllm_python,
        spending=None if spending_limit is None else account_of_pool(job, spending_limit),
        ray=ray,
    )
    return len(Pool.open(folder)) - before


def extension_job(folder: Path, samples_per_problem: int, changes: Changes) -> PoolJob:
    """The job that brings the pool in `folder` to `samples_per_problem` samples a problem.

    Raises:
        InputError: no pool there, or one that does not know how it was drawn.
    """
    pool = Pool.open(folder)
    draw = read_draw(folder)
    if draw is None:
        raise InputError(
            f"{folder} has no {DRAW_FILE}, or one that was changed, so it is not known how it was "
            "drawn.",
            "Samples that were drawn elsewhere are added by `harness pool import`; a pool of a run "
            "by the run's own command.",
        )
    if draw.get("prompt") is None:
        raise InputError(
            f"{folder} was drawn for an lm-eval task, which has the prompts.",
            "It grows with its run: harness evaluate RUN",
        )
    most = draw["allocation"]["until"]["max"] if draw["allocation"] != UNIFORM else None
    if most is not None and samples_per_problem > most:
        raise InputError(
            f"{folder} is drawn adaptively, {most} samples a problem at most; "
            f"{samples_per_problem} were asked for.",
            "The allocation belongs to the pool: a larger `max` needs a pool of its own.",
        )
    try:
        return _job(pool, draw, samples_per_problem, changes)
    except (ValidationError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder / DRAW_FILE} is not what this version of the harness writes ({error}).",
            "Give the run's own command again, which writes it anew.",
        ) from error


def _job(pool: Pool, draw: dict[str, Any], samples: int, changes: Changes) -> PoolJob:
    card = ModelCard.model_validate_json(_json(draw["model"]))
    if changes.model is not None:
        card = card.model_copy(update={"id": changes.model})
    decoding = draw["decoding"]
    until = draw["allocation"]
    return PoolJob(
        folder=pool.folder,
        problems=pool.problems,
        prompts=RenderedPrompts(Prompt.model_validate(draw["prompt"]), pool.problems),
        samples_per_problem=samples,
        model=card,
        decoding=DecodingSettings(**{**decoding, "stop": tuple(decoding["stop"])}),
        engine=Engine.model_validate(draw["engine"]),
        seed=draw["seed"],
        endpoints=_endpoints(draw, changes),
        label=f"extend {pool.folder.name} ({card.label})",
        stopping=None
        if until == UNIFORM
        else Stopping(Until(**until["until"]), Answer.model_validate(draw["answer"])),
        expected_tokens=draw["expected_tokens"],
    )


def _endpoints(draw: dict[str, Any], changes: Changes) -> tuple[Endpoint, ...]:
    before = [Endpoint.model_validate(one) for one in draw["endpoints"]]
    if not changes.endpoints:
        return tuple(before)
    like = before[0] if before else None
    return tuple(
        like.model_copy(update={"url": url}) if like is not None else Endpoint(url=url)
        for url in changes.endpoints
    )


def _json(document: Any) -> str:
    import json

    return json.dumps(document)
