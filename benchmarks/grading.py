r"""How many samples a second are graded, beside plain math-verify on the same samples.

    python benchmarks/grading.py --data FOLDER [--workers 2] [--theirs 300]

A second table says how far processes can scale. One process of the harness hands completions
out and takes verdicts in; it is the part that more workers do not shorten. Its share is measured
in processor time, which a busy machine changes less than the time on the clock.

FOLDER holds the project's shared data. Two kinds of samples:

* numbers: 5,276 GSM8K solutions of GPT-3 models, graded by their last number;
* MATH-like: solutions of the `math`, `olympiadbench` and `omnimath` parts of ProcessBench whose
  answer is in a box. Their gold answers are not in the data: a solution that is labelled right
  is graded against its own answer in another notation, a wrong one against the answer of
  another problem.

Cold means that no pair was compared before; warm, that all were, in an earlier run, and are
read from the memo's file. math-verify grades in this process, on the first samples only
(`--theirs`), from the whole completion, as its own `parse` and `verify` do it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import random
import re
import resource
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tabulate import tabulate

from harness.grading import Grader, Verdict
from harness.grading.boxes import last_box

Pair = tuple[str, str]
_REPEATS = 8


class Line(NamedTuple):
    """One row of the result: samples a second, and the shares of outcomes."""

    samples: str
    how: str
    per_second: float
    correct: float
    undecided: float


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a compressed JSON-lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def number_samples(folder: Path) -> list[Pair]:
    """Gold answer and solution of each GSM8K sample."""
    golds = {row["id"]: row["answer"] for row in rows_of(folder / "gsm8k_test.jsonl.gz")}
    rows = rows_of(folder / "gsm8k_openai_6b_175b.jsonl.gz")
    return [(golds[row["id"]], row["solution"]) for row in rows]


def math_samples(folder: Path) -> list[Pair]:
    """Gold answer and solution of each sample of ProcessBench with a box."""
    source = random.Random(0)
    found = []
    for row in rows_of(folder / "processbench.jsonl.gz"):
        text = "\n\n".join(row["steps"])
        answer = last_box(text)
        if row["subset"] != "gsm8k" and answer and len(answer) < 300:
            found.append((row["final_answer_correct"], answer.strip(), text))
    source.shuffle(found)
    golds = [answer for _, answer, _ in found]
    return [
        (in_another_notation(answer) if right else source.choice(golds), text)
        for right, answer, text in found
    ]


def in_another_notation(answer: str) -> str:
    """The same answer, written another way."""
    if re.fullmatch(r"\d{4,}", answer):
        return f"{int(answer):,}"
    answer = re.sub(r"\\frac\{(\w+)\}\{(\w+)\}", r"{\1}/{\2}", answer)
    return answer.replace("\\sqrt{2}", "2^{1/2}").replace(",", " ,\\ ")


def timed(grader: Grader, samples: list[Pair]) -> tuple[float, list[Verdict]]:
    """Samples a second of wall-clock time, and the verdicts."""
    started = time.perf_counter()
    verdicts = list(grader.grade(samples))
    return len(samples) / (time.perf_counter() - started), verdicts


def line_of(name: str, how: str, speed: float, verdicts: list[Verdict]) -> Line:
    """A row from the verdicts."""
    shares = [
        100 * sum(verdict.outcome == outcome for verdict in verdicts) / len(verdicts)
        for outcome in ("correct", "undecided")
    ]
    return Line(name, how, speed, *shares)


def ours(name: str, format: str, samples: list[Pair]) -> Iterator[Line]:
    """Cold and warm, with one worker."""
    with tempfile.TemporaryDirectory() as folder:
        memo = Path(folder) / "memo.sqlite"
        for how in ("cold", "warm, from the memo's file"):
            with Grader(format, memo=memo) as grader:
                started(grader)
                yield line_of(name, f"harness, {how}", *timed(grader, samples))
                if how != "cold":
                    again = timed(grader, samples)
                    yield line_of(name, "harness, warm, in memory", *again)


class Scaling(NamedTuple):
    """How several workers compare with one.

    Attributes:
        forwarding: processor time of the process that hands out, in microseconds a sample.
        grading: that of all workers together.
        limit: what `workers` can be faster than one, on as many free cores: workers times
            grading over grading and forwarding.
        measured: what they were.
    """

    samples: str
    workers: int
    forwarding: float
    grading: float
    limit: float
    one: float
    several: float
    measured: float


def scaling(name: str, format: str, samples: list[Pair], workers: int) -> Scaling:
    """One worker and several on the same samples, with a cold memo."""
    # No pair twice, so that the memo of a process says nothing about the number of processes.
    many = [(gold + " " * n, text) for n in range(1, _REPEATS + 1) for gold, text in samples]
    idle, _, _ = run_of(format, [], workers)
    both, forwarding, several = run_of(format, many, workers)
    _, _, one = run_of(format, many, 1)
    grading = (both - idle) / len(many) * 1e6
    forwarding = forwarding / len(many) * 1e6
    limit = workers * grading / (grading + forwarding)
    many_a_second = (len(many) / one, len(many) / several)
    how = f"{name.split(' ')[0]} ({len(many):,})"
    return Scaling(how, workers, forwarding, grading, limit, *many_a_second, one / several)


def run_of(format: str, samples: list[Pair], workers: int) -> tuple[float, float, float]:
    """Seconds: of the workers' processors, start included; of this one; on the clock."""
    children = processor_seconds(resource.RUSAGE_CHILDREN)
    with Grader(format, memo=False, workers=workers) as grader:
        started(grader)
        mine, begun = processor_seconds(resource.RUSAGE_SELF), time.perf_counter()
        deque(grader.grade(samples), maxlen=0)
        seconds = time.perf_counter() - begun
        mine = processor_seconds(resource.RUSAGE_SELF) - mine
    return processor_seconds(resource.RUSAGE_CHILDREN) - children, mine, seconds


def processor_seconds(whose: int) -> float:
    """Of this process, or of its children that have ended."""
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


def started(grader: Grader) -> None:
    """Starts the processes, which is not what is timed."""
    list(grader.grade([("\\sum_{k=1}^3 k", f"\\boxed{{6}} {n}\n 6") for n in range(400)]))


def theirs(name: str, samples: list[Pair]) -> Line:
    """Plain math-verify."""
    from math_verify import parse, verify

    logging.disable(logging.CRITICAL)
    begun = time.perf_counter()
    verdicts = []
    for gold, completion in samples:
        right = verify(parse(f"${gold}$"), parse(completion))
        verdicts.append(Verdict("correct" if right else "wrong", None, "", ""))
    return line_of(name, "math-verify", len(samples) / (time.perf_counter() - begun), verdicts)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--theirs", type=int, default=300, help="Samples for math-verify.")
    chosen = parser.parse_args()
    lines: list[Line] = []
    scaled: list[Scaling] = []
    for name, format, samples in (
        ("numbers", "gsm8k_cot", number_samples(chosen.data)),
        ("MATH-like", "boxed", math_samples(chosen.data)),
    ):
        lines += ours(f"{name} ({len(samples):,})", format, samples)
        lines.append(theirs(f"{name} ({chosen.theirs:,})", samples[: chosen.theirs]))
        scaled.append(scaling(name, format, samples, chosen.workers))
    headers = ["samples", "grader", "samples/s", "correct, %", "undecided, %"]
    print(tabulate(lines, headers, floatfmt=("", "", ",.0f", ".2f", ".2f")))
    headers = [
        "samples",
        "workers",
        "forwarding, us",
        "grading, us",
        "limit",
        "1 worker, samples/s",
    ]
    headers += [f"{chosen.workers} workers, samples/s", "measured"]
    print()
    print(tabulate(scaled, headers, floatfmt=("", "", ".2f", ".1f", ".2f", ",.0f", ",.0f", ".2f")))


if __name__ == "__main__":
    main()
