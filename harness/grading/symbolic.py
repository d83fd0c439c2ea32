"""The symbolic stage from outside: asks the worker, and outlives whatever happens to it.

One request is in the worker at a time, so a request that hangs or kills it loses nobody else's
verdict. The worker is started when it is first needed, and again when it died.
"""

from __future__ import annotations

import json
import sys
import threading
from functools import lru_cache

from harness.grading.comparison import Comparison, Symbolic
from harness.grading.conventions import Conventions
from harness.grading.normalisation import plain_latex
from harness.grading.symbolic_caps import refusal
from harness.grading.verdict import Outcome
from harness.grading.worker_process import WorkerProcess

DEADLINE_SECONDS = 3.0
MEMORY_MIB = 1024
_GRACE_SECONDS = 0.3  # For the worker to kill its child and say so.
TRANSIENT = "no verdict in"  # Not to be remembered: a busy machine says nothing of a pair.
_OUTCOMES: dict[str, Outcome] = {"correct": "correct", "wrong": "wrong"}


class SymbolicWorker:
    """The worker that compares symbolically; threads take turns.

    Args:
        deadline: seconds for one comparison.
        memory_mib: address space of the process that compares, in MiB.
        python: interpreter that runs the worker.
    """

    def __init__(
        self,
        deadline: float = DEADLINE_SECONDS,
        memory_mib: int = MEMORY_MIB,
        python: str = sys.executable,
    ) -> None:
        arguments = [f"{deadline:g}", str(memory_mib)]
        self._process = WorkerProcess("harness.grading.symbolic_worker", arguments, python)
        self._deadline = deadline
        self._lock = threading.Lock()

    @property
    def running(self) -> bool:
        """Whether it is there, so that asking costs no start."""
        return self._process.running

    def start(self) -> None:
        """Starts the worker where it is not running.

        Raises:
            EnvironmentFailure: it does not start.
        """
        with self._lock:
            self._process.start()

    def ask(self, gold: str, answer: str, *, plain: bool = False) -> Comparison:
        """Compares two texts; `plain`: by math-verify alone, as it comes.

        Raises:
            EnvironmentFailure: the worker does not start.
        """
        return self.ask_within(self._deadline, gold, answer, plain=plain)

    def ask_within(self, seconds: float, gold: str, answer: str, *, plain: bool) -> Comparison:
        """Compares two texts in what is left of the deadline, in seconds.

        Raises:
            EnvironmentFailure: the worker does not start.
        """
        asked = {"gold": gold, "answer": answer, "plain": plain, "seconds": seconds}
        with self._lock:
            sent = self._process.send(json.dumps(asked).encode() + b"\n")
            line = self._process.receive(seconds + _GRACE_SECONDS) if sent else None
            if line is None:
                self._process.kill()
                return Comparison("undecided", "symbolic", f"{TRANSIENT} {self._deadline:g} s")
        reply = json.loads(line)
        outcome = _OUTCOMES.get(reply["outcome"], "undecided")
        return Comparison(outcome, "symbolic", reply["reason"])

    def close(self) -> None:
        """Ends the worker; it starts again when it is asked."""
        self._process.kill()


@lru_cache(maxsize=1)
def shared_worker() -> SymbolicWorker:
    """The worker that all single comparisons of this process share."""
    return SymbolicWorker()


def symbolic_stage(options: Conventions, worker: SymbolicWorker | None = None) -> Symbolic:
    """The last stage of the cascade: caps, then the worker.

    Args:
        options: the conventions by which texts are made plain.
        worker: None: the one that this process shares.
    """

    def compare(gold: str, answer: str) -> Comparison:
        gold, answer = plain_latex(gold, options), plain_latex(answer, options)
        if reason := refusal(gold, answer):
            return Comparison("undecided", "cap", reason)
        return (worker or shared_worker()).ask(gold, answer)

    return compare
