"""A journal of requests that are paid for and on their way, for the case of being killed.

What a request may cost is written down before it is sent and struck out when it is booked. A
process that is killed leaves the open ones; the next one books them as waste, at the most that
they can have taken, so that no restart forgets money. Lines survive the process without a
flush; the last ones may be lost with the machine.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.files import write_atomically
from harness.pool import LedgerLine, Pool
from harness.pool.identity import IDENTITY_FILE

_LONGEST_LINES = 20_000


class ReservationJournal:
    """Open reservations in one file.

    Args:
        path: the file; pools are named relative to its folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: dict[int, bytes] = {}
        self._lines = 0
        self._file: int | None = None

    def add(self, number: int, pool: Path, lines: Sequence[LedgerLine]) -> None:
        """Writes down a reservation, with what is to be booked if nobody strikes it out."""
        folder = os.path.relpath(pool, self._path.parent)
        entry = {"open": number, "pool": folder, "lines": [asdict(line) for line in lines]}
        self._open[number] = json.dumps(entry).encode() + b"\n"
        self._write(self._open[number])

    def strike(self, number: int) -> None:
        """Strikes a reservation out; harmless where it was never written down."""
        if self._open.pop(number, None) is None:
            return
        self._write(json.dumps({"closed": number}).encode() + b"\n")
        if self._lines >= _LONGEST_LINES:
            self._rewrite()

    def book_open(self) -> None:
        """Books what a killed process has left open, and begins anew."""
        for folder, lines in _open_entries(self._path):
            if (folder / IDENTITY_FILE).exists():
                _book(folder, lines)
        self._path.unlink(missing_ok=True)

    def _write(self, line: bytes) -> None:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(self._file, line)
        self._lines += 1

    def _rewrite(self) -> None:
        self.close()
        write_atomically(self._path, b"".join(self._open.values()))
        self._lines = len(self._open)

    def close(self) -> None:
        """Closes the file, and removes it if nothing is open."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if not self._open:
            self._path.unlink(missing_ok=True)


def _open_entries(path: Path) -> Iterator[tuple[Path, list[LedgerLine]]]:
    entries: dict[int, dict[str, Any]] = {}
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # Torn by the kill: it was not sent.
        if "open" in entry:
            entries[entry["open"]] = entry
        else:
            entries.pop(entry["closed"], None)
    for entry in entries.values():
        yield path.parent / entry["pool"], [LedgerLine(**line) for line in entry["lines"]]


def _book(folder: Path, lines: Sequence[LedgerLine]) -> None:
    """Books lines that the pool's ledger has no later line about."""
    with Pool.open(folder) as pool:
        booked: dict[tuple[str, int, str], float] = {}
        for line in pool.ledger():
            booked[line.problem_id, line.first_index, line.endpoint] = line.finished_at
        missing = [
            line
            for line in lines
            if booked.get((line.problem_id, line.first_index, line.endpoint), -1.0)
            < line.finished_at
        ]
        if missing:
            pool.record_waste(missing)
