"""What lm-eval logs of a generation task (`samples_TASK_TIME.jsonl`), as problems and samples.

One record holds a document, its target and all completions of it; a task with several filters
logs every document once a filter, with the same completions each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from harness.interchange.bad_rows import BadRow, Place
from harness.interchange.json_lines import JsonLines, Row
from harness.interchange.texts import shown

_MARKS = {"doc_id", "doc", "target", "resps"}
_QUESTIONS = ("question", "problem", "input", "query", "prompt", "text")
_NAMES = ("external_id", "id", "problem_id", "unique_id", "task_id")
_SUBJECTS = ("subject", "type")


class Record(NamedTuple):
    """One line of the log: the problem, in the keys of an import, and its completions."""

    problem: Row
    completions: list[str]


def is_lm_eval(row: Mapping[str, Any]) -> bool:
    """Whether a row is of lm-eval's log."""
    return row.keys() >= _MARKS


def record_of(row: Mapping[str, Any], source: str) -> Record:
    """A line of the log.

    Args:
        row: the line.
        source: the file's name; it names documents that lm-eval did not hash.

    Raises:
        BadRow: it is no record of a generation task, or holds no target.
    """
    if not is_lm_eval(row):
        missing = ", ".join(sorted(_MARKS - row.keys()))
        raise BadRow("not of lm-eval", f"it is no record of lm-eval: there is no {missing}.")
    doc = row["doc"] if isinstance(row["doc"], dict) else {}
    target = row["target"]
    if not isinstance(target, str | int | float) or not str(target).strip():
        raise BadRow("no target", f"target is {shown(target)}, expected the gold answer.")
    solution = doc.get("solution")
    problem = {
        "id": str(row.get("doc_hash") or f"{source}:{row['doc_id']}"),
        "question": _first(doc, _QUESTIONS),
        "gold": target,
        "external_id": _first(doc, _NAMES),
        "level": _first(doc, ("level",)),
        "subject": _first(doc, _SUBJECTS),
        "solution": solution if isinstance(solution, str) else None,
    }
    if isinstance(target, str) and "####" in target:  # GSM8K: the target is the whole solution.
        problem["gold"] = target.rpartition("####")[2]
        problem["solution"] = problem["solution"] or target
    return Record(problem, _completions(row["resps"]))


class LmEvalLog:
    """One file of lm-eval's log; each document counts under the first filter only.

    Args:
        lines: the file.
    """

    unit = "line"

    def __init__(self, lines: JsonLines) -> None:
        self._lines = lines
        self.name = lines.name
        self.total = lines.total

    @property
    def done(self) -> int:
        """Bytes that the latest reading has taken, of `total`."""
        return self._lines.done

    def problems(self) -> Iterator[tuple[Place, Row | BadRow]]:
        """The problem of every record; unusable lines are left to `rows`."""
        for place, record in self._records():
            if isinstance(record, Record):
                yield place, record.problem

    def rows(self) -> Iterator[tuple[Place, Row | BadRow]]:
        """Every completion as a row of an import, or why a line has none."""
        for place, record in self._records():
            if isinstance(record, BadRow):
                yield place, record
                continue
            for completion in record.completions:
                yield place, {"problem_id": record.problem["id"], "completion": completion}

    def _records(self) -> Iterator[tuple[Place, Record | BadRow]]:
        first_filter: object = None
        for place, row in self._lines.rows():
            try:
                if isinstance(row, BadRow):
                    raise row
                record = record_of(row, self.name)
            except BadRow as fault:
                yield place, fault
                continue
            first_filter = first_filter or row.get("filter")
            if row.get("filter") in (None, first_filter):
                yield place, record


def _completions(resps: Any) -> list[str]:
    # A list for each request of the document; a generation task makes one, with a text for
    # each repeat.
    requests: Sequence[Any] = resps if isinstance(resps, list) else []
    if len(requests) == 1 and isinstance(requests[0], list) and requests[0]:
        texts = requests[0]
        if all(isinstance(text, str) for text in texts):
            return list(texts)
    raise BadRow(
        "not generated",
        f"resps is {shown(resps)}, expected one list of texts, as a generate_until task logs.",
    )


def _first(doc: Mapping[str, Any], keys: Sequence[str]) -> Any:
    for key in keys:
        value = doc.get(key)
        if type(value) in (str, int) and str(value).strip():
            return value
    return None
