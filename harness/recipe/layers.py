"""Puts a recipe together: the file, its model cards, a profile, then the overrides, in order.

Each layer lies over the ones before it. Findings go to one collector, and a place that was
already found fault with is marked, so that the check of the whole does not report it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InputError, Issues, unknown_name
from harness.recipe import yaml_text
from harness.recipe.catalogue import card_file
from harness.recipe.draft import Draft, Place, dotted
from harness.recipe.reading import read_file
from harness.recipe.schema_walk import known_keys

KeyPath = yaml_text.Path
CARD_PATHS: tuple[KeyPath, ...] = (
    ("pair", "wc"),
    ("pair", "se"),
    ("students", "student_lm"),
    ("students", "wc_lm"),
    ("students", "se_lm"),
)
_FILE_PATHS: tuple[KeyPath, ...] = (
    ("problems", "path"),
    ("training", "axolotl"),
    ("evaluation", "task_path"),
)


@dataclass(frozen=True)
class Override:
    """One `--set KEY=VALUE`."""

    text: str
    path: KeyPath
    value: Any

    @property
    def place(self) -> Place:
        """The option, as findings name it."""
        return Place(f"--set {self.text}")


def parse_overrides(texts: Sequence[str], issues: Issues) -> list[Override]:
    """Reads the overrides; a malformed one becomes a finding."""
    overrides = []
    for text in texts:
        key, equals, value = text.partition("=")
        parts = key.strip().split(".")
        if not equals or not all(parts):
            issues.add(
                f"--set {text}",
                "it is not of the form KEY=VALUE,",
                "as in --set training.steps=50 or --set seeds.training=[1,2].",
            )
            continue
        path = tuple(int(part) if part.isdecimal() else part for part in parts)
        try:
            overrides.append(Override(text, path, yaml_text.parse_value(value)))
        except yaml_text.YamlProblem as error:
            issues.add(f"--set {text}", f"the value does not parse: {error.problem}.")
    return overrides


class Assembly:
    """A draft and the layers that are laid over it.

    Attributes:
        draft: the values so far.
        settled: paths that were found fault with already.
    """

    def __init__(self, draft: Draft, folder: Path | None, issues: Issues) -> None:
        """Starts from a file's draft.

        Args:
            draft: the values of the file.
            folder: the file's folder, where its own model cards and data may lie.
            issues: collects the findings.
        """
        self.draft = draft
        self.settled: set[KeyPath] = set()
        self._folder = folder
        self._issues = issues
        self._own_profile = draft.get(("profile",))
        self._resolve_paths()
        self._resolve_cards()

    def apply(self, overrides: Sequence[Override]) -> None:
        """Lays the profile, then the other overrides, over the draft."""
        for override in overrides:
            if override.path == ("profile",):
                self.draft.put(override.path, override.value, override.place)
        self._apply_profile()
        for override in overrides:
            if override.path != ("profile",):
                self._apply_override(override)
                self._resolve_cards()

    def _found(self, path: KeyPath, where: str, message: str, advice: str = "") -> None:
        self._issues.add(where, message, advice)
        self.settled.add(path)

    def _resolve_paths(self) -> None:
        """Files beside the recipe are named from its folder, not from the current one."""
        for path in _FILE_PATHS if self._folder is not None else ():
            value = self.draft.get(path)
            if path == ("problems", "path") and self.draft.get(("problems", "source")) != "jsonl":
                continue
            if self._folder is not None and isinstance(value, str) and value:
                beside = (self._folder / value).absolute()
                if beside.exists():
                    self.draft.put(path, str(beside), self.draft.place(path))

    def _resolve_cards(self) -> None:
        """Puts the card in the place of its name or path."""
        for path in CARD_PATHS:
            name = self.draft.get(path)
            if not isinstance(name, str) or path in self.settled:
                continue
            in_a_file = self.draft.place(path).line is not None
            try:
                file = card_file(name, self._folder, self._folder if in_a_file else None)
                card = read_file(file, self._issues)
            except InputError as error:
                self._found(path, self.draft.where(path), error.message, error.advice)
                continue
            if card is None:
                self.settled.add(path)
            else:
                self.draft.put(path, card.values, card.places)

    def _apply_profile(self) -> None:
        name, profiles = self.draft.get(("profile",)), self.draft.get(("profiles",))
        if not isinstance(name, str) or not isinstance(profiles, dict | None):
            return
        if not profiles and name == self._own_profile:
            return  # A resolved recipe keeps the name of the profile that it was made with.
        if not profiles or name not in profiles:
            known = profiles or ([self._own_profile] if self._own_profile else [])
            self._found(
                ("profile",), self.draft.where(("profile",)), unknown_name("profile", name, known)
            )
            return
        base: KeyPath = ("profiles", name)
        places = {path[2:]: at for path, at in self.draft.places.items() if path[:2] == base}
        if isinstance(profiles[name], dict):
            self.draft.merge((), profiles[name], places)
            self.draft.put(("profiles",), {}, self.draft.place(("profiles",)))
            self._resolve_cards()

    def _apply_override(self, override: Override) -> None:
        here: KeyPath = ()
        for number, part in enumerate(override.path, start=1):
            inside = self.draft.get(here)
            step = self._step(override, here, inside, part)
            if step is None:
                return
            if number == len(override.path):
                self.draft.put(step, override.value, override.place)
            elif self.draft.get(step) is None or self._is_word_for_section(step):
                self.draft.put(step, {}, override.place)
            here = step

    def _is_word_for_section(self, path: KeyPath) -> bool:
        """Whether a word stands where a section may stand too, as in `allocation: uniform`."""
        return (
            path not in CARD_PATHS
            and isinstance(self.draft.get(path), str)
            and bool(known_keys(path))
        )

    def _step(
        self, override: Override, here: KeyPath, inside: Any, part: str | int
    ) -> KeyPath | None:
        """One key further; None, with a finding, where there is no such place."""
        if isinstance(inside, dict):
            return (*here, str(part))
        if not isinstance(inside, list):
            problem = f"{dotted(here)} is {inside!r}, which has no keys of its own."
        elif isinstance(part, int) and part <= len(inside):
            return (*here, part)
        else:
            problem = (
                f"{dotted(here)} is a list of {len(inside)}, so {part!r} is no place in it; "
                f"expected 0 to {len(inside)} (the last appends)."
            )
        self._found(override.path, str(override.place), problem)
        return None
