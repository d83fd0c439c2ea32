"""Static and functional accuracy, and the gap between them, paired by original problem.

Srivastava et al. (2024, arXiv 2402.19450) rewrite a problem as a function and ask several of its
instances, the snapshots. A problem is functionally solved if its static original and all of its
snapshots are; the reasoning gap is the relative drop from static to functional accuracy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from harness.evaluation.sample_metrics import ratio_stderr
from harness.statistics.intervals import Floats

STATIC = "static"


class PairedOutcome(float):
    """1.0 for a right answer and 0.0 for another, and what was asked.

    A number, so that lm-eval logs it and anybody may average it; what it belongs to, so that
    the outcomes of one original problem find each other again.

    Attributes:
        original: the original problem, such as `algebra/10`.
        snapshot: the snapshot, or `static` for the original itself.
    """

    original: str
    snapshot: str

    def __new__(cls, solved: float, original: str, snapshot: str) -> PairedOutcome:
        """An outcome; float takes its value here."""
        made = super().__new__(cls, solved)
        made.original, made.snapshot = original, snapshot
        return made

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Lets lm-eval send outcomes between its processes."""
        return float(self), self.original, self.snapshot


def solved_pairs(outcomes: Sequence[PairedOutcome]) -> Floats:
    """Which originals were solved statically, and which functionally.

    Args:
        outcomes: of originals and snapshots, in any order.

    Returns:
        (problems, 2), of the problems with an outcome of the original and of every snapshot:
        whether the original is solved, and whether all of its snapshots are as well.
    """
    asked = {outcome.snapshot for outcome in outcomes} | {STATIC}
    by_original: dict[str, dict[str, bool]] = {}
    for outcome in outcomes:
        by_original.setdefault(outcome.original, {})[outcome.snapshot] = outcome == 1.0
    whole = [solved for solved in by_original.values() if solved.keys() == asked]
    rows = [(solved[STATIC], all(solved.values())) for solved in whole if len(asked) > 1]
    return np.array(rows, dtype=np.float64).reshape(len(rows), 2)


def paired_problems(outcomes: Sequence[PairedOutcome]) -> int:
    """Problems with an outcome of the original and of every snapshot."""
    return len(solved_pairs(outcomes))


def static_accuracy(outcomes: Sequence[PairedOutcome]) -> float:
    """Share of the paired problems whose original is solved; NaN without any."""
    return _mean(solved_pairs(outcomes)[:, 0])


def static_accuracy_stderr(outcomes: Sequence[PairedOutcome]) -> float:
    """Standard error of the static accuracy, over problems."""
    return _mean_stderr(solved_pairs(outcomes)[:, 0])


def functional_accuracy(outcomes: Sequence[PairedOutcome]) -> float:
    """Share of the paired problems solved in the original and in all snapshots; NaN without any."""
    return _mean(solved_pairs(outcomes)[:, 1])


def functional_accuracy_stderr(outcomes: Sequence[PairedOutcome]) -> float:
    """Standard error of the functional accuracy, over problems."""
    return _mean_stderr(solved_pairs(outcomes)[:, 1])


def reasoning_gap(outcomes: Sequence[PairedOutcome]) -> float:
    """(static − functional accuracy) / static accuracy; NaN where nothing is solved statically."""
    pairs = solved_pairs(outcomes)
    static, functional = pairs.sum(axis=0)
    return float((static - functional) / static) if static else float("nan")


def reasoning_gap_stderr(outcomes: Sequence[PairedOutcome]) -> float:
    """Standard error of the reasoning gap, by resampling problems with all of their outcomes."""
    pairs = solved_pairs(outcomes)
    return ratio_stderr([(static - functional, static) for static, functional in pairs])


def snapshot_accuracy(outcomes: Sequence[PairedOutcome]) -> float:
    """Share of right answers to the snapshots, each asked on its own; NaN without any."""
    return _mean(np.array([float(one) for one in outcomes if one.snapshot != STATIC]))


def snapshot_accuracy_stderr(outcomes: Sequence[PairedOutcome]) -> float:
    """Its standard error; the snapshots of one problem are resampled together."""
    sums: dict[str, tuple[float, float]] = {}
    for outcome in outcomes:
        if outcome.snapshot != STATIC:
            solved, asked = sums.get(outcome.original, (0.0, 0.0))
            sums[outcome.original] = (solved + float(outcome), asked + 1.0)
    return ratio_stderr(list(sums.values()) or [(0.0, 0.0)])


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _mean_stderr(values: Floats) -> float:
    if len(values) < 2:
        return float("nan")
    return float(values.std(ddof=1) / np.sqrt(len(values)))
