"""The keys of a config.json, checked one by one; what is wrong is collected, not raised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.budget.families import Family, Said
from harness.errors import Issues

# No model has a size beyond; a file that says so is broken or hostile.
_LARGEST = 10**9
_MOST_LAYERS = 10_000
EXPERT_COUNTS = ("num_experts", "num_local_experts", "n_routed_experts")
_ABSENT = object()


class ConfigKeys:
    """Reads keys of a config.json, with the defaults and names of its model type.

    A key that is wrong is noted once in `issues` and read as 1, so that reading goes on to the
    next; the caller raises at the end.

    Args:
        values: the keys.
        family: of the model type.
        issues: takes what is wrong.
        within: whether they are the text part of a larger file.
    """

    def __init__(
        self, values: Mapping[str, Any], family: Family, issues: Issues, *, within: bool = False
    ) -> None:
        self._values, self._family, self._issues = values, family, issues
        self._defaults = {**(family.text_defaults if within else {}), **family.defaults}

    def count(self, name: str) -> int:
        """A whole number of at least 1 that must be there."""
        return self._number(name, self._raw(name), least=1)

    def size(self, name: str) -> int:
        """A whole number of at least 0; 0 where the file says null."""
        raw = self._raw(name)
        return 0 if raw is None else self._number(name, raw, least=0)

    def optional(self, name: str) -> int | None:
        """A whole number of at least 1, or None where the file has none or null."""
        raw = self._raw(name)
        return None if raw in (None, _ABSENT) else self._number(name, raw, least=1)

    def switch(self, name: str, default: bool) -> bool:
        """True or false."""
        raw = self._raw(name)
        if raw is _ABSENT or raw is None:
            return default
        if not isinstance(raw, bool):
            self._issues.add(self._shown(name), f"is {raw!r}, expected true or false.")
        return raw is True

    def says(self, said: Said) -> bool:
        """What a type's code or, by its key, the file says."""
        if isinstance(said, bool):
            return said
        names = (said,) if isinstance(said, str) else said
        return any(self.switch(name, False) for name in names)

    def listed(self, name: str) -> Sequence[Any] | None:
        """A list, or None where the file has none or null."""
        raw = self._raw(name)
        if raw is _ABSENT or raw is None:
            return None
        if not isinstance(raw, list | tuple):
            self._issues.add(self._shown(name), f"is {raw!r}, expected a list.")
            return None
        return raw

    def quotient(self, name: str, by: str) -> int:
        """One size over another, which must divide it."""
        above, below = self.count(name), self.count(by)
        if above % below:
            self._issues.add(
                "head_dim", f"is missing, and {self._shown(name)} {above} is no multiple of "
                f"{self._shown(by)} {below}.",
            )  # fmt: skip
        return max(1, above // below)

    def divides(self, name: str, part: int, of: str, whole: int) -> None:
        """Notes where one count does not divide another."""
        if whole % part:
            self._issues.add(self._shown(name), f"is {part}, which does not divide {of} {whole}.")

    def experts(self) -> tuple[int, int]:
        """Experts of a layer, and how many of them a token is sent to."""
        usual = next((one for one in EXPERT_COUNTS if one in self._defaults), "n_routed_experts")
        name = next((one for one in EXPERT_COUNTS if one in self._values), usual)
        experts, picked = self.count(name), self.count("num_experts_per_tok")
        if picked > experts:
            self._issues.add(
                "num_experts_per_tok", f"is {picked}, and there are {experts} experts ({name})."
            )
        return experts, picked

    def _raw(self, name: str) -> Any:
        return self._values.get(self._shown(name), self._defaults.get(name, _ABSENT))

    def _shown(self, name: str) -> str:
        """The name that the file has, or would have."""
        renamed = self._family.renamed.get(name, name)
        return name if name in self._values and renamed not in self._values else renamed

    def _number(self, name: str, raw: Any, *, least: int) -> int:
        most = _MOST_LAYERS if name == "num_hidden_layers" else _LARGEST
        if raw is _ABSENT or raw is None:
            self._issues.add(self._shown(name), "is missing, expected a whole number.")
        elif isinstance(raw, bool) or not isinstance(raw, int) or not least <= raw <= most:
            self._issues.add(
                self._shown(name), f"is {raw!r}, expected a whole number from {least} to {most:,}."
            )
        else:
            return raw
        return 1
