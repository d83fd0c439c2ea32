"""How fast a pool takes samples, and what it costs to open and to compact a large one.

    python benchmarks/pool.py                         1 M samples, under a minute
    python benchmarks/pool.py --samples 10000000      some minutes and 2 GB of disk

Each step runs in a process of its own, so that its peak memory is its own. Side by side with
the obvious ways: a JSON line and an fsync for every request, and reading every sample to see
which are there.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from harness.pool import Pool, Sample
from harness.problems import Problem

SAMPLES_PER_PROBLEM = 30
REQUESTS_PER_DELIVERY = 8
TEXT = "Kim has 29 eggs. Then 29 + 7 is 36. Then 36 - 5 is 31. So the answer is 31. " * 4


def problems_of(samples: int) -> list[Problem]:
    """As many problems as the samples need."""
    count = max(1, samples // SAMPLES_PER_PROBLEM)
    return [Problem(question=f"What is {n} + 1?", gold=str(n + 1)) for n in range(count)]


def deliveries(problems: list[Problem]) -> Iterator[list[Sample]]:
    """Samples as the engine brings them: whole requests, several at a time, in no order."""
    waiting: list[Sample] = []
    ids = [problem.id for problem in problems]
    for number in range(len(ids)):
        one = ids[number * 7919 % len(ids)] if len(ids) % 7919 else ids[number]
        waiting += [
            Sample(one, index, f"{TEXT}{number} {index}", "stop", 40, 80, 0, index, "vllm", 1.0)
            for index in range(SAMPLES_PER_PROBLEM)
        ]
        if len(waiting) >= REQUESTS_PER_DELIVERY * SAMPLES_PER_PROBLEM:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def append(folder: Path, samples: int) -> float:
    """Seconds to append all samples durably; making the samples is not counted."""
    problems = problems_of(samples)
    seconds = 0.0
    with Pool.open_or_create(folder, {"benchmark": "pool"}, problems) as pool:
        for delivery in deliveries(problems):
            started = time.perf_counter()
            pool.append(delivery)
            seconds += time.perf_counter() - started
    return seconds


def append_plainly(folder: Path, samples: int) -> float:
    """The same with `json.dumps`, and an fsync for every request."""
    folder.mkdir()
    seconds = 0.0
    with (folder / "samples.jsonl").open("w") as stream:
        for delivery in deliveries(problems_of(samples)):
            started = time.perf_counter()
            for start in range(0, len(delivery), SAMPLES_PER_PROBLEM):
                for sample in delivery[start : start + SAMPLES_PER_PROBLEM]:
                    stream.write(json.dumps(asdict(sample)) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            seconds += time.perf_counter() - started
    return seconds


def open_to_resume(folder: Path, samples: int) -> float:
    """Seconds until the pool knows what it lacks."""
    started = time.perf_counter()
    pool = Pool.open(folder)
    missing = sum(len(indices) for _, indices in pool.missing(SAMPLES_PER_PROBLEM))
    seconds = time.perf_counter() - started
    if len(pool) + missing < samples - SAMPLES_PER_PROBLEM:
        raise SystemExit(f"{len(pool)} samples are there, {samples} were appended")
    return seconds


def read_plainly(folder: Path, samples: int) -> float:
    """Seconds to parse every line for its key."""
    started = time.perf_counter()
    with (folder / "samples.jsonl").open() as stream:
        keys = {(row["problem_id"], row["sample_index"]) for row in map(json.loads, stream)}
    assert len(keys) <= samples
    return time.perf_counter() - started


def compact(folder: Path, samples: int) -> float:
    """Seconds to merge everything into one canonical file."""
    pool = Pool.open(folder)
    with Pool.open_or_create(folder, pool.identity, pool.problems) as pool:
        started = time.perf_counter()
        pool.compact()
        return time.perf_counter() - started


STEPS: dict[str, Callable[[Path, int], float]] = {
    step.__name__: step for step in (append, append_plainly, open_to_resume, read_plainly, compact)
}


def measured(step: str, folder: Path, samples: int) -> tuple[float, float]:
    """Seconds and peak memory in MB of a step in a process of its own."""
    command = [sys.executable, __file__, "--step", step, "--folder", str(folder)]
    done = subprocess.run(
        [*command, "--samples", str(samples)], check=True, capture_output=True, text=True
    )
    seconds, peak = done.stdout.split()
    return float(seconds), float(peak)


def report(step: str, samples: int, seconds: float, peak: float) -> None:
    """One line."""
    print(
        f"{step:>16} {samples:>11,} {seconds:>9.2f} s {samples / seconds:>12,.0f}/s {peak:>7.0f} MB"
    )


def main() -> None:
    """Runs one step (`--step`), or all of them side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--plain-samples", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--step", choices=STEPS)
    options = parser.parse_args()
    if options.step:
        seconds = STEPS[options.step](options.folder, options.samples)
        print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        rates = {}
        for samples in (options.samples // 100, options.samples):
            folder = Path(name) / str(samples)
            for step in ("append", "open_to_resume", "compact", "open_to_resume"):
                seconds, peak = measured(step, folder, samples)
                report(step, samples, seconds, peak)
                rates[step] = samples / seconds
        for step in ("append_plainly", "read_plainly"):
            seconds, peak = measured(step, Path(name) / "plain", options.plain_samples)
            report(step, options.plain_samples, seconds, peak)
            rates[step] = options.plain_samples / seconds
        print(f"append against plain lines: {rates['append'] / rates['append_plainly']:.1f} times")
        print(
            f"open against plain lines: {rates['open_to_resume'] / rates['read_plainly']:.1f} times"
        )


if __name__ == "__main__":
    main()
