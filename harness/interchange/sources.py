"""Where the rows of an import come from: opens what the user named and gives it one form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal, Protocol

from harness.errors import InputError, unknown_name
from harness.interchange.bad_rows import BadRow, Place
from harness.interchange.data_sets import DataSetName, DataSetRows, expanded
from harness.interchange.json_lines import JsonLines, Row
from harness.interchange.lm_eval_rows import LmEvalLog, is_lm_eval

Format = Literal["jsonl", "lm-eval", "datasets"]
FORMATS: tuple[Format, ...] = ("jsonl", "lm-eval", "datasets")
_PARQUET = ".parquet"
# Files that `datasets` reads, though only as the content of a folder.
_ONLY_IN_FOLDERS = (".csv", ".tsv")
_SHOWN_KEYS = 20


class RowSource(Protocol):
    """Rows that can be read more than once."""

    @property
    def name(self) -> str:
        """What to call it in messages."""

    @property
    def total(self) -> int:
        """Its size in bytes, or in rows if it is a data set; 0 where that is not known."""

    @property
    def done(self) -> int:
        """How much of it the latest reading has taken."""

    def rows(self) -> Iterator[tuple[Place, Row | BadRow]]:
        """Every row, or why it is none."""


@dataclass
class Renamed:
    """A source whose rows get the names that an import knows.

    Attributes:
        source: the rows as they are.
        columns: name of an import → name in the source.
        known: the names that an import reads.
        lists: whether a list of completions is one row for each.
        ignored: takes the names that are in the source and not read.
    """

    source: RowSource
    columns: Mapping[str, str]
    known: Sequence[str]
    lists: bool = False
    ignored: dict[str, None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For messages."""
        return self.source.name

    @property
    def total(self) -> int:
        """Its size, in bytes or rows."""
        return self.source.total

    @property
    def done(self) -> int:
        """How much of it the latest reading has taken."""
        return self.source.done

    def rows(self) -> Iterator[tuple[Place, Row | BadRow]]:
        """Every row under the names of an import, or why it is none."""
        known = {*self.known, *self.columns.values()}
        for place, row in self.source.rows():
            if isinstance(row, BadRow):
                yield place, row
                continue
            if not row.keys() <= known and len(self.ignored) < _SHOWN_KEYS:
                self.ignored.update(dict.fromkeys(key for key in row if key not in known))
            if self.columns:
                named = {key: row[name] for key, name in self.columns.items() if name in row}
                row = {key: row[key] for key in row if key not in self.columns} | named
            if self.lists:
                yield from expanded(place, row, self.known)
            else:
                yield place, row


def open_source(name: DataSetName, kind: Format | None) -> JsonLines | LmEvalLog | DataSetRows:
    """Opens a file or a data set.

    Args:
        name: a path, or an id on the Hub.
        kind: what it is; told from the path and the first row if None.

    Raises:
        InputError: it is not there, or cannot be what it is said to be.
        EnvironmentFailure: the Hub cannot be reached.
    """
    path = Path(name.path)
    if kind == "datasets" or (kind is None and _looks_like_data_set(path)):
        return DataSetRows(name)
    lines = JsonLines(path)
    if path.suffix.lower() in _ONLY_IN_FOLDERS:
        _refuse_without_json(lines, path)
    if kind == "lm-eval" or (kind is None and _begins_as_lm_eval(lines)):
        return LmEvalLog(lines)
    return lines


def column_names(texts: Sequence[str], option: str, known: Sequence[str]) -> dict[str, str]:
    """`NAME=COLUMN` texts as a mapping.

    Raises:
        InputError: one is not of that form, or an import knows no such name.
    """
    found: dict[str, str] = {}
    for text in texts:
        key, equals, column = text.partition("=")
        if not equals or not column:
            raise InputError(f"{option} {text}: expected NAME=COLUMN, as in completion=response.")
        if key not in known:
            raise InputError(f"{option} {text}: {unknown_name('name', key, known)}")
        found[key] = column
    return found


def _looks_like_data_set(path: Path) -> bool:
    return path.is_dir() or path.suffix == _PARQUET


def _refuse_without_json(lines: JsonLines, path: Path) -> None:
    _, row = next(lines.rows(), (None, None))
    if isinstance(row, BadRow):
        raise InputError(
            f"{path} holds no JSON lines: its first line is not a JSON object.",
            f"Put it into a folder of its own and give that: a folder is read as a data set, of "
            f"{path.suffix} files too.",
        )


def _begins_as_lm_eval(lines: JsonLines) -> bool:
    return any(isinstance(row, dict) and is_lm_eval(row) for _, row in islice(lines.rows(), 1))
