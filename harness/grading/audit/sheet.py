"""The sheet of an audit: a table that a person fills in with any spreadsheet program.

Completions are a stranger's text. A cell that a spreadsheet would take for a formula is
written behind an apostrophe, control characters are left out, and long texts are cut.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InputError, Issues, unknown_name
from harness.files import write_atomically
from harness.grading.audit.drawing import AuditRow
from harness.grading.audit.strata import Stratum, strata_of
from harness.pool import Pool

HUMAN = "human"
ANSWERS = ("correct", "wrong", "unclear")
_READ = ("id", "stratum", "stratum_samples", "stratum_drawn", HUMAN)
_ABOUT = ("id", "external_id", "question", "gold", "completion_tail", "extracted")
_DRAWN = ("stratum", "stratum_samples", "stratum_drawn", "weight")
_TAIL = 1500
_QUESTION = 3000
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_FORMULA = ("=", "+", "-", "@", "\t", "'")
_MANY = 20


@dataclass(frozen=True)
class Judged:
    """What a person found in one stratum.

    Attributes:
        stratum: the stratum.
        correct: samples judged correct.
        wrong: samples judged wrong.
        unclear: samples that the person could not judge; they say nothing.
        open: samples without a judgement.
    """

    stratum: Stratum
    correct: int
    wrong: int
    unclear: int
    open: int


def write_sheet(path: Path, rows: Sequence[AuditRow]) -> None:
    """Writes the sheet.

    Raises:
        InputError: a sheet with judgements, or another file, is there already.
    """
    _refuse_to_lose(path)
    graders = list(rows[0].stratum.outcomes) if rows else []
    text = io.StringIO()
    writer = csv.writer(text)
    verdicts = [f"verdict_{grader}" for grader in graders]
    writer.writerow([*_ABOUT, *verdicts, *_DRAWN, HUMAN])
    for row in rows:
        texts = (row.problem.external_id, row.problem.question[:_QUESTION], row.problem.gold)
        writer.writerow(
            [
                f"{row.problem.id}/{row.sample_index}",
                *map(_cell, texts),
                _cell(row.completion[-_TAIL:]),
                _cell(" | ".join(row.extracted)[:_TAIL]),
                *row.stratum.outcomes.values(),
                row.stratum.name,
                len(row.stratum.rows),
                row.drawn,
                f"{row.weight:.6g}",
                "",
            ]
        )
    # With the mark by which spreadsheet programs know UTF-8.
    write_atomically(path, text.getvalue().encode("utf-8-sig"))


def _cell(text: str) -> str:
    plain = _CONTROL.sub("\ufffd", text.replace("\r\n", "\n"))
    return f"'{plain}" if plain.lstrip().startswith(_FORMULA) else plain


def _refuse_to_lose(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"{path} is a folder; expected the name of a CSV file.")
    if not path.exists():
        return
    try:
        rows = _rows(path)
    except InputError:
        raise InputError(
            f"{path} is there, and it is not the sheet of an audit.", "Choose another name."
        ) from None
    judged = sum(bool((row.get(HUMAN) or "").strip()) for row in rows)
    if judged:
        raise InputError(
            f"{path} holds {judged:,} judgements of a person, which a new sheet would destroy.",
            "Choose another name, or read it back: harness grade POOL --audit-read SHEET.csv",
        )


def read_sheet(path: Path, pool: Pool) -> list[Judged]:
    """What a person found, by stratum.

    Args:
        path: the sheet, as comma-, semicolon- or tab-separated text.
        pool: the pool that it was drawn from.

    Raises:
        InputError: every malformed row at once, or the verdicts have changed since.
    """
    rows = _rows(path)
    strata = {stratum.name: stratum for stratum in strata_of(pool)}
    keys = {problem.id for problem in pool.problems}
    issues, seen = Issues(), set[str]()
    found: dict[str, Counter[str]] = {name: Counter() for name in strata}
    for number, row in enumerate(rows, start=2):
        place = f"row {number}"
        for fault in _faults(row, strata, keys, seen):
            issues.add(place, fault)
        seen.add(str(row["id"]))
        if row["stratum"] in found:
            found[str(row["stratum"])][_judgement(row)] += 1
    issues.raise_if_any(f"{path} cannot be read as the sheet of {pool.folder}:")
    return [
        Judged(strata[name], *(count[kind] for kind in (*ANSWERS, "")))
        for name, count in found.items()
    ]


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(
            f"there is no sheet {path}.", "Draw one: harness grade POOL --audit SHEET.csv"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be read ({error}).", "Save the sheet as CSV, in UTF-8."
        ) from None
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise InputError(f"{path} is no CSV file ({error}).", "Save the sheet as CSV.") from None
    columns = list(rows[0]) if rows else next(csv.reader([head], delimiter=delimiter), [])
    lacking = [name for name in _READ if name not in columns]
    if lacking:
        raise InputError(
            f"{path} lacks the columns {', '.join(lacking)}; there are: "
            f"{', '.join(str(name) for name in columns[:_MANY]) or 'none'}.",
            "Keep all columns of the sheet that was written; fill in `human` only.",
        )
    return rows


def _judgement(row: dict[str, Any]) -> str:
    return (row[HUMAN] or "").strip().lower()


def _faults(
    row: dict[str, Any], strata: dict[str, Stratum], problems: set[str], seen: set[str]
) -> list[str]:
    """All that is wrong with a row."""
    if any(row[name] is None for name in _READ):
        return ["it has too few cells."]
    found = []
    problem, _, index = row["id"].partition("/")
    if problem not in problems or not index.isdecimal():
        found.append(f"{row['id'][:40]!r} names no sample of the pool.")
    elif row["id"] in seen:
        found.append(f"the sample {row['id']} stands twice.")
    stratum = strata.get(row["stratum"])
    if stratum is None:
        found.append(f"the pool has no stratum {row['stratum'][:80]!r} (any more).")
    elif row["stratum_samples"] != str(len(stratum.rows)):
        found.append(
            f"its stratum had {row['stratum_samples'][:20]} samples and has "
            f"{len(stratum.rows)} now: the pool was graded again, so draw a new sheet."
        )
    if (said := _judgement(row)) not in (*ANSWERS, ""):
        found.append(f"human: {unknown_name('judgement', said[:40], ANSWERS)}")
    return found
