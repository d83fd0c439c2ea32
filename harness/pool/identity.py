"""What a pool was drawn from and how; samples of another origin may not join it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import orjson

from harness.errors import InputError, Issue
from harness.files import digest_of, read_json, write_atomically, write_json
from harness.problems import Problem, digest_of_problems

FORMAT = 2
IDENTITY_FILE = "identity.json"
PROBLEMS_FILE = "problems.jsonl"
COPIES_FOLDER = ".origin"
_MISSING = object()
_RESTORE = "`harness pool verify POOL --repair` puts the pool's own copy back."


def write_origin(folder: Path, identity: Mapping[str, Any], problems: Sequence[Problem]) -> None:
    """Writes the problems and then, as the last step of making a pool, its identity.

    Both also into a folder of copies: without them no sample could be used.
    """
    _write_origin(folder / COPIES_FOLDER, identity, problems)
    _write_origin(folder, identity, problems)


def restore_origin(folder: Path, aside: Path) -> bool:
    """Puts the copies in place of a damaged identity or damaged problems; whether it did.

    Args:
        folder: the pool.
        aside: where the damaged files go.
    """
    copies = folder / COPIES_FOLDER
    try:
        read_origin(folder)
        return False
    except InputError:
        pass
    try:
        read_origin(copies)
    except InputError:
        return False
    for name in (PROBLEMS_FILE, IDENTITY_FILE):
        if (folder / name).exists():
            aside.mkdir(parents=True, exist_ok=True)
            (folder / name).replace(aside / name)
        write_atomically(folder / name, (copies / name).read_bytes())
    return True


def _write_origin(folder: Path, identity: Mapping[str, Any], problems: Sequence[Problem]) -> None:
    lines = [json.dumps({"id": one.id, **asdict(one)}) for one in problems]
    write_atomically(folder / PROBLEMS_FILE, "".join(line + "\n" for line in lines))
    content = {
        "problems": {"count": len(problems), "digest": digest_of_problems(problems)},
        "identity": dict(identity),
    }
    write_json(folder / IDENTITY_FILE, {"format": FORMAT, "digest": digest_of(content), **content})


def read_identity(folder: Path) -> dict[str, Any]:
    """The identity of the pool in `folder`.

    Raises:
        InputError: there is no pool, or one that this version cannot read.
    """
    return dict(_read_document(folder)["identity"])


def read_origin(folder: Path) -> tuple[dict[str, Any], list[Problem]]:
    """The identity and the problems of the pool in `folder`, the problems in its order.

    Raises:
        InputError: there is no pool, this version cannot read it, or its problems were changed.
    """
    document = _read_document(folder)
    problems = _read_problems(folder / PROBLEMS_FILE)
    if digest_of_problems(problems) != document["problems"]["digest"]:
        raise InputError(
            f"{folder / PROBLEMS_FILE} does not hold the problems that the pool was made with "
            f"({document['problems']['count']} then, {len(problems)} now).",
            _RESTORE,
        )
    return dict(document["identity"]), problems


def check_same(folder: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Refuses an identity that differs from the pool's.

    Raises:
        InputError: every key that differs, with both values.
    """
    issues = differences(old, new)
    if issues:
        raise InputError(
            f"the pool in {folder} was drawn otherwise, so no sample can be added to it:",
            "Go on with the old settings, or choose another folder for a new pool.",
            issues,
        )


def differences(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    names: tuple[str, str] = ("the pool has", "asked for is"),
) -> list[Issue]:
    """Every key that differs between two identities, with both values, introduced by `names`."""
    before, now = dict(_flat(old)), dict(_flat(new))
    issues = []
    for key in sorted(before.keys() | now.keys()):
        had, has = before.get(key, _MISSING), now.get(key, _MISSING)
        if had != has:
            message = f"{names[0]} {_shown(had)}, {names[1]} {_shown(has)}"
            issues.append(Issue(key, message))
    return issues


def _read_document(folder: Path) -> dict[str, Any]:
    path = folder / IDENTITY_FILE
    try:
        document = read_json(path)
    except OSError as error:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            raise InputError(f"{path} cannot be read: {error.strerror}.") from None
        raise InputError(
            f"{folder} is not a pool: it holds no {IDENTITY_FILE}.",
            "Give the folder of a pool; `harness sample RUN` makes those of a run.",
        ) from None
    except ValueError as error:
        raise InputError(f"{path} is not JSON ({error}).", _RESTORE) from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InputError(
            f"{path} is not of format {FORMAT}, the one that this version of the harness reads.",
            "Use the version that made the pool, or a newer one.",
        )
    content = {name: document.get(name) for name in ("problems", "identity")}
    if document.get("digest") != digest_of(content):
        raise InputError(
            f"{path} is not what was written (its digest does not fit).",
            _RESTORE,
        )
    return document


def _read_problems(path: Path) -> list[Problem]:
    known = {field.name for field in fields(Problem)}
    try:
        rows = [_parsed(line) for line in path.read_bytes().splitlines()]
        return [Problem(**{key: row[key] for key in known}) for row in rows]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"{path} cannot be read as the problems of a pool ({error}).",
            _RESTORE,
        ) from None


def _parsed(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except ValueError:
        return json.loads(line)  # It knows lone surrogates, which questions may hold.


def _flat(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", list(value) if isinstance(value, tuple) else value


def _shown(value: Any) -> str:
    return "nothing" if value is _MISSING else json.dumps(value, ensure_ascii=False, default=str)
