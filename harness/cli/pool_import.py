"""`harness pool import`: samples that were drawn elsewhere become a pool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.output import emit, json_option

if TYPE_CHECKING:
    from harness.interchange.importing import Imported

_DATA_SET_KEYS = ("split", "config", "revision")


@click.command(name="import", short_help="Make a pool of samples from elsewhere.")
@click.argument("samples", metavar="SAMPLES...", nargs=-1, required=True)
@click.option(
    "--problems",
    metavar="PROBLEMS",
    help="JSON lines or a data set with question (may be null), gold, and if there are any "
    "external_id, level, subject, solution. Not needed for lm-eval.",
)
@click.option(
    "--model",
    required=True,
    metavar="NAME_OR_CARD",
    help="Who generated the samples: a model card, its file, or any other name.",
)
@click.option(
    "--out",
    required=True,
    metavar="POOL",
    type=click.Path(path_type=Path),
    help="The pool's folder. One that is there gets what it lacks.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["jsonl", "lm-eval", "datasets"]),
    help="What SAMPLES are; found out by default. A Hub id needs `datasets`.",
)
@click.option(
    "--columns",
    metavar="NAME=COLUMN",
    multiple=True,
    help="Where SAMPLES keep something under another name, as in completion=response.",
)
@click.option(
    "--problem-columns",
    metavar="NAME=COLUMN",
    multiple=True,
    help="The same for PROBLEMS, as in gold=answer.",
)
@click.option(
    "--gold-format",
    type=click.Choice(["plain", "hash", "boxed"]),
    default="plain",
    show_default=True,
    help="How the gold answer stands in `gold`: alone, behind ####, or in the last \\boxed{}.",
)
@click.option("--split", help="Split of the data set SAMPLES.")
@click.option("--config", help="Configuration of the data set SAMPLES.")
@click.option("--revision", help="Commit of the data set SAMPLES on the Hub.")
@click.option("--problems-split", help="Split of the data set PROBLEMS.")
@click.option("--problems-config", help="Configuration of the data set PROBLEMS.")
@click.option("--problems-revision", help="Commit of the data set PROBLEMS on the Hub.")
@click.option("--temperature", type=click.FloatRange(min=0), help="Recorded with the pool.")
@click.option("--top-k", type=click.IntRange(min=1), help="Recorded with the pool.")
@click.option(
    "--top-p", type=click.FloatRange(min=0, max=1, min_open=True), help="Recorded with the pool."
)
@click.option("--max-tokens", type=click.IntRange(min=1), help="Recorded with the pool.")
@click.option(
    "--first-index",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Where the numbering of samples without a sample_index begins.",
)
@click.option("--skip-bad", is_flag=True, help="Leave bad rows out instead of refusing them all.")
@json_option
def import_(out: Path, as_json: bool, **options: Any) -> None:
    """Make a pool of samples that were drawn elsewhere, or add them to one.

    SAMPLES are JSON lines (plain or gzip) with problem_id and completion, and if there are any
    sample_index, prompt_tokens, completion_tokens, cached_tokens, finish_reason, seed; or
    lm-eval's samples_*.jsonl; or data sets. A problem_id is an id of the problem or its question;
    a list of completions is a sample each. Every row is checked before any is kept.

    \b
    harness pool import samples.jsonl --problems problems.jsonl --model gemma-2-9b --out pool
    harness pool import file.jsonl --problems file.jsonl --problem-columns gold=answer \\
        --columns problem_id=question --columns completion=outputs --model NAME --out pool
    harness pool import samples_gsm8k_2025.jsonl --model ORG/NAME --out pool
    harness pool import ORG/NAME --format datasets --split train --columns problem_id=id \\
        --columns completion=generations --problems ORG/NAME --model NAME --out pool
    """
    from harness.interchange.data_sets import DataSetName
    from harness.interchange.importing import import_samples
    from harness.interchange.origin import KnownDecoding
    from harness.interchange.request import ImportRequest
    from harness.progress import Progress

    def data_set(path: str, prefix: str = "") -> DataSetName:
        return DataSetName(path, *(options[prefix + key] for key in _DATA_SET_KEYS))

    decoding = (options[key] for key in ("temperature", "top_k", "top_p", "max_tokens"))
    imported = import_samples(
        ImportRequest(
            samples=tuple(map(data_set, options["samples"])),
            problems=options["problems"] and data_set(options["problems"], "problems_"),
            model=options["model"],
            out=out,
            format=options["kind"],
            columns=options["columns"],
            problem_columns=options["problem_columns"],
            gold_format=options["gold_format"],
            decoding=KnownDecoding(*decoding),
            first_index=options["first_index"],
            skip_bad=options["skip_bad"],
        ),
        Progress(),
    )
    for note in imported.notes:
        click.echo(f"note: {note}", err=True)
    for issue in imported.skipped.issues():
        click.echo(f"skipped: {issue}", err=True)
    emit(_document(imported, out), _text(imported, out), as_json)


def _document(imported: Imported, out: Path) -> dict[str, Any]:
    return {
        "pool": str(out),
        "samples": imported.samples,
        "added": imported.added,
        "already_there": imported.already_there,
        "problems": imported.problems,
        "problems_without_samples": imported.without_samples,
        "skipped": imported.skipped.document(),
        "notes": imported.notes,
        "seconds": round(imported.seconds, 3),
    }


def _text(imported: Imported, out: Path) -> str:
    lines = [
        f"{imported.added:>10,} samples added to {out} in {imported.seconds:.1f} s",
        f"{imported.samples:>10,} samples there now, of {imported.problems:,} problems",
    ]
    if imported.already_there:
        lines.append(f"{imported.already_there:>10,} samples were there already")
    if imported.without_samples:
        lines.append(f"{imported.without_samples:>10,} problems have no samples")
    if len(imported.skipped):
        lines.append(f"{len(imported.skipped):>10,} bad rows left out")
    return "\n".join(lines)
