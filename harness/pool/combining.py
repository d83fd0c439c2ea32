"""One pool out of several that were drawn apart: shards of a cluster, halves of a budget.

Pools of one origin (model, decoding, prompt, engine, seed) may be put together, whether they
hold other samples of the same problems or other problems. Samples that both hold must be equal.
"""

from __future__ import annotations

import heapq
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness.errors import InputError, Issues
from harness.pool.draw_file import read_draw, write_draw
from harness.pool.identity import differences
from harness.pool.pool import Pool
from harness.pool.verdicts import graders_of
from harness.problems import Problem, digest_of_problems

_OWN = "problems"


def merge_pools(folders: Sequence[Path], out: Path) -> Pool:
    """Makes the union of pools in a new folder; the sources stay as they are.

    Args:
        folders: the pools; the order of their problems is kept, the first pool's first.
        out: the new pool's folder.

    Returns:
        The new pool, compacted.

    Raises:
        InputError: the pools are of different origins (every key that differs is named), two
            samples of one key differ, or `out` is there.
        EnvironmentFailure: the disk is full; nothing of `out` is left.
    """
    if out.exists():
        raise InputError(f"{out} is there already.", "Choose another folder for the union.")
    if any(out.resolve().is_relative_to(folder.resolve()) for folder in folders):
        raise InputError(f"{out} lies in one of the pools.", "Choose a folder outside of them.")
    pools = [Pool.open(folder) for folder in folders]
    _refuse_other_origins(pools)
    problems = list({one.id: one for pool in pools for one in pool.problems}.values())
    identity = _common_identity(pools[0].identity, problems)
    making = out.with_name(f".{out.name}.merging")
    shutil.rmtree(making, ignore_errors=True)
    try:
        with Pool.open_or_create(making, identity, problems) as merged:
            _fill(merged, pools)
        making.rename(out)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return Pool.open(out)


def _fill(merged: Pool, pools: Sequence[Pool]) -> None:
    ledger = heapq.merge(*(pool.ledger() for pool in pools), key=lambda line: line.finished_at)
    merged.add_tables((table for pool in pools for table in pool.batches()), ledger)
    merged.compact()
    failures = dict.fromkeys(one for pool in pools for one in pool.failures())
    for failure in failures:
        merged.record_failure(failure)
    draws = [draw for pool in pools if (draw := read_draw(pool.folder)) is not None]
    if draws:
        most = max(draw["samples_per_problem"] for draw in draws)
        write_draw(merged.folder, {**draws[0], "samples_per_problem": most})
    _merge_verdicts(merged, pools)


def _merge_verdicts(merged: Pool, pools: Sequence[Pool]) -> None:
    """Keeps the verdicts of graders that have seen every pool with the same settings."""
    for grader in graders_of(pools[0].folder):
        identities = [dict(pool.grader_identity(grader) or {}) for pool in pools]
        settings = [{**one, "samples": None} for one in identities]
        if any(one != settings[0] for one in settings):
            continue
        if any(
            one.get("samples") != pool.digest() for one, pool in zip(identities, pools, strict=True)
        ):
            continue
        rows = pa.concat_tables([pool.verdicts(grader) for pool in pools])
        keys = rows.group_by(["problem_id", "sample_index"], use_threads=False)
        first = keys.aggregate([(name, "first") for name in rows.column_names[2:]])
        named = first.rename_columns([name.removesuffix("_first") for name in first.column_names])
        merged.write_verdicts(grader, named, {**settings[0], "samples": merged.digest()})


def _refuse_other_origins(pools: Sequence[Pool]) -> None:
    issues = Issues()
    first = pools[0]
    for pool in pools[1:]:
        for issue in differences(_origin(first), _origin(pool)):
            issues.add(f"{pool.folder}: {issue.where}", issue.message)
    issues.raise_if_any(f"pools of different origins cannot be one pool; against {first.folder}:")


def _origin(pool: Pool) -> dict[str, Any]:
    return {key: value for key, value in pool.identity.items() if key != _OWN}


def _common_identity(identity: Mapping[str, Any], problems: Sequence[Problem]) -> dict[str, Any]:
    if _OWN not in identity:
        return dict(identity)
    return {**identity, _OWN: digest_of_problems(problems)}
