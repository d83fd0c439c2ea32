"""`harness pool merge`: pools that were drawn apart become one."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.output import emit, json_option


@click.command(short_help="Make one pool of several of one origin.")
@click.argument(
    "pools", metavar="POOL...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--out", required=True, metavar="POOL", type=click.Path(path_type=Path), help="A new folder."
)
@json_option
def merge(pools: tuple[Path, ...], out: Path, as_json: bool) -> None:
    """Make the union of pools: shards of the problems, parts of the samples, or both.

    The pools must be of one origin: model, decoding, prompt, engine and seed. Samples that
    several of them hold must be equal. The sources stay as they are.

    \b
    harness pool merge shard-1 shard-2 shard-3 --out pool
    """
    from harness.pool.combining import merge_pools

    union = merge_pools(pools, out)
    document = {
        "pool": str(out),
        "pools": [str(pool) for pool in pools],
        "problems": len(union.problems),
        "samples": len(union),
        "digest": union.digest(),
    }
    text = f"{len(union):,} samples of {len(union.problems):,} problems in {out}"
    emit(document, text, as_json)
