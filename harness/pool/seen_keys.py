"""Which keys a pool's files hold, and which of them cannot be right.

Foreign problems, keys twice in one file, rows out of order, seeds that do not follow from
the others of their problem: what checksums cannot show, because it was written so.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from harness.errors import Issues
from harness.pool.masks import Masks
from harness.pool.order import ProblemOrder, index_of
from harness.pool.samples import Sample

REPAIR = "`harness pool verify POOL --repair` keeps the rest."
_SHOWN = 5


class SeenKeys:
    """The keys that were met, file after file, and what is wrong with them.

    Attributes:
        twice: how many keys stand in more than one file.
    """

    def __init__(self, order: ProblemOrder, masks: Masks, *, seeded: bool) -> None:
        """For a pool's problems.

        Args:
            order: their order.
            masks: takes the keys that are met; a 0 for every problem.
            seeded: whether a problem's seeds must ascend with the index.
        """
        self._order = order
        self._masks = masks
        self._seeded = seeded
        self.twice = 0
        self._name = ""
        self._last = -1
        self._here: Masks = {}
        self._offsets: dict[str, int] = {}
        self._doubled: dict[str, list[tuple[str, int]]] = {}
        self._foreign: dict[str, set[str]] = {}
        self._misplaced: set[str] = set()
        self._bad_seeds: list[tuple[str, int]] = []

    def begin(self, name: str) -> None:
        """What follows is of another file."""
        self._name, self._last, self._here = name, -1, {}

    def add_table(self, table: pa.Table) -> bool:
        """Adds rows of a parquet file; whether all of them are in place."""
        keys = self._order.keys_of(table)
        known = keys[keys >= 0]
        if sound := len(known) == len(keys):
            sound = not len(keys) or bool(keys[0] > self._last and np.all(np.diff(keys) > 0))
            if not sound:
                self._misplaced.add(self._name)
        else:
            ids = table["problem_id"].filter(pa.array(keys < 0)).unique().to_pylist()
            self._foreign.setdefault(self._name, set()).update(ids)
        if len(keys):
            self._last = int(keys[-1])
        seeds = table["seed"].to_pylist()
        for key, seed in zip(keys.tolist(), seeds, strict=True):
            if key >= 0:
                self._add(self._order.id_of(key), index_of(key), seed)
        return sound

    def add_sample(self, sample: Sample) -> None:
        """Adds a line of the journal."""
        if sample.problem_id not in self._order or sample.sample_index < 0:
            self._foreign.setdefault(self._name, set()).add(sample.problem_id)
        else:
            self._add(sample.problem_id, sample.sample_index, sample.seed)

    def _add(self, problem_id: str, index: int, seed: int | None) -> None:
        bit = 1 << index
        if self._here.get(problem_id, 0) & bit:
            self._doubled.setdefault(self._name, []).append((problem_id, index))
        elif self._masks[problem_id] & bit:
            self.twice += 1
        self._here[problem_id] = self._here.get(problem_id, 0) | bit
        self._masks[problem_id] |= bit
        if not self._seeded or seed is None:
            return
        if self._offsets.setdefault(problem_id, seed - index) != seed - index:
            self._bad_seeds.append((problem_id, index))

    def report(self, damage: Issues) -> None:
        """Says what is wrong over all files."""
        for name, ids in self._foreign.items():
            damage.add(name, f"samples of problems that are not there: {_some(ids)}.", REPAIR)
        for name in sorted(self._misplaced):
            damage.add(name, "its rows are not in the pool's order.", REPAIR)
        for name, keys in self._doubled.items():
            damage.add(name, f"doubled: {named(keys)}.", REPAIR)
        if self._bad_seeds:
            damage.add(
                "samples",
                f"seeds that do not follow from the problem's others: {named(self._bad_seeds)}.",
                "They are of another run; remove the pool, or go on knowing it.",
            )


def named(keys: list[tuple[str, int]]) -> str:
    """Some keys for a message."""
    shown = ", ".join(f"{problem_id}/{index}" for problem_id, index in keys[:_SHOWN])
    return shown if len(keys) <= _SHOWN else f"{shown}, … ({len(keys):,} in all)"


def _some(ids: set[str]) -> str:
    shown = sorted(ids)
    more = f", … ({len(shown):,} in all)" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more
