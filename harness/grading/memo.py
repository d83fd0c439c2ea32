"""Verdicts on pairs of answers, remembered across runs in the user's cache folder.

Sqlite in WAL mode: several processes may write at once, and a process that is killed loses its
last few hundred entries and nothing else. The memo is a cache: where it cannot be used (a full
or read-only disk, a damaged file), grading goes on without it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.grading.comparison import Comparison
from harness.grading.verdict import Outcome
from harness.paths import cache_folder

Pair = tuple[str, str]

_LOG = logging.getLogger(__name__)
_SCHEMA = """
create table if not exists comparisons (
    key blob primary key, outcome text not null, stage text not null, reason text not null
) without rowid
"""
_AT_ONCE = 500
_NAMES: tuple[Outcome, ...] = ("correct", "wrong", "undecided")
_OUTCOMES: dict[str, Outcome] = {str(name): name for name in _NAMES}


def default_memo() -> Path:
    """The memo that all runs of this user share."""
    return cache_folder() / "grading" / "memo.sqlite"


class Memo:
    """Comparisons of one grader identity in a file that other graders and processes share.

    Args:
        path: the file; made where it is missing, made again where it is damaged.
        identity: what the verdicts depend on: options and versions.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        self.path = path
        salt = json.dumps(identity, sort_keys=True, default=str).encode()
        self._salt = hashlib.blake2b(salt, digest_size=32).digest()
        self._waiting: dict[bytes, Comparison] = {}
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection | None:
        for attempt in (1, 2):
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                connection = sqlite3.connect(self.path, timeout=10, isolation_level=None)
                connection.execute("pragma journal_mode=wal")
                connection.execute("pragma synchronous=normal")
                connection.execute(_SCHEMA)
                return connection
            except (sqlite3.OperationalError, OSError) as problem:
                self._report(problem)
                return None
            except sqlite3.DatabaseError as problem:
                if attempt == 2:
                    self._report(problem)
                else:
                    self.path.replace(self.path.with_suffix(".damaged"))
        return None

    def _report(self, problem: Exception) -> None:
        _LOG.warning("%s cannot be used (%s); verdicts are not remembered.", self.path, problem)

    def _abandon(self, problem: Exception) -> None:
        """Goes on without the file."""
        self._report(problem)
        self._connection = None

    def key(self, pair: Pair) -> bytes:
        """What a pair is remembered under."""
        text = f"{len(pair[0])}\n{pair[0]}{pair[1]}"
        raw = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(raw, key=self._salt, digest_size=16).digest()

    def known(self, pairs: Sequence[Pair]) -> dict[Pair, Comparison]:
        """What is remembered of these pairs."""
        if self._connection is None or not pairs:
            return {}
        keys = {self.key(pair): pair for pair in pairs}
        found: dict[Pair, Comparison] = {}
        wanted = list(keys)
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            query = f"select * from comparisons where key in ({marks})"
            try:
                rows = self._connection.execute(query, some).fetchall()
            except sqlite3.DatabaseError as problem:
                self._abandon(problem)
                return found
            for key, outcome, stage, reason in rows:
                if outcome in _OUTCOMES:
                    found[keys[key]] = Comparison(_OUTCOMES[outcome], stage, reason)
        return found

    def remember(self, pair: Pair, comparison: Comparison) -> None:
        """Notes a comparison; it is written with others, at the latest by `flush`."""
        if self._connection is None:
            return
        self._waiting[self.key(pair)] = comparison
        if len(self._waiting) >= _AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Writes what is waiting, in one transaction."""
        waiting, self._waiting = self._waiting, {}
        if self._connection is None or not waiting:
            return
        rows = [(key, *comparison) for key, comparison in waiting.items()]
        try:
            self._connection.execute("begin immediate")
            self._connection.executemany("insert or ignore into comparisons values (?,?,?,?)", rows)
            self._connection.execute("commit")
        except sqlite3.DatabaseError as problem:
            self._abandon(problem)

    def close(self) -> None:
        """Writes what is waiting and closes the file."""
        self.flush()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
