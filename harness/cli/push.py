"""`harness push`: the arms as a data set, in a folder or on the Hub."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.output import emit, json_option


@click.command(short_help="Publish the arms to the Hub or to a folder.")
@click.argument("run_path", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the data set goes; RUN/publication by default.",
)
@click.option(
    "--repository",
    metavar="ORG/NAME",
    help="A data set of the Hub to upload to; the recipe's publication.repository by default.",
)
@json_option
def push(run_path: Path, folder: Path | None, repository: str | None, as_json: bool) -> None:
    """Lay the arms out as a data set that `load_dataset` reads, and upload it if asked.

    \b
    harness push runs/w2s-micro --folder my-data          a folder
    harness push runs/w2s-micro --repository ORG/NAME     the Hub
    """
    from harness.hub.stage import push as publish
    from harness.locks import held
    from harness.pipeline.opening import open_run
    from harness.progress import Progress

    run = open_run(run_path)
    with held(run.path, "the run"):
        document = publish(run, Progress(), folder=folder, repository=repository)
    lines = [f"{rows:>8,} rows  {name}" for name, rows in document["rows"].items()]
    lines.append(f"in {document['folder']}")
    if document["hub"]:
        what = "uploaded" if document["hub"]["changed"] else "unchanged"
        lines.append(f"{what}: {document['hub']['url']} at {document['hub']['commit']}")
    emit(document, "\n".join(lines), as_json)
