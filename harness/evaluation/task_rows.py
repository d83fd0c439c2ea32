"""Problems from the rows of GSM8K and of MATH, in the columns of their several copies on the Hub.

Copies of MATH differ: the answer has a column of its own (MATH-500) or stands in the last box of
the solution, the subject is called `subject` or `type`, and a level is 3, 3.0 or "Level 3". A task
must give the same problems for all of them, since ids are hashes of question and gold answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.errors import InputError, Issues
from harness.problems import Problem
from harness.problems.rows import problem_of_row
from harness.recipe.schema import Columns

_SHOWN = 10
_GSM8K = Columns(question="question", gold="answer", gold_format="hash")


def problems_of_rows(rows: Iterable[Mapping[str, Any]]) -> list[Problem]:
    """Problems from rows of GSM8K, MATH or MATH-500, told apart by their columns.

    Args:
        rows: in the order of their split.

    Raises:
        InputError: rows of another kind, or rows without a question or a gold answer; the first
            ten of them are named, counted from 0.
    """
    problems: list[Problem] = []
    issues = Issues()
    unread = 0
    for number, row in enumerate(rows):
        if number == 0:
            _check_columns(row)
        try:
            problems.append(_problem(row))
        except InputError as error:
            unread += 1
            if unread <= _SHOWN:
                issues.add(f"row {number}", f"{error}.")
    more = f" (The first {_SHOWN} are listed.)" if unread > _SHOWN else ""
    issues.raise_if_any(f"{unread} of {unread + len(problems)} rows cannot be read:{more}")
    return problems


def _check_columns(row: Mapping[str, Any]) -> None:
    math = "problem" in row and ("answer" in row or "solution" in row)
    if not math and not row.keys() >= {"question", "answer"}:
        raise InputError(
            f"rows have the columns {', '.join(row)}; expected those of GSM8K (question, answer) "
            "or MATH (problem, and solution or answer)."
        )


def _problem(row: Mapping[str, Any]) -> Problem:
    if "problem" not in row:
        return problem_of_row(row, _GSM8K)
    subject = next((name for name in ("subject", "type") if row.get(name)), None)
    level = "level" if row.get("level") is not None else None
    known = {**row, "level": _whole(row.get("level"))}
    plain = Columns(question="problem", gold="answer", level=level, subject=subject)
    boxed = Columns(
        question="problem", gold="solution", gold_format="boxed", level=level, subject=subject
    )
    answered, solved = (row.get(name) not in (None, "") for name in ("answer", "solution"))
    if not solved or (answered and "subject" in row):  # MATH-500 names the subject so.
        return problem_of_row(known, plain)
    try:
        return problem_of_row(known, boxed)
    except InputError:
        if answered:
            return problem_of_row(known, plain)
        raise


def _whole(level: Any) -> Any:
    """A level without the decimals that a column of numbers with gaps has."""
    return int(level) if isinstance(level, float) and level.is_integer() else level
