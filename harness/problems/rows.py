"""One row of a data set as a problem: where its columns are, and how its gold answer is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from harness.errors import InputError
from harness.problems import Problem
from harness.recipe.schema import Columns

_LEVEL_WORD = re.compile(r"^Level\s+", re.IGNORECASE)
_BOXES = re.compile(r"\\(?:boxed|fbox)\s*\{")


def problem_of_row(
    row: Mapping[str, Any], columns: Columns, *, question_required: bool = True
) -> Problem:
    """The problem in a row.

    Args:
        row: column names to values.
        columns: which column holds what.
        question_required: whether the question must be known; where it may be null or absent,
            the row needs an external id.

    Raises:
        InputError: a column is missing, empty, or not a text, or the gold answer is not there.
    """
    question = ""
    if question_required or row.get(columns.question) is not None:
        question = _text(row, columns.question, "question")
    elif not _optional(row, columns.external_id, "external_id"):
        raise InputError("it has neither a question nor an external_id; it needs one of them")
    return Problem(
        question=question,
        gold=gold_answer(_text(row, columns.gold, "gold"), columns.gold_format),
        level=_LEVEL_WORD.sub("", _optional(row, columns.level, "level")),
        subject=_optional(row, columns.subject, "subject"),
        solution=_optional(row, columns.solution, "solution"),
        external_id=_optional(row, columns.external_id, "external_id"),
    )


def gold_answer(text: str, gold_format: str) -> str:
    """The gold answer in a text: all of it, what stands after the last ####, or in the last box.

    Raises:
        InputError: the text has no answer of that format.
    """
    if gold_format == "plain":
        answer = text.strip()
    elif gold_format == "hash":
        _, mark, tail = text.rpartition("####")
        if not mark:
            raise InputError(f"there is no #### in {text[-60:]!r}")
        answer = tail.strip()
    else:
        answer = last_boxed(text).strip()
    if not answer:
        raise InputError(f"the gold answer in {text[-60:]!r} is empty")
    return answer


def last_boxed(text: str) -> str:
    r"""What stands in the last `\boxed{…}` or `\fbox{…}` of a solution.

    Raises:
        InputError: there is none, or its brace is not closed.
    """
    starts = [found.end() for found in _BOXES.finditer(text)]
    if not starts:
        # MATH has a few solutions that write `\boxed 2` without braces.
        bare = re.findall(r"\\boxed\s+([^\s$.]+)", text)
        if bare:
            return str(bare[-1])
        raise InputError(rf"there is no \boxed{{}} in {text[-60:]!r}")
    # A box inside the last but one's braces is part of that answer, so the last outermost counts.
    for start in reversed(starts):
        end = _closing_brace(text, start)
        if end is not None and not any(
            outer < start and (_closing_brace(text, outer) or -1) >= end for outer in starts
        ):
            return text[start:end]
    raise InputError(rf"the \boxed{{ in {text[starts[-1] - 7 :][:60]!r} is not closed")


def _closing_brace(text: str, start: int) -> int | None:
    depth = 1
    position = start
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 2
            continue
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return position
        position += 1
    return None


def _text(row: Mapping[str, Any], column: str, role: str) -> str:
    if column not in row:
        raise InputError(
            f"there is no column {column!r} (the recipe's columns.{role}); "
            f"there are: {', '.join(map(str, row)) or 'none'}"
        )
    value = row[column]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputError(f"{column} is {type(value).__name__}, expected a text or a number")
    text = value if isinstance(value, str) else repr(value)
    if not text.strip():
        raise InputError(f"{column} is empty")
    return text


def _optional(row: Mapping[str, Any], column: str | None, role: str) -> str:
    # Rows of one file may lack a level or a solution; `load_problems` refuses a column that no
    # row has.
    if column is None or row.get(column) is None or row[column] == "":
        return ""
    return _text(row, column, role)
