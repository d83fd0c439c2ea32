"""The level or subject of each compared problem, and what to say where the pools disagree on it.

Pools of one and the same problems may name them differently, since neither is part of what a
problem's id is made of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.comparison.estimates import Arrays
from harness.comparison.opening import Grouping, OpenedPool
from harness.recipe import SIDES, Side


@dataclass(frozen=True)
class Groups:
    """The level or subject of each problem that is compared.

    Attributes:
        by: which of the two.
        labels: per side, (problems,) what its pool says; "" where it says nothing.
    """

    by: Grouping
    labels: Mapping[Side, Sequence[str]]

    @property
    def names(self) -> list[str]:
        """(problems,) the group of each: as WC has it, or as SE has it where WC has none."""
        return [wc or se for wc, se in zip(*self._both, strict=True)]

    @property
    def contradictions(self) -> list[int]:
        """The positions of the problems that the two pools give different groups."""
        pairs = enumerate(zip(*self._both, strict=True))
        return [place for place, (wc, se) in pairs if wc and se and wc != se]

    @property
    def _both(self) -> list[Sequence[str]]:
        return [self.labels[side] for side in SIDES]


def groups_of(arrays: Mapping[Side, Arrays], by: Grouping) -> Groups:
    """The groups of both sides' problems, which are the same in the same order."""
    sides = {
        side: arrays[side].levels if by == "level" else arrays[side].subjects for side in SIDES
    }
    return Groups(by, sides)


def group_notes(opened: Mapping[Side, OpenedPool], ids: Sequence[str], groups: Groups) -> list[str]:
    """What the groups leave out, and where the pools contradict each other.

    Args:
        opened: both pools.
        ids: of the problems that are compared.
        groups: of these problems.
    """
    return [*_contradictions(opened, ids, groups), *_left_out(opened, groups)]


def _contradictions(
    opened: Mapping[Side, OpenedPool], ids: Sequence[str], groups: Groups
) -> Iterator[str]:
    if not (places := groups.contradictions):
        return
    names = {one.id: one.external_id or one.id for one in opened["wc"].pool.problems}
    first = places[0]
    said = " and ".join(f"{groups.labels[side][first]!r} in {side.upper()}" for side in SIDES)
    plural = "s" if len(ids) != 1 else ""
    yield (
        f"the pools disagree on the {groups.by} of {len(places):,} of {len(ids):,} problem{plural} "
        f"(that of {names[ids[first]]} is {said}); shown is by that of WC. Pools that are imported "
        "with one and the same problems file agree."
    )


def _left_out(opened: Mapping[Side, OpenedPool], groups: Groups) -> Iterator[str]:
    """Levels or subjects of the pools that no compared problem has in either of them."""
    named = {getattr(one, groups.by) for side in SIDES for one in opened[side].pool.problems}
    shown = {label for side in SIDES for label in groups.labels[side]}
    if missing := sorted(named - shown - {""}):
        yield f"no problem that both pools answer is of {groups.by} {', '.join(missing)}."
