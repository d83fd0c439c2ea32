"""Nearly two hundred completions written against graders: nothing hangs, leaks or is accepted."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.grading import FORMATS, Grader, compare_answers
from harness.grading.symbolic import DEADLINE_SECONDS, SymbolicWorker
from tests.grading.hostile import GOLD, HOSTILE, in_a_box

DEADLINE = 2.0
SLACK = 1.0  # Half a second on a machine that does nothing else.
SURVIVORS = [("7", "\\boxed{7}"), ("\\frac12", "\\boxed{0.5}"), ("2\\sqrt3", "\\boxed{\\sqrt{12}}")]


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with Grader("boxed", memo=False, deadline=DEADLINE) as grader:
        warm = list(grader.grade([("\\sum_{k=1}^3 k", "\\boxed{6}")]))  # Starts its worker.
        assert warm[0].outcome == "correct"
        yield grader


def test_there_are_many_and_they_differ() -> None:
    assert len(HOSTILE) >= 120
    assert len(set(HOSTILE)) == len(HOSTILE)


def test_none_is_accepted_none_is_slow_and_nothing_is_written(
    grader: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    slow, accepted = [], []
    for answer in HOSTILE:
        started = time.monotonic()
        (verdict,) = grader.grade([(GOLD, in_a_box(answer))])
        if time.monotonic() - started > DEADLINE + SLACK:
            slow.append(answer[:60])
        if verdict.outcome == "correct":
            accepted.append(answer[:60])
    assert (slow, accepted) == ([], [])
    assert list(tmp_path.iterdir()) == []


def test_neighbours_keep_their_verdicts(grader: Grader) -> None:
    pairs = []
    for answer in HOSTILE:
        pairs += [(GOLD, in_a_box(answer)), *SURVIVORS]
    outcomes = [verdict.outcome for verdict in grader.grade(pairs)]
    assert len(outcomes) == len(pairs)
    alone = [outcome for place, outcome in enumerate(outcomes) if place % 4]
    assert set(alone) == {"correct"}


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_no_format_accepts_them(format: str) -> None:
    shapes = ("The final answer is ${}$. I hope it is correct.", "#### {}", '{{"answer": "{}"}}')
    with Grader(format, memo=False, deadline=DEADLINE) as grader:
        for shape in shapes:
            completions = [shape.format(answer) for answer in HOSTILE if "4" not in answer]
            found = grader.grade([(GOLD, completion) for completion in completions])
            assert "correct" not in {verdict.outcome for verdict in found}


def test_as_gold_answers_they_do_no_harm_either() -> None:
    assert compare_answers("\\sum_{k=1}^3 k", "6").outcome == "correct"  # Starts the worker.
    for gold in HOSTILE:
        if len(gold) <= 1000 and "\\sum" not in gold and "\\int" not in gold:
            started = time.monotonic()
            assert compare_answers(gold, GOLD).outcome != "correct"
            assert time.monotonic() - started < DEADLINE_SECONDS + SLACK, gold[:60]


HANGS = [
    "\\sum_{k=1}^{10^{12}} \\frac{1}{k^k}",
    "\\int_0^\\infty e^{-x^x} \\sin(x^x) dx",
    "\\binom{10^9}{5\\cdot10^8}",
]


@pytest.fixture(scope="module")
def worker() -> Iterator[SymbolicWorker]:
    worker = SymbolicWorker(deadline=1.0)
    assert "correct" in {worker.ask("1+1", "2").outcome for _ in range(4)}
    yield worker
    worker.close()


@pytest.mark.parametrize("hang", HANGS)
@pytest.mark.parametrize("plain", [False, True])
def test_what_passes_no_cap_is_killed_in_the_worker(
    worker: SymbolicWorker, hang: str, plain: bool
) -> None:
    """Straight into the worker, past the caps that keep such texts from it."""
    started = time.monotonic()
    found = worker.ask("\\sqrt{2}", hang, plain=plain)
    assert found.outcome != "correct"
    assert time.monotonic() - started < 1.0 + SLACK
    # More than once, as a busy machine may not manage its first second in the new child.
    assert "correct" in {worker.ask("1+1", "2").outcome for _ in range(4)}


def test_memory_is_bounded() -> None:
    """In a process of its own, which has no other children whose memory would count."""
    program = (
        "import resource\n"
        "from harness.grading.symbolic import DEADLINE_SECONDS, SymbolicWorker\n"
        "worker = SymbolicWorker(deadline=1.0)\n"
        r"found = worker.ask('4', '\operatorname{zeros}(10^5,10^5)', plain=True)"
        "\n"
        "assert found.outcome != 'correct', found\n"
        "worker.close()\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert 10_000 < int(done.stdout) < 1024 * 1024  # KiB
