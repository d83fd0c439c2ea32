"""Verdicts: correct, wrong or undecided, and why. Never a bare yes or no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["correct", "wrong", "undecided"]

# Changes whenever a verdict can change; recorded with every verdict.
GRADER_VERSION = "3"
NO_ANSWER = "no answer found"


@dataclass(frozen=True)
class Verdict:
    """What a grader says about one sample.

    Attributes:
        outcome: correct, wrong, or undecided (which counts as not solved, and is shown).
        answer: as extracted, or None.
        rule: the extraction rule that found it; `given` where there was nothing to extract.
        stage: the comparison that decided.
        reason: why, where the outcome needs one.
    """

    outcome: Outcome
    answer: str | None
    rule: str
    stage: str
    reason: str = ""
