"""Opens what is compared: both pools, their verdicts, cards and token counts, paired by problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.comparison.problem_sets import Pairing, SideProblems, paired_problems
from harness.errors import InputError, unknown_name
from harness.pool import Pool
from harness.pool.draw_file import read_draw
from harness.pool.identity import differences
from harness.recipe import SIDES, ModelCard, Side

# What was graded stands in a grader's identity beside how it was graded.
_OF_THE_SAMPLES = {"samples"}


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


def open_pools(
    folders: Mapping[Side, Path], cards: Mapping[Side, str | None], grader: str
) -> dict[Side, OpenedPool]:
    """Both pools, graded throughout by one and the same grader.

    Args:
        folders: where they lie.
        cards: the name or the file of a card that takes the place of the pool's own.
        grader: whose verdicts are read.

    Raises:
        InputError: a pool or a card is not there, or the verdicts are missing, incomplete or of
            different graders.
    """
    opened: dict[Side, OpenedPool] = {}
    for side in SIDES:
        pool = Pool.open(folders[side])
        opened[side] = OpenedPool(pool, _card(pool, cards[side]), _graded_by(pool, grader))
    _check_graders(opened, grader)
    return opened


def pairing_of(opened: Mapping[Side, OpenedPool], *, intersection: bool) -> Pairing:
    """The problems that are compared; see `paired_problems`."""
    return paired_problems(
        {side: _side_problems(opened[side]) for side in SIDES}, intersection=intersection
    )


def _side_problems(one: OpenedPool) -> SideProblems:
    refused = {failure.problem_id for failure in one.pool.failures()}
    counts = one.pool.counts()
    return SideProblems(
        one.place,
        list(counts),
        {problem.id: problem.external_id or problem.id for problem in one.pool.problems},
        {problem for problem, count in counts.items() if not count and problem not in refused},
    )


def _card(pool: Pool, name: str | None) -> ModelCard | None:
    from harness.interchange.origin import find_generator
    from harness.recipe.catalogue import card_names

    if name is not None:
        generator = find_generator(name)
        if generator.card is None:
            raise InputError(unknown_name("model card", name, card_names()))
        return generator.card
    draw = read_draw(pool.folder)
    kept = draw["model"] if draw is not None else pool.identity.get("model_card")
    if kept is not None:
        return ModelCard.model_validate(kept, strict=False)
    model = (pool.identity.get("model") or {}).get("id")
    return find_generator(model).card if isinstance(model, str) and model else None


def _graded_by(pool: Pool, grader: str) -> dict[str, Any]:
    graded = pool.verdicts(grader).num_rows
    if graded != len(pool):
        raise InputError(
            f"{pool.folder} holds {len(pool):,} samples, and {graded:,} verdicts of the grader "
            f"{grader!r}.",
            f"Grade the new samples: harness grade {pool.folder} --grader {grader}",
        )
    identity = pool.grader_identity(grader) or {}
    return {key: value for key, value in identity.items() if key not in _OF_THE_SAMPLES}


def _check_graders(opened: Mapping[Side, OpenedPool], grader: str) -> None:
    issues = differences(opened["wc"].grader, opened["se"].grader, ("WC has", "SE has"))
    if issues:
        raise InputError(
            f"the verdicts of {grader!r} in {opened['wc'].place} (WC) and {opened['se'].place} "
            "(SE) are of different graders or settings, so a difference could be theirs:",
            "Grade both pools alike: harness grade POOL --format NAME [--options KEY=VALUE].",
            issues,
        )
