"""Which models a run evaluates, and what tells one set of weights from another.

Base models are the pair and the student, each distinct model once; the others are the run's
trained cells. A model's digest covers the content of its weights, so that a retrained model
is never reported with the completions of its predecessor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from harness.cells import Cell, cells_of
from harness.errors import InputError
from harness.files import digest_of, read_json, sha256_of, write_json
from harness.models import model_location
from harness.recipe import SIDES, ModelCard, Recipe
from harness.recipe.schema import Endpoint
from harness.run_folder import RunFolder

_MODEL_SUFFIXES = {".safetensors", ".bin", ".gguf", ".json", ".model", ".jinja", ".txt"}
_NOT_OF_THE_MODEL = {"training_args.bin", "trainer_state.json"}


@dataclass(frozen=True)
class EvaluatedModel:
    """A model that is evaluated.

    Attributes:
        id: `base-<label>`, or the cell's id; the name of its folder.
        kind: whether the run trained it.
        role: "wc", "se" or "student" for a base model, else the cell's paradigm.
        card: what the engine loads.
        cell: the finetuning that made it, if any.
        endpoint: the server that answers for it, if the recipe names one.
    """

    id: str
    kind: Literal["base", "cell"]
    role: str
    card: ModelCard
    cell: Cell | None = None
    endpoint: Endpoint | None = None


@dataclass(frozen=True)
class Skipped:
    """A cell without a model, and why."""

    cell: str
    reason: str


def base_models(recipe: Recipe) -> list[EvaluatedModel]:
    """The pair, the student, and any other model that a paradigm finetunes; each once."""
    roles: list[tuple[str, ModelCard, Endpoint | None]] = [
        (side, getattr(recipe.pair, side), recipe.execution.endpoints.get(side)) for side in SIDES
    ]
    students = [card for _, card in recipe.students if card is not None]
    roles += [("student", card, None) for card in students]
    found: dict[tuple[str, str | None], EvaluatedModel] = {}
    labels: set[str] = set()
    for role, card, endpoint in roles:
        key = (card.id, card.revision)
        if key in found:
            continue
        label = _free_label(re.sub(r"[^A-Za-z0-9_.-]+", "-", card.label), labels)
        found[key] = EvaluatedModel(f"base-{label}", "base", role, card, endpoint=endpoint)
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
            card = ModelCard(id=str(folder / state.get("model", "model")))
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


@dataclass(frozen=True)
class FileRecord:
    """One file of a model: the sizes and times that make reading it again unnecessary."""

    name: str
    bytes: int
    modified_ns: int
    sha256: str


def model_digest(model: EvaluatedModel, memo: Path) -> str:
    """A digest of what the model is: its files' content, or its Hub id and revision.

    Args:
        model: the model.
        memo: a JSON file that keeps the digests of files; one whose size and time of change
            are as before is not read again.

    Raises:
        InputError: the model's folder is missing or holds no weights.
    """
    location = model_location(model.card)
    folder = Path(location)
    if model.endpoint is not None or not folder.is_dir():
        server = model.endpoint.model_dump() if model.endpoint else None
        document: dict[str, Any] = {
            "id": model.card.id,
            "revision": model.card.revision,
            "endpoint": server,
        }
        write_json(memo, document)
        return digest_of(document)
    records = _records(folder, _remembered(memo))
    write_json(memo, {"id": model.card.id, "files": [asdict(record) for record in records]})
    return digest_of({record.name: record.sha256 for record in records})


def _remembered(memo: Path) -> dict[str, FileRecord]:
    try:
        return {entry["name"]: FileRecord(**entry) for entry in read_json(memo)["files"]}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}  # Missing, torn or of another form: the files are read again.


def _records(folder: Path, remembered: Mapping[str, FileRecord]) -> list[FileRecord]:
    records = []
    for path in sorted(folder.iterdir()):
        if (
            path.suffix not in _MODEL_SUFFIXES
            or path.name in _NOT_OF_THE_MODEL
            or not path.is_file()
        ):
            continue
        status = path.stat()
        known = remembered.get(path.name)
        if known and (known.bytes, known.modified_ns) == (status.st_size, status.st_mtime_ns):
            records.append(known)
        else:
            records.append(
                FileRecord(path.name, status.st_size, status.st_mtime_ns, sha256_of(path))
            )
    if not any(Path(record.name).suffix in (".safetensors", ".bin", ".gguf") for record in records):
        raise InputError(
            f"{folder} holds no weights (*.safetensors, *.bin, *.gguf).",
            "Restore the model's files, or train the cell again.",
        )
    return records
