"""Opens what is compared: both pools, their verdicts, cards and token counts, paired by problem."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.comparison.problem_sets import Pairing, SideProblems, paired_problems
from harness.errors import InputError, Refusals
from harness.pool import Pool
from harness.pool.draw_file import read_draw
from harness.pool.identity import IDENTITY_FILE, differences
from harness.pool.verdicts import graders_of
from harness.recipe import SIDES, ModelCard, Side

# What was graded stands in a grader's identity beside how it was graded.
_OF_THE_SAMPLES = {"samples"}
_CHAIN = "chain"
_SHOWN = 8
Grouping = Literal["level", "subject"]
INCOMPARABLE = "these pools cannot be compared:"


@dataclass(frozen=True)
class OpenedPool:
    """One side of a comparison.

    Attributes:
        pool: the pool.
        card: the model's card, if there is one.
        grader: the identity of the grader whose verdicts it has.
    """

    pool: Pool
    card: ModelCard | None
    grader: Mapping[str, Any]

    @property
    def place(self) -> str:
        """The pool, as the user named it."""
        return str(self.pool.folder)

    @property
    def model(self) -> str:
        """The model that its samples are from."""
        return str((self.pool.identity.get("model") or {}).get("id") or "unknown")

    @property
    def has_chains(self) -> bool:
        """Whether the exact verifier judged the chain of every sample, for false positives."""
        judged = _CHAIN in graders_of(self.pool.folder)
        return judged and self.pool.verdicts(_CHAIN).num_rows == len(self.pool)

    @property
    def is_imported(self) -> bool:
        """Whether its samples were drawn elsewhere, so that nobody knows which ran side by side."""
        from harness.interchange.origin import is_imported

        return is_imported(self.pool.identity)

    @property
    def gpus_of_a_server(self) -> int:
        """GPUs on which each of the servers that drew it ran one copy of the model."""
        return int((self.pool.identity.get("engine") or {}).get("tensor_parallel_size") or 1)


def open_pools(
    folders: Mapping[Side, Path],
    cards: Mapping[Side, str | None],
    grader: str,
    refusals: Refusals | None = None,
) -> dict[Side, OpenedPool]:
    """Both pools, graded throughout.

    Args:
        folders: where they lie.
        cards: the name or the file of a card that takes the place of the pool's own.
        grader: whose verdicts are read.
        refusals: what was refused before, told together with what is refused here.

    Raises:
        InputError: a pool or a card is not there, or the verdicts are missing or incomplete; of
            both sides.
    """
    refusals = Refusals() if refusals is None else refusals
    before = len(refusals)
    opened: dict[Side, OpenedPool] = {}
    for side in SIDES:
        pool, card, grading = None, None, {}
        with refusals.noted():
            pool = _pool_in(folders[side])
        with refusals.noted():
            card = _card(side, cards[side], pool)
        if pool is not None:
            with refusals.noted():
                grading = graded_by(pool, grader)
            opened[side] = OpenedPool(pool, card, grading)
    if len(refusals) > before:
        refusals.raise_if_any(INCOMPARABLE)
    return opened


def check_groups(opened: Mapping[Side, OpenedPool], by: Grouping) -> None:
    """Refuses to group problems by what none of them has in either pool.

    Raises:
        InputError: no problem has a level, or a subject.
    """
    if not any(getattr(problem, by) for one in opened.values() for problem in one.pool.problems):
        raise InputError(
            f"no problem has a {by}, so nothing can be shown by {by}.",
            f"Import the pools with problems that have `{by}`, or leave --by out.",
        )


def pairing_of(
    opened: Mapping[Side, OpenedPool],
    grader: str,
    refusals: Refusals | None = None,
    *,
    intersection: bool,
) -> Pairing:
    """The problems that are compared; see `paired_problems`.

    Args:
        opened: both pools.
        grader: whose verdicts are read.
        refusals: what was refused before, told together with what is refused here.
        intersection: whether to leave out problems that only one pool answers.

    Raises:
        InputError: the verdicts are of different graders or settings, or the problems cannot be
            paired.
    """
    refusals = Refusals() if refusals is None else refusals
    before = len(refusals)
    with refusals.noted():
        check_graders(opened, grader)
    with refusals.noted():
        pairing = paired_problems(
            {side: _side_problems(opened[side]) for side in SIDES}, intersection=intersection
        )
    if len(refusals) > before:
        refusals.raise_if_any(INCOMPARABLE)
    return pairing


def _pool_in(folder: Path) -> Pool:
    """The pool in a folder.

    Raises:
        InputError: there is none that can be read; names those of a run.
    """
    for owner, pattern in (("a run", "pools/*"), ("several pools", "*")):
        pools = sorted(one.parent for one in folder.glob(f"{pattern}/{IDENTITY_FILE}"))
        if pools and not (folder / IDENTITY_FILE).exists():
            raise InputError(
                f"{folder} is the folder of {owner}, not of a pool.",
                f"Give one of its pools: {', '.join(map(str, pools[:_SHOWN]))}"
                f"{', …' if len(pools) > _SHOWN else ''}.",
            )
    return Pool.open(folder)


def _side_problems(one: OpenedPool) -> SideProblems:
    refused = {failure.problem_id for failure in one.pool.failures()}
    counts = one.pool.counts()
    return SideProblems(
        one.place,
        list(counts),
        {problem.id: problem.external_id or problem.id for problem in one.pool.problems},
        {problem for problem, count in counts.items() if not count and problem not in refused},
    )


def _card(side: Side, name: str | None, pool: Pool | None) -> ModelCard | None:
    """The card that was named, else the pool's own, else one that is known by the model's id."""
    from harness.interchange.origin import find_generator
    from harness.recipe.catalogue import card_names, unknown_card

    if name is not None:
        option = f"--{side}-card"
        if not name.strip():
            raise InputError(f"{option} is empty; expected the name or the file of a model card.")
        card = find_generator(name).card
        if card is None:
            raise InputError(f"{option}: {unknown_card(name, card_names())}")
        return card
    if pool is None:
        return None
    draw = read_draw(pool.folder)
    kept = draw["model"] if draw is not None else pool.identity.get("model_card")
    if kept is not None:
        return ModelCard.model_validate(kept, strict=False)
    model = (pool.identity.get("model") or {}).get("id")
    return find_generator(model).card if isinstance(model, str) and model else None


def graded_by(pool: Pool, grader: str) -> dict[str, Any]:
    """The identity of the grader of all samples of a pool.

    Raises:
        InputError: its verdicts are not there, or not of all samples.
    """
    from harness.grading.pool_graders import grader_kind

    command = f"harness grade {pool.folder} --grader {grader}"
    others = graders_of(pool.folder)
    if grader not in others:
        has = f"; it has those of {' and '.join(others)} (--grader)" if others else ""
        form = " --format NAME" if grader_kind(grader).comparison else ""
        raise InputError(
            f"{pool.folder} has no verdicts of the grader {grader!r}{has}.",
            f"Grade it first: {command}{form}",
        )
    graded = pool.verdicts(grader).num_rows
    if graded != len(pool):
        raise InputError(
            f"{pool.folder} holds {len(pool):,} samples, and {graded:,} verdicts of the grader "
            f"{grader!r}.",
            f"Grade the new samples: {command}",
        )
    identity = pool.grader_identity(grader) or {}
    return {key: value for key, value in identity.items() if key not in _OF_THE_SAMPLES}


def check_graders(opened: Mapping[Side, OpenedPool], grader: str) -> None:
    """Refuses verdicts of different graders or settings."""
    wc, se = opened["wc"], opened["se"]
    issues = list(differences(wc.grader, se.grader, ("WC has", "SE has")))
    if issues:
        raise InputError(
            f"the verdicts of {grader!r} in {wc.place} (WC) and {se.place} (SE) are of different "
            "graders or settings, so a difference could be theirs:",
            f"Grade both alike, as in: {_command_of(*_newer_first(wc, se), grader)}",
            issues,
        )


def _newer_first(wc: OpenedPool, se: OpenedPool) -> tuple[OpenedPool, OpenedPool]:
    """The pools, that of the older grader last: grading again brings nothing but the newer one."""
    older = _version_of(wc) < _version_of(se)
    return (se, wc) if older else (wc, se)


def _version_of(one: OpenedPool) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(one.grader.get("version")))]


def _command_of(alike: OpenedPool, other: OpenedPool, grader: str) -> str:
    """How to grade `other` as `alike` was."""
    command = f"harness grade {other.place} --grader {grader}"
    if form := alike.grader.get("format"):
        command += f" --format {form}"
    ours, theirs = (dict(one.grader.get("options") or {}) for one in (alike, other))
    changed = [f"{key}={_option(value)}" for key, value in ours.items() if theirs.get(key) != value]
    return command + (f" --options {','.join(changed)}" if changed else "")


def _option(value: Any) -> str:
    return json.dumps(value) if not isinstance(value, str) else value
