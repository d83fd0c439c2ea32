"""Loads the problems of a split: the embedded set, JSON-lines files, or a data set of the Hub.

Whatever the source, the result is checked as a whole: every unreadable row is reported, a
problem that stands twice counts once, and two rows that share question and gold answer but say
different things about them are refused.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.errors import EnvironmentFailure, InputError, Issues
from harness.problems import Problem
from harness.problems.held_out import held_out, overlap
from harness.problems.rows import problem_of_row
from harness.recipe.schema import Columns, ProblemSet, Split

__all__ = ["load_problems", "overlap", "problem_of_row"]

SPLITS = ("train", "validation", "test")
_SHOWN_LINES = 5
_NAMED_IDS = 10
_OPTIONAL_COLUMNS = ("level", "subject", "solution", "external_id")


def load_problems(problem_set: ProblemSet, split: str) -> list[Problem]:
    """The problems of a recipe's split, in the order of the source.

    Args:
        problem_set: the recipe's `problems`.
        split: "train", "validation" or "test".

    Raises:
        InputError: the split is not in the recipe, the source is not there, rows cannot be
            read (all of them are named), or the split has fewer problems than asked for.
        EnvironmentFailure: the Hub cannot be reached.
    """
    taken: Split | None = getattr(problem_set, split)
    if taken is None:
        raise InputError(f"the recipe has no {split} split.", f"Add problems.{split}.")
    problems = _problems_in(problem_set, taken.split)
    if taken.count is None:
        return problems
    if len(problems) < taken.count:
        raise InputError(
            f"problems.{split} asks for {taken.count} problems, and {taken.split!r} of "
            f"{problem_set.path or 'the embedded set'} has {len(problems)} different ones.",
            f"Set problems.{split}.count to {len(problems)} or less.",
        )
    if taken.order == "source":
        return problems[: taken.count]
    others = [
        problem
        for name in SPLITS
        if name != split and (other := getattr(problem_set, name)) is not None
        for problem in _problems_in(problem_set, other.split)
    ]
    return list(held_out(problems, others, taken.count))


def _problems_in(problem_set: ProblemSet, split: str) -> list[Problem]:
    """All problems of a split of the source, in its order."""
    if problem_set.source == "micro":
        from harness.micro import micro_problems

        return micro_problems(split)
    if problem_set.source == "jsonl":
        file = _jsonl_file(Path(problem_set.path or "").expanduser(), split)
        return _problems_of(_lines(file), problem_set.columns, str(file), "line")
    rows = _hub_rows(problem_set, split)
    name = f"{problem_set.path} ({split})"
    return _problems_of(enumerate(rows), problem_set.columns, name, "row")


def _jsonl_file(folder: Path, split: str) -> Path:
    for ending in (".jsonl", ".jsonl.gz"):
        if (file := folder / f"{split}{ending}").is_file():
            return file
    there = sorted(path.name for path in folder.glob("*.jsonl*")) if folder.is_dir() else []
    found = f"it holds {', '.join(there)}" if there else "it holds no such file"
    if not folder.is_dir():
        found = "the folder is not there"
    raise InputError(f"there is no {split}.jsonl or {split}.jsonl.gz in {folder}: {found}.")


def _lines(file: Path) -> Iterator[tuple[int, Any]]:
    """Line numbers and parsed rows; an unreadable line yields the error in place of the row."""
    opener = gzip.open if file.suffix == ".gz" else open
    try:
        with opener(file, "rb") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield number, _row(line)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{file} is not a whole gzip file: {error}.") from None


def _row(line: bytes) -> Any:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return InputError(f"byte {error.start + 1} is not UTF-8")
    except (json.JSONDecodeError, RecursionError) as error:
        return InputError(f"it is not JSON: {error}")
    if not isinstance(row, dict):
        return InputError(f"it is a JSON {type(row).__name__}, expected an object")
    return row


def _problems_of(
    rows: Iterable[tuple[int, Any]], columns: Columns, source: str, unit: str
) -> list[Problem]:
    problems: dict[str, Problem] = {}
    places: dict[str, int] = {}
    bad: dict[str, list[int]] = {}
    clashes: dict[str, list[int]] = {}
    there: dict[str, None] = {}
    for number, row in rows:
        try:
            if isinstance(row, InputError):
                raise row
            there.update(dict.fromkeys(row))
            problem = problem_of_row(row, columns)
        except InputError as error:
            bad.setdefault(error.message, []).append(number)
            continue
        known = problems.setdefault(problem.id, problem)
        if known is problem:
            places[problem.id] = number
        elif known != problem:
            clashes.setdefault(problem.id, [places[problem.id]]).append(number)
    _refuse(bad, clashes, _absent(columns, there), source, unit)
    if not problems:
        raise InputError(f"{source} holds no problems.")
    return list(problems.values())


def _absent(columns: Columns, there: Collection[str]) -> list[str]:
    """What to say about optional columns that the recipe names and no row has."""
    named = {role: getattr(columns, role) for role in _OPTIONAL_COLUMNS}
    return [
        f"no {column!r} (the recipe's columns.{role}) in any row; there are: {', '.join(there)}"
        for role, column in named.items()
        if there and column is not None and column not in there
    ]


def _refuse(
    bad: dict[str, list[int]],
    clashes: dict[str, list[int]],
    absent: Sequence[str],
    source: str,
    unit: str,
) -> None:
    issues = Issues()
    for message in absent:
        issues.add("columns", message)
    for message, numbers in bad.items():
        issues.add(f"{unit} {_numbers(numbers)}", message)
    for number, (problem_id, numbers) in enumerate(clashes.items()):
        if number == _NAMED_IDS:
            issues.add("", f"and {len(clashes) - number} more such problems")
            break
        issues.add(
            f"{unit} {_numbers(numbers)}",
            f"the same question and gold answer (id {problem_id}) with another level, subject, "
            "solution or name.",
            "Keep one of them.",
        )
    issues.raise_if_any(f"{source} cannot be used:")


def _numbers(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_SHOWN_LINES]))
    return shown if len(numbers) <= _SHOWN_LINES else f"{shown}, … ({len(numbers)} in all)"


def _hub_rows(problem_set: ProblemSet, split: str) -> Iterable[Any]:
    import datasets
    from datasets.exceptions import DatasetNotFoundError

    path = problem_set.path or ""
    try:
        return datasets.load_dataset(  # type: ignore[no-any-return]
            path, problem_set.config, split=split, revision=problem_set.revision
        )
    except (DatasetNotFoundError, ValueError, FileNotFoundError) as error:
        raise InputError(
            f"the data set {path!r} has no split {split!r} that can be loaded: {error}",
            "Check problems.path, problems.config, problems.revision and the split; a private "
            "data set needs HF_TOKEN.",
        ) from None
    except OSError as error:
        raise EnvironmentFailure(
            f"the data set {path!r} cannot be fetched from the Hub: {error}",
            "Check the network, or give the problems as files (problems.source: jsonl).",
        ) from None
