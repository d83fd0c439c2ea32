"""How long `harness compare` takes for two pools on disk, text keys included.

    python benchmarks/compare.py [--problems 7500] [--samples 30]

The pools are simulated: problems of different difficulty, completions of a few hundred
characters of which some repeat. What is timed is the whole command in a process of its own, from
the start of Python to the JSON document.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from harness.pool import Pool, Sample
from harness.problems import Problem

GRADER = {"grader": "answer", "version": "simulated"}
REPEATED = 0.1
WORDS = ("so", "we", "add", "the", "apples", "and", "get", "12", "=", "3", "times", "4", "then")


def simulated_pool(folder: Path, problems: list[Problem], samples: int, skill: float) -> Path:
    """A graded pool; each problem has its own chance of a correct sample.

    Args:
        folder: where it is made.
        problems: what it answers.
        samples: a problem.
        skill: mean chance, between 0 and 1.
    """
    source = np.random.default_rng(int(skill * 1000))
    chances = source.beta(skill, 1 - skill, len(problems))
    with Pool.open_or_create(folder, {"model": {"id": folder.name}}, problems) as pool:
        rows, drawn = [], []
        for one, chance in zip(problems, chances, strict=True):
            words = source.choice(WORDS, (samples, 60))
            texts = [" ".join(line) for line in words]
            for index in np.flatnonzero(source.random(samples) < REPEATED):
                texts[index] = texts[0]
            drawn += [
                Sample(one.id, index, text, "stop", 40, 60, 0, None, "simulated", None)
                for index, text in enumerate(texts)
            ]
            for index, right in enumerate(source.random(samples) < chance):
                answer = "1" if right else str(source.integers(2, 9))
                outcome = "correct" if right else "wrong"
                rows.append((one.id, index, outcome, answer, "####", "number", ""))
        pool.append(drawn)
        pool.compact()
        names = ("problem_id", "sample_index", "outcome", "answer", "rule", "stage", "reason")
        columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
        pool.write_verdicts("answer", pa.table(columns), GRADER)
    return folder


def main() -> None:
    """Prints the seconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--problems", type=int, default=7500)
    parser.add_argument("--samples", type=int, default=30)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    problems = [
        Problem(f"question {number}", "1", level=str(number % 5 + 1))
        for number in range(options.problems)
    ]
    with tempfile.TemporaryDirectory() as name:
        pools = [
            simulated_pool(Path(name) / side, problems, options.samples, skill)
            for side, skill in (("wc", 0.3), ("se", 0.4))
        ]
        command = [sys.executable, "-m", "harness", "compare", *map(str, pools)]
        command += ["--match", "number", "--by", "level", "--json"]
        seconds = []
        for _ in range(options.repeat):
            started = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            seconds.append(time.perf_counter() - started)
        document = json.loads(done.stdout)
    drawn = options.problems * options.samples
    coverage = document["sides"]["wc"]["coverage"]["value"]
    print(
        f"two pools of {drawn:,} samples: {min(seconds):.1f} s, in {options.repeat} runs at most "
        f"{max(seconds):.1f} s; coverage@{options.samples} of the first {coverage:.3f}"
    )


if __name__ == "__main__":
    main()
