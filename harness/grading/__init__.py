"""Grading: from a completion to a verdict. Model output is a stranger's text: only read."""

from __future__ import annotations

from harness.grading.completions import compare_answers, grade_completion
from harness.grading.conventions import CONVENTIONS, Conventions, conventions_of
from harness.grading.explanation import Explanation, explain
from harness.grading.extraction import FORMATS, Extraction, extract_answer
from harness.grading.grader import Grader
from harness.grading.identity import grader_identity
from harness.grading.verdict import GRADER_VERSION, Outcome, Verdict

__all__ = [
    "CONVENTIONS",
    "FORMATS",
    "GRADER_VERSION",
    "Conventions",
    "Explanation",
    "Extraction",
    "Grader",
    "Outcome",
    "Verdict",
    "compare_answers",
    "conventions_of",
    "explain",
    "extract_answer",
    "grade_completion",
    "grader_identity",
]
