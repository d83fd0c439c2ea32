"""Where entries lie: in runs, in a folder of the user's, and with the package.

Reading never stops at a bad file: every one is reported with its place and the reason, and
the others are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.errors import InputError, Issue
from harness.files import write_json
from harness.paths import data_folder
from leaderboard.schema import Entry

ENTRY_FILE = "leaderboard_entry.json"
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Loaded:
    """Entries that could be read, with their files, and what was wrong with the others."""

    entries: list[tuple[Path, Entry]]
    issues: list[Issue]


def entries_folder() -> Path:
    """The user's own entries, one file each."""
    return data_folder() / "leaderboard"


def shipped_folder() -> Path:
    """The entries that come with the package; the folder may not be there."""
    return Path(__file__).resolve().parent / "entries"


def write_entry(path: Path, entry: dict[str, Any]) -> None:
    """Writes an entry.

    Raises:
        pydantic.ValidationError: it is not a whole entry.
    """
    write_json(path, Entry.model_validate(entry).model_dump(mode="json"))


def register(entry: dict[str, Any]) -> Path | None:
    """Puts an entry among the user's own; a run has one there, its newest.

    Returns:
        The file, or None for an entry without measurements, which is not listed.
    """
    checked = Entry.model_validate(entry)
    if not checked.budgets:
        return None
    folder = entries_folder()
    path = folder / f"{checked.recipe.name}-{checked.id}.json"
    write_entry(path, entry)
    for other, known in _read_all(_files_in(folder), []):
        if other != path and _same_run(known, checked):
            other.unlink(missing_ok=True)
    return path


def _same_run(one: Entry, other: Entry) -> bool:
    return bool(one.evidence.pools) and (one.evidence.recipe, one.evidence.pools) == (
        other.evidence.recipe,
        other.evidence.pools,
    )


def load_entries(paths: Sequence[Path] = ()) -> Loaded:
    """Reads entries.

    Args:
        paths: entry files, folders of runs, or folders of entries; without any, the user's
            own entries and those of the package.

    Returns:
        Each entry once, in the order found, and the files that could not be read.
    """
    issues: list[Issue] = []
    files = list(_files_of(paths, issues) if paths else _default_files())
    found: dict[str, tuple[Path, Entry]] = {}
    for path, entry in _read_all(files, issues):
        found.setdefault(entry.id, (path, entry))
    return Loaded(list(found.values()), issues)


def find_entry(name: str) -> tuple[Path, Entry]:
    """The entry in a file or a run's folder, or the listed one whose id starts with `name`.

    Raises:
        InputError: there is none, several begin like that, or the file cannot be read.
    """
    path = Path(name)
    loaded = load_entries([path] if path.exists() else [])
    if path.exists():
        if len(loaded.entries) == 1 and not loaded.issues:
            return loaded.entries[0]
        if loaded.issues:
            raise InputError(f"{name} cannot be shown:", issues=loaded.issues)
        raise InputError(f"{name} holds {len(loaded.entries)} entries.", "Name one of its files.")
    matching = [one for one in loaded.entries if one[1].id.startswith(name.lower())]
    if len(matching) == 1:
        return matching[0]
    if matching:
        ids = ", ".join(entry.id for _, entry in matching)
        raise InputError(f"several entries begin with {name}: {ids}.", "Give more digits.")
    raise InputError(
        f"there is no file {name} and no entry whose id begins with that.",
        "`harness leaderboard list` shows the ids.",
    )


def _default_files() -> Iterator[Path]:
    yield from _files_in(entries_folder())
    yield from _files_in(shipped_folder())


def _files_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json")) if folder.is_dir() else []


def _files_of(paths: Iterable[Path], issues: list[Issue]) -> Iterator[Path]:
    for path in paths:
        if path.is_file():
            yield path
        elif (path / ENTRY_FILE).is_file():
            yield path / ENTRY_FILE
        elif (path / "recipe.yaml").is_file():
            issues.append(
                Issue(str(path), "is a run without a leaderboard entry.", f"harness report {path}")
            )
        elif path.is_dir():
            inside = _files_in(path)
            if not inside:
                issues.append(Issue(str(path), "holds no entries (*.json)."))
            yield from inside
        else:
            issues.append(Issue(str(path), "is not there."))


def _read_all(files: Iterable[Path], issues: list[Issue]) -> Iterator[tuple[Path, Entry]]:
    for path in files:
        try:
            yield path, read_entry(path)
        except InputError as error:
            issues += error.issues


def read_entry(path: Path) -> Entry:
    """Reads one entry.

    Raises:
        InputError: it is no valid entry; its `issues` name every place and reason.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _refused(path, [f"is larger than {_MOST_BYTES:,} bytes, so it is no entry."])
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(path, [f"cannot be read ({error})."]) from None
    except (ValueError, RecursionError) as error:
        raise _refused(path, [f"is not JSON ({error})."]) from None
    if not isinstance(document, dict):
        raise _refused(path, ["is JSON, but not an entry: an object was expected."])
    try:
        return Entry.model_validate(document)
    except ValidationError as error:
        raise _refused(path, _reasons(error)) from None


def _reasons(error: ValidationError) -> list[str]:
    return [
        f"{'.'.join(map(str, one['loc'])) or 'the whole entry'}: {one['msg']}"
        for one in error.errors(include_url=False, include_input=False)
    ]


def _refused(path: Path, reasons: Iterable[str]) -> InputError:
    issues = [Issue(str(path), reason) for reason in reasons]
    return InputError(f"{path} is no valid leaderboard entry:", issues=issues)
