"""Grading: from a completion to a verdict. Model output is a stranger's text: only read."""

from __future__ import annotations

from harness.grading.comparison import compare_answers
from harness.grading.extraction import FORMATS, Extraction, extract_answer
from harness.grading.verdict import (
    GRADER_VERSION,
    Outcome,
    Verdict,
    grade_completion,
    grader_identity,
)

__all__ = [
    "FORMATS",
    "GRADER_VERSION",
    "Extraction",
    "Outcome",
    "Verdict",
    "compare_answers",
    "extract_answer",
    "grade_completion",
    "grader_identity",
]
