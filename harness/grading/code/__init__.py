"""Programs graded by unit tests: MBPP, HumanEval, and whatever has tests in Python.

    with CodeGrader() as grader:
        for verdict in grader.grade(pairs_of_problem_and_completion): ...

The gold answer of such a problem is its test program. Programs run in a sandbox, and in another
process than their tests; where no sandbox works, nothing runs.
"""

from __future__ import annotations

from harness.grading.code.grader import CODE_GRADER_VERSION, CodeGrader
from harness.grading.code.limits import DEFAULT_LIMITS, Limits
from harness.grading.code.probe import working_sandbox
from harness.grading.code.problems import code_problem, read_code_problems
from harness.grading.code.programs import ProgramText, program_texts
from harness.grading.code.sandbox import TOOLS, Sandbox

__all__ = [
    "CODE_GRADER_VERSION",
    "DEFAULT_LIMITS",
    "TOOLS",
    "CodeGrader",
    "Limits",
    "ProgramText",
    "Sandbox",
    "code_problem",
    "program_texts",
    "read_code_problems",
    "working_sandbox",
]
