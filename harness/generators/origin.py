"""What a pool's samples come from: the identity that later samples must share."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.files import digest_of
from harness.generators.jobs import PoolJob
from harness.models import digest_of_model, model_location
from harness.pool.identity import check_same, read_identity
from harness.problems import digest_of_problems
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
        "prompts": digest_of(dict(job.prompts)),
        "problems": digest_of_problems(job.problems),
        "seed": None if job.decoding.greedy else job.seed,
        "engine": engine,
    }


def check_before_start(job: PoolJob) -> None:
    """Compares a pool that is there with the job, as far as that goes without an engine.

    Raises:
        InputError: the pool is of another origin; the keys that differ are named.
    """
    old = read_identity(job.folder)
    recorded = old.get("engine", {})
    asked: Document = {**recorded, "name": "vllm" if job.endpoint is None else "endpoint"}
    if job.endpoint is None:
        asked["dtype"] = recorded.get("dtype") if job.engine.dtype == "auto" else job.engine.dtype
        asked["max_model_length"] = job.engine.max_model_length or recorded.get("max_model_length")
        asked = {**asked, **dict.fromkeys(_OPTIONAL, None), **engine_settings(job.engine)}
        asked = {key: value for key, value in asked.items() if value is not None}
    elif job.endpoint.model is not None:
        asked["model"] = job.endpoint.model
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
