"""`harness pool verify`: is a pool what was written, and what of it can be kept if not?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.output import emit, json_option
from harness.errors import CheckFailed, Issues

if TYPE_CHECKING:
    from harness.pool.inspection import Inspection
    from harness.pool.repair import Repair


@click.command(short_help="Find every damage of a pool, and repair it.")
@click.argument("pool", type=click.Path(path_type=Path))
@click.option("--repair", is_flag=True, help="Keep all that is sound; put the rest aside.")
@json_option
def verify(pool: Path, repair: bool, as_json: bool) -> None:
    """Read every byte of a pool and say all that is wrong with it.

    Torn and changed lines, missing and doubled samples, samples of foreign problems, files that
    are cut short or not what their records say. The exit status is 1 if there is damage. With
    --repair damaged files move to POOL/damaged/, every sound sample stays, and what was lost is
    drawn again by `harness pool extend` or by the run.
    """
    from harness.pool.inspection import inspect_pool
    from harness.pool.repair import repair_pool

    if repair:
        repaired = repair_pool(pool)
        emit(_repair_document(pool, repaired), _repair_text(pool, repaired), as_json)
        return
    found = inspect_pool(pool)
    text = _text(pool, found)
    emit(_document(pool, found), text, as_json)
    if found.damage:
        raise CheckFailed(
            f"{pool} is damaged ({len(found.damage)} findings).",
            f"`harness pool verify {pool} --repair` keeps all that is sound.",
        )


def _document(pool: Path, found: Inspection) -> dict[str, Any]:
    return {
        "pool": str(pool),
        "sound": not found.damage,
        "samples": found.samples,
        "lost": sum(mask.bit_count() for mask in found.lost.values()),
        "damage": _rows(found.damage),
        "notes": _rows(found.notes),
    }


def _text(pool: Path, found: Inspection) -> str:
    lines = [f"damage: {issue}" for issue in found.damage]
    lines += [f"note: {issue}" for issue in found.notes]
    if found.order is None:
        return "\n".join([*lines, f"{pool}: nothing else was looked at"])
    lines.append(
        f"{pool}: {found.samples:,} sound samples" + ("" if found.damage else ", no damage")
    )
    return "\n".join(lines)


def _repair_document(pool: Path, repaired: Repair) -> dict[str, Any]:
    return {
        **_document(pool, repaired.before),
        "repaired": True,
        "samples": repaired.samples,
        "lost": repaired.lost,
        "aside": None if repaired.aside is None else str(repaired.aside),
    }


def _repair_text(pool: Path, repaired: Repair) -> str:
    lines = [f"was damaged: {issue}" for issue in repaired.before.damage]
    lines.append(f"{pool}: {repaired.samples:,} samples are kept, {repaired.lost:,} are lost")
    if repaired.lost:
        lines.append("What is lost is drawn again: harness pool extend, or the run's own command.")
    if repaired.aside is not None:
        lines.append(f"Damaged files lie in {repaired.aside}")
    return "\n".join(lines)


def _rows(issues: Issues) -> list[dict[str, str]]:
    return [
        {"where": issue.where, "message": issue.message, "advice": issue.advice} for issue in issues
    ]
