"""The problems of an import, and the names by which samples refer to them.

A sample may name its problem by the id that is a hash of its content, by the external id, by
the `id` that the row itself carries, or by its question. Rows with the same content are one
problem.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from harness.errors import InputError
from harness.interchange.bad_rows import BadRow, BadRows, Place
from harness.interchange.json_lines import Row
from harness.interchange.texts import shown, storable
from harness.problems import Problem
from harness.problems.rows import problem_of_row
from harness.recipe.schema import Columns

GoldFormat = Literal["plain", "hash", "boxed"]
_ANSWERS = ("answer", "final_answer", "gold_answer", "target", "expected_answer")
PROBLEM_KEYS = ("question", "gold", "external_id", "id", "level", "subject", "solution")


class ProblemTable:
    """The problems of an import in file order.

    Args:
        gold_format: how the gold answer stands in `gold`.

    Attributes:
        problems: each once.
        ids: their ids, in the same order.
    """

    def __init__(self, gold_format: GoldFormat) -> None:
        names = {key: key for key in ("external_id", "level", "subject", "solution")}
        self._columns = Columns(gold_format=gold_format, **names)
        self.problems: list[Problem] = []
        self.ids: list[str] = []
        self._ranks: dict[str, int] = {}
        self._names: dict[str, int | None] = {}
        self._questions: dict[str, int | None] = {}
        self._repeated = 0

    @property
    def notes(self) -> list[str]:
        """What a user should know about the problems."""
        if not self._repeated:
            return []
        return [f"{self._repeated:,} rows repeat the content of an earlier problem; they are one."]

    def add(self, row: Mapping[str, Any]) -> None:
        """Takes a row in.

        Raises:
            BadRow: it holds no problem, or contradicts an earlier row.
        """
        problem, own_id = _problem_and_name(row, self._columns)
        rank = self._ranks.setdefault(problem.id, len(self.problems))
        if rank == len(self.problems):
            self.problems.append(problem)
            self.ids.append(problem.id)
        else:
            known = self.problems[rank]
            if replace(known, external_id=problem.external_id) != problem:
                raise BadRow(
                    "contradicting problem",
                    f"it has the question and gold answer of an earlier problem (id {problem.id}) "
                    "with another level, subject or solution. Keep one of them.",
                )
            self._repeated += 1
        for name in {problem.external_id, own_id} - {""}:
            _note(self._names, name, rank)
        if problem.question:
            _note(self._questions, problem.question, rank)

    def rank_of(self, name: object) -> int:
        """The position of the problem that a sample names.

        Raises:
            BadRow: the name is missing, or names no problem or several.
        """
        name = _name_text(name)
        if not isinstance(name, str):
            found = "null" if name is None else f"{shown(name)}, expected a text"
            raise BadRow("no problem_id", f"problem_id is {found}.")
        rank = self._ranks.get(name)
        if rank is None:
            written = storable(name)
            rank = self._names.get(written, self._questions.get(written, -1))
        if rank is None:
            raise BadRow("unclear problem", f"problem_id {shown(name)} names several problems.")
        if rank < 0:
            if not name.strip():
                raise BadRow("no problem_id", "problem_id is empty.")
            message = f"problem_id {shown(name)} is no problem's id, external_id or question."
            raise BadRow("unknown problem", message)
        return rank


def _note(names: dict[str, int | None], name: str, rank: int) -> None:
    # A name of two problems names neither.
    names[name] = rank if names.get(name, rank) == rank else None


def read_problems(
    rows: Iterable[tuple[Place, Row | BadRow]], gold_format: GoldFormat, bad: BadRows
) -> ProblemTable:
    """The problems in rows with the keys `PROBLEM_KEYS`.

    Args:
        rows: from a file or a data set.
        gold_format: how the gold answer stands in `gold`.
        bad: takes the rows that hold none.
    """
    table = ProblemTable(gold_format)
    for place, row in rows:
        try:
            if isinstance(row, BadRow):
                raise row
            table.add(row)
        except BadRow as fault:
            bad.add(place, fault)
    return table


def _problem_and_name(row: Mapping[str, Any], columns: Columns) -> tuple[Problem, str]:
    """The problem, and the `id` that the row gives it ("" without one)."""
    own_id, external_id = _name_text(row.get("id")), _name_text(row.get("external_id"))
    own_name = storable(own_id) if isinstance(own_id, str) else ""
    row = {**row, "external_id": own_name if external_id in (None, "") else external_id}
    gold = row.get("gold")
    if gold is None:
        found = "null" if "gold" in row else "missing"
        raise BadRow("no gold", f"gold, the gold answer, is {found}{_other_names(row)}.")
    if isinstance(gold, float) and not math.isfinite(gold):
        raise BadRow("no problem", f"gold is {gold}, expected a text or a number.")
    try:
        problem = _storable(problem_of_row(row, columns, question_required=False))
    except InputError as error:
        raise BadRow("no problem", f"{error.message}.") from None
    if problem.external_id == problem.id:  # The file of a pool that has no external ids.
        problem = replace(problem, external_id="")
    return problem, own_name


def _other_names(row: Mapping[str, Any]) -> str:
    """What a row has in the place of its gold answer, and how to say which one is meant."""
    others = [name for name in row if name not in PROBLEM_KEYS]
    if not others:
        return ""
    likely = next((name for name in _ANSWERS if name in others), "COLUMN")
    names = ", ".join(map(shown, others))
    which = names if len(others) == 1 else f"one of {names}"
    return f"; if {which} holds it, say so: --problem-columns gold={likely}"


def _name_text(value: object) -> object:
    """A whole number as the text that it is written as; anything else as it is."""
    if type(value) is float and value.is_integer():  # A table's column with gaps.
        value = int(value)
    return str(value) if type(value) is int else value


def _storable(problem: Problem) -> Problem:
    return Problem(**{key: storable(value) for key, value in vars(problem).items()})
