"""Tables of where the time went and where everything came from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from harness.report.blocks import Cell, Table
from harness.report.numbers import NONE, count, percent, seconds_text
from harness.report.schema import Report


def time_table(report: Report) -> Table:
    """Wall-clock time per stage."""
    timings = report.timings
    rows = [
        [
            Cell(stage.stage),
            Cell(count(stage.times)),
            Cell(seconds_text(stage.seconds)),
            Cell(_share(stage.seconds, timings.total_seconds)),
        ]
        for stage in timings.stages
    ]
    rows.append([Cell("total"), Cell(""), Cell(seconds_text(timings.total_seconds)), Cell("")])
    note = (
        "Wall-clock time of finished stages, summed over the times that each was done. Stages "
        "that were interrupted, the making of engine environments and this report are not in it."
    )
    return Table("Time per stage", ("stage", "times", "time", "share"), rows, note=note)


def _share(part: float, whole: float) -> str:
    return percent(part / whole) if whole > 0 else NONE


def cell_time_table(report: Report) -> Table:
    """Seconds per finetuning."""
    rows = [
        [Cell(name), Cell(seconds_text(seconds))] for name, seconds in report.timings.cells.items()
    ]
    return Table("Time per cell", ("cell", "time"), rows)


def version_table(report: Report) -> Table:
    """Versions, seeds and decoding."""
    provenance = report.provenance
    rows = [[Cell(name), Cell(text)] for name, text in provenance.versions.items()]
    rows += [
        [Cell(f"seed: {name}"), Cell(_shown(value))] for name, value in _flat(provenance.seeds)
    ]
    rows += [
        [Cell(f"decoding: {name}"), Cell(_shown(value))]
        for name, value in _flat(provenance.decoding)
    ]
    if provenance.created:
        rows.append([Cell("run made"), Cell(provenance.created)])
    return Table("Versions, seeds and decoding", ("what", "value"), rows, text_columns=2)


def digest_table(report: Report) -> Table:
    """SHA-256 of the experiment, the pools and the arms."""
    digests = report.provenance.digests
    rows = [[Cell("recipe (experiment)"), Cell(digests.recipe)]]
    if report.problems.train_digest:
        rows.append([Cell("training problems (sorted ids)"), Cell(report.problems.train_digest)])
    rows += [[Cell(f"pools/{name}/"), Cell(one)] for name, one in digests.pools.items()]
    rows += [[Cell(f"arms/{name}/train.parquet"), Cell(one)] for name, one in digests.arms.items()]
    return Table("Digests (SHA-256)", ("what", "digest"), rows, text_columns=2)


def pool_identity_table(report: Report) -> Table:
    """What each pool was drawn from and how, key by key."""
    identities = {side: dict(_flat(pool.identity)) for side, pool in report.pools.items()}
    keys = dict.fromkeys(key for identity in identities.values() for key in identity)
    rows = [
        [
            Cell(key),
            *(Cell(_shown(one[key]) if key in one else NONE) for one in identities.values()),
        ]
        for key in keys
    ]
    headers = ("key", *(side.upper() for side in identities))
    return Table("What the pools were drawn from", headers, rows, text_columns=len(headers))


def _flat(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _shown(value: Any) -> str:
    if value is None:
        return NONE
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
