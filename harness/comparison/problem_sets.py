"""The problems that two pools are compared on; a comparison is paired, so they must be the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from harness.errors import InputError, Issues
from harness.recipe import SIDES, Side

_SHOWN = 3


@dataclass(frozen=True)
class SideProblems:
    """What one pool offers for pairing.

    Attributes:
        place: the pool, as the user named it.
        ids: its problems, in its order.
        names: how to show a problem to people, by id.
        undrawn: problems that have neither samples nor a refusal of the engine.
    """

    place: str
    ids: Sequence[str]
    names: Mapping[str, str]
    undrawn: Set[str]


@dataclass(frozen=True)
class Pairing:
    """The problems that are compared, and how many were left out.

    Attributes:
        ids: in the order of the WC pool.
        left_out: per side, problems of its pool that are not compared.
    """

    ids: tuple[str, ...]
    left_out: Mapping[Side, int]


def paired_problems(sides: Mapping[Side, SideProblems], *, intersection: bool) -> Pairing:
    """The problems that both pools answer.

    Args:
        sides: both pools.
        intersection: compare on the problems that both pools have samples of; without it every
            problem must be in both pools, drawn.

    Raises:
        InputError: the pools are over different problems or lack samples of some, and
            `intersection` is not set; or nothing is common to them.
    """
    usable = {side: set(sides[side].ids) - sides[side].undrawn for side in SIDES}
    common = usable["wc"] & usable["se"]
    if not common:
        raise InputError(
            f"{sides['wc'].place} and {sides['se'].place} have no drawn problem in common, so "
            "nothing can be paired.",
            "A problem's id is a hash of its question and gold answer (of its external id, where "
            "the question is not known): import both pools with one and the same problems file.",
        )
    issues = list(_differences(sides))
    if issues and not intersection:
        raise InputError(
            f"a comparison is paired by problem, and {sides['wc'].place} and "
            f"{sides['se'].place} do not answer the same problems:",
            f"Add --intersection to compare on the {len(common):,} problems that both have "
            "samples of, or draw or import what is missing.",
            issues,
        )
    return Pairing(
        tuple(one for one in sides["wc"].ids if one in common),
        {side: len(sides[side].ids) - len(common) for side in SIDES},
    )


def _differences(sides: Mapping[Side, SideProblems]) -> Issues:
    issues = Issues()
    for side in SIDES:
        here, there = sides[side], sides["se" if side == "wc" else "wc"]
        known = set(there.ids)
        if alone := [one for one in here.ids if one not in known]:
            issues.add(here.place, f"{_some(here, alone)} in this pool only")
        if undrawn := [one for one in here.ids if one in here.undrawn]:
            issues.add(here.place, f"{_some(here, undrawn)} without a sample")
    return issues


def _some(side: SideProblems, ids: Sequence[str]) -> str:
    shown = ", ".join(side.names.get(one, one) for one in ids[:_SHOWN])
    more = ", …" if len(ids) > _SHOWN else ""
    plural = "s" if len(ids) != 1 else ""
    return f"{len(ids):,} of {len(side.ids):,} problem{plural} ({shown}{more})"
