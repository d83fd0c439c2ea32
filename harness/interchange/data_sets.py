"""Data sets as rows: a parquet file, a folder, or the Hub, read some hundred rows at a time.

A row may hold several completions as a list; each is then a row of its own, and other lists of
the same length go along with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.errors import InputError
from harness.interchange.bad_rows import BadRow, Place
from harness.interchange.hub_snapshot import snapshot
from harness.interchange.json_lines import Row

# Small, because a row may hold thirty completions of a megabyte.
_BATCH_ROWS = 200
_SAVED_SET, _SAVED_SPLITS = "dataset_info.json", "dataset_dict.json"


@dataclass(frozen=True)
class DataSetName:
    """Which data set: a parquet file, a folder, or an id on the Hub.

    Attributes:
        path: the file, the folder or the id.
        split: its split; where there is only one, that is taken.
        config: its configuration, if it has several.
        revision: a commit on the Hub.
    """

    path: str
    split: str | None = None
    config: str | None = None
    revision: str | None = None

    def __str__(self) -> str:
        parts = [part for part in (self.config, self.split) if part]
        return f"{self.path} ({', '.join(parts)})" if parts else self.path


class DataSetRows:
    """The rows of a data set; may be read more than once.

    Attributes:
        name: for messages.
        columns: its columns.
        total: how many rows it has, 0 where that is not known beforehand.
        done: how many rows the latest reading has taken.
        notes: what a user should know of it.
    """

    unit = "row"

    def __init__(self, name: DataSetName) -> None:
        """Opens the data set.

        Raises:
            InputError: it is not there, or has no such split.
            EnvironmentFailure: the Hub cannot be reached.
        """
        self.name = str(name)
        self.done = 0
        self.notes: list[str] = []
        self._source: Any = None
        self._file: Path | None = None
        if Path(name.path).is_file():
            self._file = Path(name.path)
            metadata = _parquet(self._file)
            self.columns, self.total = metadata.schema_arrow.names, metadata.metadata.num_rows
        else:
            folder = Path(name.path)
            if not folder.is_dir():
                folder = snapshot(name.path, name.revision)
                self.notes.append(f"{name.path} is at the commit {folder.name}.")
            self._source = _loaded(folder, name)
            self.columns = list(self._source.column_names or [])
            self.total = getattr(self._source, "num_rows", 0)

    def rows(self) -> Iterator[tuple[Place, Row | BadRow]]:
        """Every row as it stands in the data set."""
        self.done = 0
        try:
            for table in self._tables():
                for row in table.to_pylist():
                    self.done += 1
                    yield Place(self.name, "row", self.done), row
        except (pa.ArrowException, OSError, ValueError, TypeError) as error:
            # Whatever reads the files raises its own errors; nothing else runs in this block.
            raise InputError(
                f"{self.name} cannot be read behind row {self.done:,} ({_first_line(error)}).",
                "A file is damaged, or the files of the folder have different columns.",
            ) from None

    def _tables(self) -> Iterable[Any]:
        if self._file is not None:
            with _parquet(self._file) as file:
                yield from file.iter_batches(_BATCH_ROWS)
        else:
            yield from self._source.with_format("arrow").iter(_BATCH_ROWS)


def expanded(
    place: Place, row: Mapping[str, Any], known: Sequence[str]
) -> Iterator[tuple[Place, Row | BadRow]]:
    """A row with a list of completions as one row for each of them; any other row as it is.

    Args:
        place: of the row.
        row: under the names of an import.
        known: the names that an import reads; lists under others say nothing of the samples.
    """
    completions = row.get("completion")
    if not isinstance(completions, list):
        yield place, dict(row)
        return
    lists = {key: value for key, value in row.items() if key in known and isinstance(value, list)}
    uneven = [key for key, value in lists.items() if len(value) != len(completions)]
    if uneven or (row.get("sample_index") is not None and "sample_index" not in lists):
        what = uneven[0] if uneven else "sample_index"
        message = f"{what} does not go with a list of {len(completions)} completions."
        yield place, BadRow("uneven lists", message)
        return
    for position in range(len(completions)):
        yield place, {**row, **{key: value[position] for key, value in lists.items()}}


def _parquet(path: Path) -> Any:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{path} is no parquet file that can be read ({_first_line(error)}).",
            "JSON lines need --format jsonl; a data set is a parquet file, a folder (of CSV files, "
            "say) or a Hub id.",
        ) from None


def _loaded(folder: Path, name: DataSetName) -> Any:
    import datasets

    if not any(folder.iterdir()):
        raise InputError(f"{folder} is an empty folder; expected a data set.")
    try:
        if (folder / _SAVED_SET).is_file() or (folder / _SAVED_SPLITS).is_file():
            found = datasets.load_from_disk(str(folder))
        else:
            found = datasets.load_dataset(str(folder), name.config, streaming=True)
    except (datasets.exceptions.DatasetNotFoundError, ValueError, FileNotFoundError) as error:
        raise InputError(
            f"{name} is no data set that can be loaded: {_first_line(error)}",
            "Give a parquet file, a folder of load_from_disk or of parquet files, or a Hub id, "
            "with its configuration where it has several.",
        ) from None
    return _one_split(found, name)


def _one_split(found: Any, name: DataSetName) -> Any:
    if not isinstance(found, dict):
        return found
    if name.split is not None and name.split in found:
        return found[name.split]
    if name.split is None and len(found) == 1:
        return next(iter(found.values()))
    asked = f"no split {name.split!r}" if name.split else "several splits"
    raise InputError(f"{name.path} has {asked}; there are: {', '.join(map(str, found))}.")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
