"""`harness micro`: the embedded problems, their exact verifier, and the models' rebuild."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import click

from harness.cli.output import emit, json_option


@click.group(short_help="The embedded models and problems.")
def micro() -> None:
    """The embedded pair: problems with an exact verifier, and four small models."""


@micro.command()
@click.option("--split", default="test", show_default=True, help="train, validation or test.")
@click.option("--count", type=click.IntRange(min=1), help="How many, from the start.")
def problems(split: str, count: int | None) -> None:
    """Print the problems of a split as JSON lines."""
    import json
    from dataclasses import asdict

    from harness.micro import micro_problems

    for problem in micro_problems(split, count):
        row = {"id": problem.id, **asdict(problem)}
        click.echo(json.dumps({key: value for key, value in row.items() if value != ""}))


@micro.command()
@click.argument("rows", type=click.File("rb"), default="-")
@json_option
def verify(rows: BinaryIO, as_json: bool) -> None:
    """Judge chains of thought: JSON lines with `question` and `completion`, from a file or stdin.

    Prints each row's verdict, and a summary last (with --json only the summary).
    """
    import json
    from collections import Counter
    from dataclasses import asdict

    from harness.micro.verifier import verify_chain

    reasons: Counter[str] = Counter()
    correct = false_positives = 0
    for row in _rows(rows):
        verdict = verify_chain(row["question"], row["completion"])
        reasons[verdict.reason] += 1
        correct += verdict.answer_correct
        false_positives += verdict.answer_correct and not verdict.chain_correct
        if not as_json:
            click.echo(json.dumps(asdict(verdict)))
    summary: dict[str, Any] = {
        "rows": reasons.total(),
        "answer_correct": correct,
        "false_positives": false_positives,
        "reasons": dict(reasons.most_common()),
    }
    emit(summary, json.dumps(summary), as_json)


def _rows(stream: Iterable[bytes]) -> Iterator[dict[str, str]]:
    """The rows; every bad line is reported, after the good ones were read."""
    import json

    from harness.errors import Issues

    issues = Issues()
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:  # A UnicodeDecodeError is a ValueError.
            issues.add(f"line {number}", f"is not JSON in UTF-8 ({error})")
            continue
        texts = [
            row.get(key) if isinstance(row, dict) else None for key in ("question", "completion")
        ]
        if not all(isinstance(text, str) for text in texts):
            issues.add(f"line {number}", "needs the texts `question` and `completion`")
            continue
        yield row
    issues.raise_if_any("some rows cannot be judged:")


@micro.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("micro-models"),
    show_default=True,
    help="Where the model folders go.",
)
@click.option(
    "--model",
    "names",
    multiple=True,
    help="wc (with wc-early, an earlier state of it), se or student; all of them by default.",
)
@click.option("--seed", default=0, show_default=True, help="0 rebuilds the shipped models.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(min=1), help="At once.")
@click.option(
    "--python",
    type=click.Path(path_type=Path),
    help="An interpreter with torch and transformers; Axolotl's environment by default.",
)
@json_option
def rebuild(
    out: Path, names: tuple[str, ...], seed: int, jobs: int, python: Path | None, as_json: bool
) -> None:
    """Train the embedded models again from their seeds.

    About 15 minutes on two idle cores. Stopped at any time, the same command goes on after the
    last finished cycle. Equal seeds give equal weights on one machine, not across processors.
    """
    from harness.errors import Issues, unknown_name
    from harness.micro.rebuild import rebuild as train
    from harness.micro.schedules import SCHEDULES
    from harness.progress import Progress

    made_by = {name: name for name in SCHEDULES}
    for schedule in SCHEDULES.values():
        made_by.update({snapshot: schedule.name for _, snapshot in schedule.snapshots})
    issues = Issues()
    for name in names:
        if name not in made_by:
            issues.add("--model", unknown_name("embedded model", name, made_by))
    issues.raise_if_any("some models cannot be rebuilt:")
    progress = Progress()
    if python is None:
        from harness.engines.environment import engine_python

        python = engine_python("axolotl", progress=progress.note)
    schedules = [made_by[name] for name in names] or list(SCHEDULES)
    folders = train(out, python, schedules, seed=seed, jobs=jobs, progress=progress)
    document = {"models": [str(folder) for folder in folders]}
    emit(document, "\n".join(document["models"]), as_json)
