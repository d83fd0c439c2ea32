"""The identity of an imported pool: the same keys as a drawn one, null where nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from harness.errors import InputError, Issues, nearest_names, unknown_name
from harness.interchange.problem_rows import ProblemTable
from harness.problems import digest_of_problems
from harness.recipe import ModelCard, Price
from harness.recipe.cards import Parameters
from harness.recipe.catalogue import card_file, card_names, names_card_file, shown, unread_card_file
from harness.recipe.draft import Draft
from harness.recipe.findings import found
from harness.recipe.reading import read_file
from harness.recipe.schema_walk import expectation
from harness.recipe.yaml_text import Path as KeyPath

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

ENGINE = "import"
# Where the schema of recipes has a card.
_A_CARD: KeyPath = ("pair", "wc")


@dataclass(frozen=True)
class KnownDecoding:
    """What is known of how the samples were drawn; None where it is not.

    Attributes:
        temperature: softmax temperature, 0 for greedy.
        top_k: how many of the likeliest tokens were kept.
        top_p: nucleus mass.
        max_tokens: longest completion, in tokens.
    """

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    max_tokens: int | None = None


@dataclass(frozen=True)
class Generator:
    """Who generated the samples: a model by its name, with its card if there is one."""

    name: str
    card: ModelCard | None

    @property
    def notes(self) -> list[str]:
        """What a user should know about a name without a card."""
        if self.card is not None:
            return []
        near = nearest_names(self.name, card_names())
        hint = f" (did you mean {' or '.join(map(repr, near))}?)" if near else ""
        if file := unread_card_file(self.name):
            hint = f" ({file})"
        return [
            f"there is no model card {self.name!r}{hint}, so the pool records the name only; a "
            "match by compute or by price needs the size or the price from a card."
        ]


def find_generator(name: str) -> Generator:
    """The model that a card's name, a card's file, a card's model id or any other name stands for.

    Raises:
        InputError: the name is empty, or a card cannot be used; says why.
    """
    if not name.strip():
        raise InputError("--model is empty; expected a model card or the name of a model.")
    if names_card_file(name):
        file = Path(name).expanduser()
        if not file.is_file():
            raise InputError(f"there is no model card {name}.", "Give a file, or a name.")
        return _generator_of(file)
    if name in card_names():
        return _generator_of(card_file(name, None))
    known = (_generator_of(card_file(one, None)) for one in card_names())
    return next((one for one in known if one.name == name), Generator(name, None))


def imported_identity(
    generator: Generator, kind: str, problems: ProblemTable, decoding: KnownDecoding
) -> dict[str, Any]:
    """The identity of the pool.

    Args:
        generator: who generated the samples.
        kind: the format that they were read from.
        problems: the problems of the import.
        decoding: what is known of how they were drawn.
    """
    card = generator.card
    return {
        "model": {
            "id": card.id if card else generator.name,
            "revision": card.revision if card else None,
            "files": None,
        },
        "model_card": card.model_dump(mode="json") if card else None,
        "decoding": {**vars(decoding), "stop": None},
        "prompt": None,
        "problems": digest_of_problems(problems.problems),
        "seed": None,
        "allocation": None,
        "engine": {"name": ENGINE, "format": kind},
    }


def is_imported(identity: Mapping[str, Any]) -> bool:
    """Whether a pool of this identity was drawn elsewhere: nobody knows what ran side by side."""
    return (identity.get("engine") or {}).get("name") == ENGINE


def _keys_beside(path: tuple[int | str, ...]) -> Iterable[str]:
    """The keys that a card may have where it has one that is not known."""
    parts: dict[int | str, type[BaseModel]] = {"parameters": Parameters, "prices": Price}
    return (parts.get(path[0], ModelCard) if len(path) > 1 else ModelCard).model_fields


def _message(draft: Draft, path: KeyPath, item: ErrorDetails) -> str:
    """What is wrong with a key of a card, and what was expected there."""
    if item["type"] == "extra_forbidden":
        return unknown_name("key", str(path[-1]), _keys_beside(path))
    if item["type"] == "value_error":
        return f"{item['msg'].removeprefix('Value error, ')}."
    expected = expectation((*_A_CARD, *path))
    if item["type"] == "missing":
        return f"the key {str(path[-1])!r} is missing; expected {expected}."
    return f"found {found(draft.get(path))}, expected {expected}."


def _generator_of(file: Path) -> Generator:
    issues = Issues()
    draft = read_file(file, issues)
    if draft is not None:
        try:
            card = ModelCard.model_validate(draft.values)
        except ValidationError as error:
            for item in error.errors(include_url=False):
                path = tuple(item["loc"])
                issues.add(draft.where(path), _message(draft, path, item))
        else:
            if not len(issues):
                return Generator(card.id, card)
    issues.raise_if_any(f"the model card {shown(file)} cannot be used:")
    raise AssertionError("a card is refused for a reason")
