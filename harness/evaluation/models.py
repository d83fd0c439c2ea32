"""Which models a run evaluates, and what tells one set of weights from another.

Base models are the pair and the student, each distinct model once; the others are the run's
trained cells. A model's digest covers the content of its weights, so that a retrained model
is never reported with the completions of its predecessor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.cells import Cell, cells_of
from harness.errors import InputError
from harness.files import digest_of, read_json, write_json
from harness.models import digest_of_model, model_location
from harness.recipe import SIDES, ModelCard, Recipe
from harness.recipe.schema import Endpoint
from harness.run_folder import RunFolder


@dataclass(frozen=True)
class EvaluatedModel:
    """A model that is evaluated.

    Attributes:
        id: `base-<label>`, or the cell's id; the name of its folder.
        kind: whether the run trained it.
        role: "wc", "se" or "student" for a base model, else the cell's paradigm.
        card: what the engine loads.
        cell: the finetuning that made it, if any.
        endpoints: the servers that answer for it, if the recipe names any.
    """

    id: str
    kind: Literal["base", "cell"]
    role: str
    card: ModelCard
    cell: Cell | None = None
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True)
class Skipped:
    """A cell without a model, and why."""

    cell: str
    reason: str


def base_models(recipe: Recipe) -> list[EvaluatedModel]:
    """The pair, the student, and any other model that a paradigm finetunes; each once."""
    roles: list[tuple[str, ModelCard, tuple[Endpoint, ...]]] = [
        (side, getattr(recipe.pair, side), recipe.execution.servers_of(side)) for side in SIDES
    ]
    students = [card for _, card in recipe.students if card is not None]
    roles += [("student", card, ()) for card in students]
    found: dict[tuple[str, str | None], EvaluatedModel] = {}
    labels: set[str] = set()
    for role, card, endpoints in roles:
        key = (card.id, card.revision)
        if key in found:
            continue
        label = _free_label(re.sub(r"[^A-Za-z0-9_.-]+", "-", card.label), labels)
        found[key] = EvaluatedModel(f"base-{label}", "base", role, card, endpoints=endpoints)
    return list(found.values())


def base_of(models: Iterable[EvaluatedModel], card: ModelCard) -> str:
    """The id of the base model that `card` names."""
    return next(
        model.id
        for model in models
        if model.kind == "base" and (model.card.id, model.card.revision) == (card.id, card.revision)
    )


def _free_label(label: str, taken: set[str]) -> str:
    candidate, number = label, 2
    while candidate in taken:
        candidate, number = f"{label}-{number}", number + 1
    taken.add(candidate)
    return candidate


def trained_models(run: RunFolder) -> tuple[list[EvaluatedModel], list[Skipped]]:
    """The run's finetuned models in the recipe's order, and the cells that have none.

    Raises:
        InputError: a cell was not trained yet.
    """
    models, skipped, missing = [], [], []
    for cell in cells_of(run.recipe):
        folder = run.cell(cell.id)
        state = _state(folder)
        status = state.get("status")
        if status == "done":
            weights = str(folder / state.get("model", "model"))
            card = run.recipe.student(cell.paradigm).model_copy(
                update={"id": weights, "revision": None, "prices": [], "source": None}
            )
            models.append(EvaluatedModel(cell.id, "cell", cell.paradigm, card, cell))
        elif status in ("skipped", "failed"):
            skipped.append(Skipped(cell.id, str(state.get("reason") or f"training {status}")))
        else:
            missing.append(folder / "state.json")
    if missing:
        raise InputError(
            f"{len(missing)} of {len(cells_of(run.recipe))} cells are not trained: there is no "
            f"finished {missing[0]}.",
            f"Train them first: harness train {run.path}",
        )
    return models, skipped


def _state(folder: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = read_json(folder / "state.json")
    except (FileNotFoundError, ValueError):
        return {}
    return state


def model_digest(model: EvaluatedModel, memo: Path) -> str:
    """A digest of what the model is: its files' content, or its Hub id and revision.

    Args:
        model: the model.
        memo: a JSON file that keeps the digest; it is read again, and the weights are not, as
            long as the folder's files have the sizes and times of change that they had then.

    Raises:
        InputError: the model's folder is not there.
    """
    folder = Path(model_location(model.card))
    if model.endpoints or not folder.is_dir():
        # Which of its servers answers, and where it stands, says nothing of the model.
        told = {"model", "answers_as", "protocol"}
        server = model.endpoints[0].model_dump(include=told) if model.endpoints else None
        return digest_of({"id": model.card.id, "revision": model.card.revision, "endpoint": server})
    files = _files(folder)
    known = _remembered(memo)
    if known.get("files") == files and isinstance(known.get("digest"), str):
        return str(known["digest"])
    digest = digest_of_model(folder)
    write_json(memo, {"id": model.card.id, "files": files, "digest": digest})
    return digest


def _files(folder: Path) -> list[list[Any]]:
    """Name, size and time of change (ns) of every file in the folder itself."""
    found = [(path, path.stat()) for path in sorted(folder.iterdir()) if path.is_file()]
    return [[path.name, status.st_size, status.st_mtime_ns] for path, status in found]


def _remembered(memo: Path) -> dict[str, Any]:
    try:
        document = read_json(memo)
    except (FileNotFoundError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
