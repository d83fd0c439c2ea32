"""`harness grade POOL`: what can be asked about the verdicts of one pool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import resumable
from harness.cli.output import emit
from harness.errors import InputError

if TYPE_CHECKING:
    from harness.grading.pool_settings import AnswerSettings
    from harness.recipe.schema import Answer

ONE_POOL = ("explained", "audit", "audit_read")


@dataclass(frozen=True)
class Asked:
    """What is asked about verdicts, beside the place: the options of `harness grade`."""

    grader: str | None
    format: str | None
    options: tuple[str, ...]
    workers: int | None
    explained: str | None
    sample: int | None
    audit: Path | None
    audit_read: Path | None
    size: int
    seed: int


def on_pool(pool: Path, asked: Asked, as_json: bool) -> None:
    """Grades a pool, explains verdicts of it, or audits it."""
    if asked.audit is not None:
        _draw_audit(pool, asked.audit, asked, as_json)
    elif asked.audit_read is not None:
        _read_audit(pool, asked.audit_read, as_json)
    elif asked.explained is not None:
        _explain(pool, asked.explained, asked, as_json)
    else:
        _grade_pool(pool, asked, as_json)


def _settings(pool: Path, asked: Asked) -> AnswerSettings:
    from harness.cli.grading_options import conventions_asked_for
    from harness.grading.pool_settings import answer_settings

    problem_set, changes = conventions_asked_for(asked.options)
    answer = _answer_of_run(pool)
    settings = answer_settings(pool, answer, asked.format, problem_set, changes)
    if answer is not None and asked.grader in (None, "answer") and asked.explained is None:
        recipe = answer_settings(pool, answer, None, None, {})
        if settings != recipe:
            raise InputError(
                f"{pool} belongs to a run, whose recipe grades it by the format {answer.format!r} "
                "and its own options; verdicts of 'answer' under others would enter its results.",
                "Grade a copy of the pool, or make another run with --set answer.format=NAME.",
            )
    return settings


def _settings_of(pool: Path, grader: str, asked: Asked) -> AnswerSettings:
    """How answers are read; nothing of that concerns a grader that compares none."""
    from harness.grading.conventions import DEFAULT_CONVENTIONS
    from harness.grading.pool_graders import grader_kind
    from harness.grading.pool_settings import AnswerSettings as Settings

    if grader_kind(grader).comparison is not None:
        return _settings(pool, asked)
    if asked.format is not None or asked.options:
        raise InputError(
            f"the grader {grader!r} compares no answers: leave --format and --options out."
        )
    return Settings("", DEFAULT_CONVENTIONS, None, "")


def _answer_of_run(pool: Path) -> Answer | None:
    """What the recipe says, where the pool lies in the folder of a run."""
    from harness.pipeline.opening import open_run

    run = pool.absolute().parent.parent
    if pool.absolute().parent.name != "pools" or not (run / "recipe.yaml").is_file():
        return None
    return open_run(run).recipe.answer


def _grade_pool(pool: Path, asked: Asked, as_json: bool) -> None:
    from harness.cli.summaries import shares_text
    from harness.grading.pool_grading import GradingRequest, grade_pool
    from harness.progress import Progress

    name = asked.grader or "answer"
    settings = _settings_of(pool, name, asked)
    request = GradingRequest(
        name, settings.format, settings.options, settings.verifier, asked.workers
    )
    progress = Progress()
    if settings.format and asked.format is None:
        progress.note(f"format {settings.format!r}, by {settings.source}")
    with resumable(pool, "grade"):
        graded = grade_pool(pool, request, progress)
    found = graded.document(name)
    document = {"pool": str(pool), "grader": name, "format": settings.format or None, **found}
    head = (
        f"{pool}: {found['graded_now']:,} samples graded by {name!r} in {found['seconds']:.1f} s, "
        f"{found['samples'] - found['graded_now']:,} verdicts kept"
    )
    emit(document, f"{head}\n{shares_text(name, found)}", as_json)


def _explain(pool: Path, problem: str, asked: Asked, as_json: bool) -> None:
    from harness.cli.explanations import explanation_text, printable
    from harness.grading.pool_explanation import explain_problem
    from harness.pool import Pool

    name = asked.grader or "answer"
    settings = _settings_of(pool, name, asked)
    document = explain_problem(Pool.open(pool), problem, asked.sample, settings, name)
    safe = printable(document)
    emit(safe, explanation_text(safe), as_json)


def _draw_audit(pool: Path, sheet: Path, asked: Asked, as_json: bool) -> None:
    from collections import Counter

    from harness.grading.audit import draw_audit, write_sheet
    from harness.pool import Pool

    rows = draw_audit(Pool.open(pool), asked.size, asked.seed)
    write_sheet(sheet, rows)
    drawn = Counter(row.stratum.name for row in rows)
    sizes = {row.stratum.name: len(row.stratum.rows) for row in rows}
    strata = [
        {"stratum": name, "samples": sizes[name], "drawn": count}
        for name, count in sorted(drawn.items())
    ]
    document = {
        "pool": str(pool),
        "sheet": str(sheet),
        "rows": len(rows),
        "seed": asked.seed,
        "strata": strata,
    }
    lines = [f"{count:>6,} of {sizes[name]:>9,}  {name}" for name, count in sorted(drawn.items())]
    text = "\n".join(
        [
            f"{len(rows):,} samples to judge in {sheet}:",
            *lines,
            "Write correct, wrong or unclear into the column `human`, then:",
            f"harness grade {pool} --audit-read {sheet}",
        ]
    )
    emit(document, text, as_json)


def _read_audit(pool: Path, sheet: Path, as_json: bool) -> None:
    from harness.cli.summaries import percent
    from harness.grading.audit import audit_rates, read_sheet
    from harness.pool import Pool

    rates = audit_rates(read_sheet(sheet, Pool.open(pool)))
    lines = [
        f"{name}: false negatives {percent(found['false_negative_rate'])}, "
        f"false positives {percent(found['false_positive_rate'])}"
        for name, found in rates["graders"].items()
    ]
    text = "\n".join(
        [
            *lines,
            f"of {rates['samples']:,} samples, by {rates['judged']:,} judgements "
            f"({rates['unclear']:,} unclear, {rates['open']:,} open)",
            rates["method"],
        ]
    )
    emit({"pool": str(pool), "sheet": str(sheet), **rates}, text, as_json)
