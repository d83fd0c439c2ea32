"""What a pool's samples come from: the identity that later samples must share."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.budget.allocation import allocation_document
from harness.budget.parameters import with_active_parameters
from harness.generators.jobs import PoolJob
from harness.models import digest_of_model, model_location
from harness.pool.identity import check_same, read_identity
from harness.problems import digest_of_problems
from harness.prompts.rendering import RenderedPrompts, prompts_identity
from harness.recipe import ModelCard
from harness.recipe.schema import Engine

Document = dict[str, Any]
_OPTIONAL = ("tensor_parallel_size", "options")


def identity_of(job: PoolJob, engine: Document) -> Document:
    """The identity of the pool that `job` fills with an engine.

    Args:
        job: what is drawn.
        engine: name, version and settings in force, as the engine itself reports them.
    """
    return {
        "model": _model_identity(job.model),
        "decoding": {**asdict(job.decoding), "stop": list(job.decoding.stop)},
        "prompt": prompts_identity(job.prompts),
        "problems": digest_of_problems(job.problems),
        "seed": job.seed if job.seeded else None,
        "allocation": allocation_document(job.stopping.until if job.stopping else None),
        "engine": engine,
    }


def draw_document(job: PoolJob) -> Document:
    """How the pool of `job` is drawn, in full; see `harness.pool.draw_file`."""
    prompts, until = job.prompts, job.stopping.until if job.stopping else None
    return {
        "model": with_active_parameters(job.model).model_dump(mode="json"),
        "decoding": {**asdict(job.decoding), "stop": list(job.decoding.stop)},
        "prompt": prompts.prompt.model_dump(mode="json")
        if isinstance(prompts, RenderedPrompts)
        else None,
        "engine": job.engine.model_dump(mode="json"),
        # The address as messages show it: a password or a query in it may be a secret.
        "endpoints": [{**one.model_dump(mode="json"), "url": one.address} for one in job.endpoints],
        "seed": job.seed,
        "samples_per_problem": job.samples_per_problem,
        "expected_tokens": job.expected_tokens,
        "allocation": allocation_document(until),
        "answer": job.stopping.answer.model_dump(mode="json") if job.stopping else None,
    }


def check_before_start(job: PoolJob) -> None:
    """Compares a pool that is there with the job, as far as that goes without an engine.

    Raises:
        InputError: the pool is of another origin; the keys that differ are named.
    """
    old = read_identity(job.folder)
    recorded = old.get("engine", {})
    asked: Document = {**recorded, "name": "endpoint" if job.endpoints else "vllm"}
    if not job.endpoints:
        asked["dtype"] = recorded.get("dtype") if job.engine.dtype == "auto" else job.engine.dtype
        asked["max_model_length"] = job.engine.max_model_length or recorded.get("max_model_length")
        asked = {**asked, **dict.fromkeys(_OPTIONAL, None), **engine_settings(job.engine)}
        asked = {key: value for key, value in asked.items() if value is not None}
    else:
        first = job.endpoints[0]
        asked |= {"protocol": first.protocol, "seeds": first.seeds}
        if first.model is not None:
            asked["model"] = first.model
    check_same(job.folder, old, identity_of(job, asked))


def engine_settings(engine: Engine) -> Document:
    """The settings of a recipe that an identity names only where they are not the default.

    Pools that were drawn before there were such settings therefore keep their identity.
    """
    settings: Document = {}
    if engine.tensor_parallel_size != 1:
        settings["tensor_parallel_size"] = engine.tensor_parallel_size
    if engine.options:
        settings["options"] = dict(engine.options)
    return settings


def _model_identity(card: ModelCard) -> Document:
    location = Path(model_location(card))
    if not location.is_dir():
        return {"id": card.id, "revision": card.revision, "files": None}
    # A folder may move (with its run, say); what counts is what it holds.
    name = card.id if card.id.startswith("micro:") else card.label
    return {"id": name, "revision": card.revision, "files": digest_of_model(location)}
