"""Joins the report and the leaderboard: writes the run's entry and lists it locally."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.run_folder import RunFolder


def publish_entry(run: RunFolder) -> str:
    """Writes the leaderboard entry of a reported run, registers it, and returns its path."""
    from harness.files import read_json
    from leaderboard.entry import entry_of
    from leaderboard.store import register, write_entry

    entry = entry_of(read_json(run.report("json")))
    write_entry(run.entry_file, entry)
    register(entry)
    return str(run.entry_file)
