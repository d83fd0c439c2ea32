"""What tests watch while pools are drawn: journals, processes, digests."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.pool import Pool


def digest(folder: Path) -> str:
    assert not (folder / "samples.jsonl").exists()
    return Pool.open(folder).digest()


def processes_with(text: str) -> list[int]:
    """Processes that have `text` in their environment or command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            content = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            zombie = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            continue
        if text.encode() in content and int(entry.name) != os.getpid() and not zombie:
            found.append(int(entry.name))
    return found


def wait_until(what: Callable[[], Any], seconds: float = 600) -> Any:
    """Waits; an engine that starts beside others on two busy cores takes minutes."""
    deadline = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)
    return value


def journal_lines(folder: Path) -> int:
    journal = folder / "samples.jsonl"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0
