"""The snapshots of MATH() and their static originals, in the layout of their sources.

A snapshot is a folder `Oct-2023/test/<subject>/<number>.json`, or that folder in a `.tar.gz`, as
the repository ConsequentAI/fneval publishes it; the original of a problem is the file of the
same subject and number in MATH (`MATH/test/…`, as in the authors' MATH.tar). Where the folder that
the user names lacks one of them, it is fetched: snapshots from the repository, at a fixed commit
and checked by digest; originals from a copy of MATH on the Hub that keeps the file names.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from harness.errors import EnvironmentFailure, HarnessError, InputError, Issues
from harness.evaluation.reasoning_gap import STATIC
from harness.evaluation.task_data import load_splits, rows_of_split
from harness.evaluation.tasks_support import dataset_of, document_of
from harness.problems import Problem
from harness.recipe.schema import Columns

if TYPE_CHECKING:
    from datasets import Dataset

FOLDER_VARIABLE = "HARNESS_FUNCTIONAL_MATH"
COMMIT = "a89e561466dac1d0a376aaad9d84fa366a9f8e93"
SOURCE = f"https://raw.githubusercontent.com/ConsequentAI/fneval/{COMMIT}"
SNAPSHOTS = {
    "Oct-2023": "11840167a0bc05cc728dd84d039d3ec97036fb28ed5d72bf123ecaf4cfb36324",
    "Nov-2023": "06b667af3759c95db161ec96a84468c6b21b69766a287bf72a1f57c60227fc9f",
    "Dec-2023": "58c5cba5df0f5460f25410ffda46b4624c17bb5748f95071eac084417d422c14",
}
ORIGINALS, ORIGINALS_SPLIT = "zwhe99/MATH", "test"

_ARCHIVES = (".tar.gz", ".tar")
_MEMBER = re.compile(r"(?:.*/)?test/(?P<original>[a-z_]{1,40}/\d{1,6})\.json")
_LARGEST_FILE = 1_000_000  # Bytes; the largest problem of MATH has some ten thousand.
_SECONDS = 60.0
_COLUMNS = Columns(
    question="problem", gold="solution", gold_format="boxed", level="level", subject="type"
)

Problems = dict[str, Problem]


def functional_math_dataset(
    *,
    data_dir: str | None = None,
    snapshots: Iterable[str] | str | None = None,
    originals: bool = True,
    originals_revision: str | None = None,
    **_options: Any,
) -> dict[str, Dataset]:
    """The documents of `w2s_functional_math`: of each problem the original, then its snapshots.

    Args:
        data_dir: folder with snapshots and originals; else the variable HARNESS_FUNCTIONAL_MATH.
        snapshots: names such as `Oct-2023`; all three that are published by default.
        originals: whether the originals are asked as well, for the reasoning gap.
        originals_revision: commit of their data set on the Hub; its newest by default.
        _options: what else lm-eval passes to every custom data set.

    Raises:
        InputError: options of another type, files that are not in the expected layout, or
            originals without a problem.
        EnvironmentFailure: a source cannot be reached.
    """
    names = _names_of(snapshots)
    if not isinstance(originals, bool):
        raise InputError(f"metadata.originals is {originals!r}; expected true or false.")
    folder = data_dir or os.environ.get(FOLDER_VARIABLE)
    where = Path(str(folder)).expanduser() if folder else None
    if where is not None and not where.is_dir():
        raise InputError(f"there is no folder {where} with the snapshots of MATH().")
    asked = {name: snapshot_problems(name, where) for name in names}
    wanted: set[str] = set().union(*asked.values())
    known = original_problems(where, wanted, originals_revision) if originals else {}
    return {"test": dataset_of(functional_documents(asked, known))}


def _names_of(snapshots: Any) -> list[str]:
    if snapshots is None:
        return list(SNAPSHOTS)
    names = [snapshots] if isinstance(snapshots, str) else snapshots
    if not isinstance(names, list | tuple) or not names or not all(type(n) is str for n in names):
        raise InputError(
            f"metadata.snapshots is {snapshots!r}; expected names, as in "
            '--metadata \'{"snapshots": ["Dec-2023"]}\'.'
        )
    return list(dict.fromkeys(names))


def functional_documents(
    snapshots: Mapping[str, Problems], originals: Problems
) -> Iterator[dict[str, str]]:
    """Documents in the order of the originals' names, so that a `--limit` keeps pairs together.

    Args:
        snapshots: by name of the snapshot, the problems by name of the original.
        originals: by name; only those that have a snapshot are asked.
    """
    for original in sorted(set().union(*snapshots.values())):
        if original in originals:
            yield document_of(originals[original], original=original, snapshot=STATIC)
        for name, problems in snapshots.items():
            if original in problems:
                yield document_of(problems[original], original=original, snapshot=name)


def snapshot_problems(name: str, folder: Path | None) -> Problems:
    """One snapshot's problems, by the name of their originals (`algebra/10`).

    Raises:
        InputError: it is neither in the folder nor published, or it cannot be read.
        EnvironmentFailure: it cannot be fetched.
    """
    source = _local(folder, name)
    if source is None and name not in SNAPSHOTS:
        raise InputError(
            f"there is no snapshot {name!r}{f' in {folder}' if folder else ''}; published are "
            f"{', '.join(SNAPSHOTS)}.",
            f"A snapshot of your own is a folder {name}/test/<subject>/<number>.json.",
        )
    path = source or _fetched(name)
    return _problems_of(_parsed(path), str(path))


def original_problems(
    folder: Path | None, wanted: set[str], revision: str | None = None
) -> Problems:
    """The static originals among the wanted ones, from the folder's `MATH` or from the Hub.

    Raises:
        InputError: none of the wanted ones is there.
        EnvironmentFailure: the Hub cannot be reached.
    """
    path = _local(folder, "MATH")
    source = str(path or ORIGINALS)
    rows = [
        (name, row)
        for name, row in (_parsed(path) if path else _on_hub(revision, folder))
        if name in wanted
    ]
    if not rows:
        raise InputError(
            f"{source} has none of the {len(wanted)} originals, so there is nothing to compare "
            "the snapshots with.",
            "Without originals: --metadata '{\"originals\": false}'",
        )
    return _problems_of(rows, source)


def _local(folder: Path | None, name: str) -> Path | None:
    if folder is None:
        return None
    candidates = [folder / name, *(folder / f"{name}{ending}" for ending in _ARCHIVES)]
    return next((path for path in candidates if path.exists()), None)


def _problems_of(rows: Iterable[tuple[str, Any]], source: str) -> Problems:
    """Problems by the name of their originals; every row that cannot be read is reported."""
    from harness.problems.loading import problem_of_row

    problems: Problems = {}
    issues = Issues()
    for original, row in rows:
        try:
            if not isinstance(row, Mapping):
                raise InputError("it is not a JSON object")
            problems[original] = problem_of_row(row, _COLUMNS)
        except InputError as error:
            issues.add(f"test/{original}.json", str(error))
    issues.raise_if_any(f"{source} cannot be used:")
    if not problems:
        raise InputError(f"{source} holds no test/<subject>/<number>.json.")
    return problems


def _parsed(source: Path) -> Iterator[tuple[str, Any]]:
    """Names of originals and rows; None in place of a row that is not JSON."""
    for original, content in _files(source):
        try:
            yield original, json.loads(content)
        except ValueError:
            yield original, None


def _files(source: Path) -> Iterator[tuple[str, bytes]]:
    """Names of originals and contents, from a folder or an archive; nothing is unpacked."""
    if source.is_dir():
        for path in sorted(source.glob("test/*/*.json")):
            if found := _MEMBER.fullmatch(path.relative_to(source).as_posix()):
                yield found["original"], path.read_bytes()
        return
    try:
        with tarfile.open(source) as archive:
            for member in archive:
                found = _MEMBER.fullmatch(PurePosixPath(member.name).as_posix())
                if found and member.isfile() and member.size <= _LARGEST_FILE:
                    opened = archive.extractfile(member)
                    yield found["original"], opened.read() if opened else b""
    except (tarfile.TarError, EOFError, OSError) as error:
        raise InputError(f"{source} is not a whole archive: {error}.") from None


def _fetched(name: str) -> Path:
    """The published archive, fetched once."""
    import urllib.request

    from harness.files import sha256_of, write_atomically
    from harness.paths import cache_folder

    path = cache_folder() / "functional_math" / COMMIT[:12] / f"{name}.tar.gz"
    if path.is_file() and sha256_of(path) == SNAPSHOTS[name]:
        return path
    address = f"{SOURCE}/{name}.tar.gz"
    try:
        with urllib.request.urlopen(address, timeout=_SECONDS) as reply:
            content: bytes = reply.read()
    except OSError as error:
        raise EnvironmentFailure(
            f"snapshot {name} of MATH() cannot be fetched from {address}: {error}",
            f"Put {name}.tar.gz of ConsequentAI/fneval into a folder and name it: "
            f'--metadata \'{{"data_dir": "FOLDER"}}\', or the variable {FOLDER_VARIABLE}.',
        ) from None
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content)
    if sha256_of(path) != SNAPSHOTS[name]:
        path.unlink()
        raise EnvironmentFailure(
            f"{address} is not the file that was published: its digest differs."
        )
    return path


def _on_hub(revision: str | None, folder: Path | None) -> Iterator[tuple[str, Any]]:
    """Names of originals and rows of the copy of MATH on the Hub, or of its download."""
    try:
        options = {"revision": revision}
        place = str(folder) if folder else None
        dataset = load_splits(ORIGINALS, None, options, place, [ORIGINALS_SPLIT])
    except HarnessError as error:
        raise EnvironmentFailure(
            f"the originals of MATH() cannot be fetched: {error.message}",
            "Put MATH.tar, or its folder MATH, beside the snapshots and name the folder: "
            f'--metadata \'{{"data_dir": "FOLDER"}}\', or the variable {FOLDER_VARIABLE}. '
            "Without originals there is no reasoning gap: --metadata '{\"originals\": false}'",
        ) from None
    rows = rows_of_split(dataset, ORIGINALS_SPLIT, ORIGINALS)
    if "id" not in rows.column_names:
        raise InputError(
            f"{ORIGINALS} has no column `id` with the names of MATH's files; it has "
            f"{', '.join(rows.column_names)}."
        )
    for row in rows:
        if found := _MEMBER.fullmatch(str(row["id"])):
            yield found["original"], row
