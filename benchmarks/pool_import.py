"""How fast samples of a file become a pool, and how much memory that takes.

    python benchmarks/pool_import.py [--million] [--characters 400]

Each import runs in a process of its own. The plain loop beside it only parses every line with
the standard library, once: the least that any importer does. "Memory" is the largest resident
set of the process; what it would be without samples is the line of 1,000 rows.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from tabulate import tabulate

from harness.interchange.data_sets import DataSetName
from harness.interchange.exporting import ExportRequest, export_pool
from harness.interchange.importing import import_samples
from harness.interchange.request import ImportRequest
from harness.progress import Progress

SAMPLES_PER_PROBLEM = 100


def write_files(folder: Path, rows: int, characters: int) -> None:
    """Problems, and samples that come round by round, as an engine would deliver them."""
    problems = max(1, rows // SAMPLES_PER_PROBLEM)
    with (folder / "problems.jsonl").open("w") as stream:
        for number in range(problems):
            row = {"question": f"What is {number} + 1?", "gold": number + 1, "external_id": number}
            stream.write(json.dumps(row) + "\n")
    with (folder / "samples.jsonl").open("w") as stream:
        for number in range(rows):
            text = f"Let me think about {number}.\n" + "step by step " * (characters // 13)
            row = {"problem_id": number % problems, "completion": text, "completion_tokens": 80}
            stream.write(json.dumps(row) + "\n")


def import_all(folder: Path) -> None:
    """The import."""
    import_samples(
        ImportRequest(
            samples=(DataSetName(str(folder / "samples.jsonl")),),
            problems=DataSetName(str(folder / "problems.jsonl")),
            model="benchmark",
            out=folder / "pool",
        ),
        Progress((folder / "progress.log").open("w")),
    )


def export_all(folder: Path) -> None:
    """The export of what was imported, as JSON lines."""
    request = ExportRequest(folder / "pool", folder / "files")
    export_pool(request, Progress((folder / "progress.log").open("w")))


def parse_all(folder: Path) -> None:
    """Parses every line once, and keeps nothing."""
    with (folder / "samples.jsonl").open() as stream:
        for line in stream:
            json.loads(line)


def measured(work: Callable[[Path], None], folder: Path) -> tuple[float, float]:
    """Seconds and largest resident set (MB) of the work in a new process."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(work, folder, sender))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{work.__name__} failed")
    seconds, megabytes = receiver.recv()
    return seconds, megabytes


def _child(work: Callable[[Path], None], folder: Path, sender: Connection) -> None:
    started = time.perf_counter()
    work(folder)
    seconds = time.perf_counter() - started
    sender.send((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--million", action="store_true", help="1,000,000 rows as well")
    parser.add_argument("--characters", type=int, default=400, help="length of a completion")
    options = parser.parse_args()
    table = []
    for rows in [1_000, 10_000, 100_000, *([1_000_000] if options.million else [])]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_files(folder, rows, options.characters)
            loop, _ = measured(parse_all, folder)
            seconds, megabytes = measured(import_all, folder)
            out, out_megabytes = measured(export_all, folder)
        table.append((rows, seconds, rows / seconds, megabytes, loop, seconds / loop,
                      out, rows / out, out_megabytes))  # fmt: skip
    headers = ["rows", "import, s", "rows/s", "MB", "parsing alone, s", "ratio",
               "export, s", "rows/s", "MB"]  # fmt: skip
    formats = (",", ".1f", ",.0f", ".0f", ".2f", ".1f", ".1f", ",.0f", ".0f")
    print(tabulate(table, headers, floatfmt=formats, intfmt=","))


if __name__ == "__main__":
    main()
