"""Where a task's data set comes from: a folder that the user names, or the Hub.

lm-eval calls `datasets.load_dataset`, whose errors say which address could not be reached, and
not what the user of a task can do about it. Clusters have no network, so there is a way without:
`metadata.data_dir` or the variable HARNESS_TASK_DATA, a folder with one folder for each data set,
named by its id on the Hub.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import EnvironmentFailure, InputError

if TYPE_CHECKING:
    from datasets import Dataset

FOLDER_VARIABLE = "HARNESS_TASK_DATA"

# How a split's file may end, and how `datasets` calls what reads it.
_READERS = {".jsonl": "json", ".jsonl.gz": "json", ".json": "json", ".parquet": "parquet"}


def load_splits(
    path: str,
    name: str | None,
    options: Mapping[str, Any],
    folder: str | None = None,
    splits: Iterable[str] = (),
) -> Mapping[str, Dataset]:
    """All splits of a data set.

    Args:
        path: its id on the Hub, or what else `datasets.load_dataset` takes.
        name: its configuration, if it has several.
        options: further arguments of `datasets.load_dataset`.
        folder: a folder that may hold a folder `path`, which is then read in place of the Hub:
            a download of the whole data set, or a file for each split. By default what the
            variable HARNESS_TASK_DATA names.
        splits: what is looked for as files.

    Raises:
        InputError: the folder is not there, or the data set has no such configuration or no rows.
        EnvironmentFailure: the data set cannot be reached.
    """
    import datasets

    local = _local(folder or os.environ.get(FOLDER_VARIABLE), path)
    asked: dict[str, Any] = {"path": path, "name": name, **options}
    if local is not None:
        more = {key: value for key, value in options.items() if key != "revision"}
        asked = _of_files(local, splits) or {"path": str(local), "name": name, **more}
    try:
        return datasets.load_dataset(**asked)  # type: ignore[no-any-return]
    except StopIteration:  # How `datasets` reads an empty file.
        raise InputError(f"the data set {local or path} has no rows.") from None
    except (datasets.exceptions.DatasetsError, ValueError) as error:
        why = f"{error} ({error.__cause__})" if error.__cause__ else str(error)
        raise InputError(
            f"the data set {local or path} cannot be loaded: {why}", _advice(path, local)
        ) from None
    except Exception as error:
        if not is_about_data(error):
            raise
        raise EnvironmentFailure(
            f"the data set {local or path} cannot be reached: {error}", _advice(path, local)
        ) from None


def rows_of_split(dataset: Mapping[str, Dataset], split: str, path: str | None) -> Dataset:
    """The rows of one split.

    Raises:
        InputError: there is no such split, or it is empty.
    """
    if split not in dataset:
        raise InputError(
            f"the data set {path} has no split {split!r}; it has {', '.join(dataset) or 'none'}."
        )
    rows = dataset[split]
    if not len(rows):
        raise InputError(f"the split {split!r} of the data set {path} is empty.")
    return rows


def is_about_data(error: Exception) -> bool:
    """Whether a file, the Hub or the network failed; the Hub's client leaks its HTTP errors."""
    library = type(error).__module__.partition(".")[0]
    return isinstance(error, OSError) or library.startswith(
        ("httpx", "httpcore", "huggingface", "datasets")
    )


def _local(folder: str | None, path: str) -> Path | None:
    if not folder:
        return None
    whole = Path(str(folder)).expanduser()
    if not whole.is_dir():
        raise InputError(f"there is no folder {whole} (metadata.data_dir or {FOLDER_VARIABLE}).")
    found = whole / path
    return found if found.is_dir() else None


def _of_files(folder: Path, splits: Iterable[str]) -> dict[str, Any] | None:
    """How `load_dataset` is asked for one file a split; None where there are no such files."""
    files = {
        split: (folder / f"{split}{ending}", reader)
        for split in splits
        for ending, reader in _READERS.items()
        if (folder / f"{split}{ending}").is_file()
    }
    readers = {reader for _, reader in files.values()}
    if len(readers) > 1:
        names = ", ".join(sorted(file.name for file, _ in files.values()))
        raise InputError(f"{folder} holds {names}; expected files of one kind.")
    if not readers:
        return None
    data_files = {split: str(file) for split, (file, _) in files.items()}
    return {"path": readers.pop(), "data_files": data_files}


def _advice(path: str, local: Path | None) -> str:
    if local is not None:
        return f"Check the files in {local}; without that folder the Hub is asked."
    return (
        "Check the network and the id. Without a network put a copy into FOLDER/"
        f"{path} (hf download --repo-type dataset {path} --local-dir FOLDER/{path}, or a file a "
        f'split such as test.jsonl), and name FOLDER: --metadata \'{{"data_dir": "FOLDER"}}\', '
        f"or the variable {FOLDER_VARIABLE}."
    )
