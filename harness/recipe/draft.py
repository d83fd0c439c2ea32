"""A recipe while it is put together: plain values, and for each where it came from.

A value may come from the file, from a model card, from a profile or from `--set`; whatever is
wrong with it is reported at the place where the user can change it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.recipe.yaml_text import Path


@dataclass(frozen=True)
class Place:
    """Where a value stands: a line of a file, or an option of the command line (no line)."""

    origin: str
    line: int | None = None

    def __str__(self) -> str:
        return self.origin if self.line is None else f"{self.origin}:{self.line}"


def dotted(path: Path) -> str:
    """`("seeds", "training", 0)` as `seeds.training.0`."""
    return ".".join(map(str, path))


@dataclass
class Draft:
    """The values of a recipe and their places.

    Attributes:
        values: nested mappings and lists, as YAML has them.
        places: the place of every path that is set.
    """

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)

    def get(self, path: Path) -> Any:
        """The value at a path; None where there is none."""
        value: Any = self.values
        for part in path:
            known: Any = ()
            if isinstance(value, Mapping):
                known = value.keys()
            elif isinstance(value, list):
                known = range(len(value))
            if part not in known:
                return None
            value = value[part]
        return value

    def place(self, path: Path) -> Place:
        """The place of a path, or of the nearest section around it."""
        for length in range(len(path), -1, -1):
            if (found := self.places.get(path[:length])) is not None:
                return found
        return Place("recipe")

    def where(self, path: Path) -> str:
        """The place with the dotted key, as findings begin."""
        place, key = self.place(path), dotted(path)
        if place.line is None and place.origin.startswith(f"--set {key}="):
            return str(place)
        return f"{place} {key}".rstrip()

    def put(self, path: Path, value: Any, place: Place | Mapping[Path, Place]) -> None:
        """Sets the value at a path whose parent exists.

        Args:
            path: where; a list's length appends to the list.
            value: the new value, which replaces the old one as a whole.
            place: one place for the value and everything in it, or places relative to it.
        """
        parent = self.get(path[:-1])
        last: Any = path[-1]
        if isinstance(parent, list) and last == len(parent):
            parent.append(None)
        parent[last] = copy.deepcopy(value)
        for old in [key for key in self.places if key[: len(path)] == path]:
            del self.places[old]
        if isinstance(place, Place):
            self.places[path] = place
        else:
            self.places.update({path + inner: found for inner, found in place.items()})

    def merge(self, path: Path, value: Any, places: Mapping[Path, Place]) -> None:
        """Lays a value over the one at a path: mappings key by key, anything else as a whole.

        A mapping with an `id` is another model card, and so replaces the old one as a whole.
        """
        old = self.get(path)
        if not (isinstance(old, dict) and isinstance(value, dict)) or "id" in value:
            self.put(path, value, places)
            return
        for key, inner in value.items():
            below = {place[1:]: found for place, found in places.items() if place[:1] == (key,)}
            self.merge((*path, key), inner, below)
