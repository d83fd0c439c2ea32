"""`harness pool export`: a pool as JSON lines or as a data set."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.output import emit, json_option


@click.command(short_help="Write a pool as files that others read.")
@click.argument("pool", metavar="POOL", type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="The folder of the files.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["jsonl", "parquet"]),
    default="jsonl",
    show_default=True,
    help="JSON lines that `harness pool import` reads back, or a data set for `load_dataset`.",
)
@click.option(
    "--verdicts",
    "graders",
    metavar="GRADER",
    multiple=True,
    help="Join a grader's verdicts to the samples, as columns GRADER_outcome and so on.",
)
@click.option("--force", is_flag=True, help="Replace an older export in FOLDER.")
@json_option
def export(
    pool: Path, out: Path, kind: str, graders: tuple[str, ...], force: bool, as_json: bool
) -> None:
    """Write a pool as files that others read; the pool stays as it is.

    \b
    harness pool export runs/w2s-micro/pools/wc --out wc-samples
    harness pool export runs/w2s-micro/pools/wc --out wc-data --format parquet --verdicts answer
    """
    from harness.interchange.exporting import ExportRequest, export_pool
    from harness.progress import Progress

    request = ExportRequest(pool, out, "jsonl" if kind == "jsonl" else "parquet", graders, force)
    manifest = export_pool(request, Progress())
    text = (
        f"{manifest['samples']:>10,} samples of {manifest['problems']:,} problems\n"
        f"in {out}, digest {manifest['digest']}"
    )
    emit({"out": str(out), **manifest}, text, as_json)
