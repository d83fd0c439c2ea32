"""Sandboxes for tests, and a skip with its reason where none works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import EnvironmentFailure
from harness.grading.code import CodeGrader, working_sandbox
from harness.grading.code.problems import read_code_problems
from harness.problems import Problem

DATA = Path(__file__).parents[3] / "../shared/data"


@pytest.fixture(scope="session")
def sandbox() -> str:
    """The tool that makes sandboxes here."""
    try:
        return working_sandbox().tool
    except EnvironmentFailure as problem:
        pytest.skip(str(problem))


@pytest.fixture(scope="session")
def grader(sandbox: str) -> Iterator[CodeGrader]:
    with CodeGrader(workers=2, sandbox=sandbox) as made:
        yield made


@pytest.fixture(scope="session")
def real_problems() -> dict[str, list[Problem]]:
    """MBPP and HumanEval."""
    files = {"MBPP": DATA / "sanitized_mbpp.jsonl.gz", "HumanEval": DATA / "humaneval.jsonl.gz"}
    if not all(file.exists() for file in files.values()):
        pytest.skip(f"{DATA} with MBPP and HumanEval is not there")
    return {name: read_code_problems(file) for name, file in files.items()}
