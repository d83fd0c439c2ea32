"""`harness leaderboard`: what has been compared so far, on this machine and elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.output import emit, json_option


@click.group(short_help="List the entries of the leaderboard.")
def leaderboard() -> None:
    """Entries of the leaderboard: one experiment each, with the evidence behind it.

    A finished run makes an entry and lists it here.
    """


@leaderboard.command(name="list", short_help="List entries as a table.")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@json_option
def list_entries(paths: tuple[Path, ...], as_json: bool) -> None:
    """List entries: the local ones, or those in PATH (entry files, runs, folders of entries).

    Files that are no valid entries are named with the reason, and the others are still listed;
    the exit status is then 2.
    """
    from harness.errors import InputError
    from leaderboard.store import load_entries
    from leaderboard.table import sorted_entries, table_of

    loaded = load_entries(paths)
    files = {entry.id: str(path) for path, entry in loaded.entries}
    entries = sorted_entries(entry for _, entry in loaded.entries)
    document = {
        "entries": [{"file": files[one.id], **one.model_dump(mode="json")} for one in entries],
        "invalid": [{"file": issue.where, "reason": issue.message} for issue in loaded.issues],
    }
    emit(document, table_of(entries), as_json)
    if loaded.issues:
        raise InputError(
            f"{len({issue.where for issue in loaded.issues})} place(s) hold no valid entry:",
            "Make an entry again with `harness report RUN`, or remove the file.",
            loaded.issues,
        )


@leaderboard.command(short_help="Show one entry and its evidence.")
@click.argument("name", metavar="ID_OR_PATH")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show one entry: a listed one by the first digits of its id, or a file or a run's folder."""
    from tabulate import tabulate

    from leaderboard.store import find_entry
    from leaderboard.table import lines_of, table_of

    path, entry = find_entry(name)
    details = tabulate([*lines_of(entry), ("file", path)], tablefmt="plain", disable_numparse=True)
    document = {"file": str(path), **entry.model_dump(mode="json")}
    emit(document, f"{table_of([entry])}\n\n{details}", as_json)
