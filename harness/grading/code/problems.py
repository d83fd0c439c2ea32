"""MBPP and HumanEval as problems: the gold answer is the test program.

So the tests travel with a problem, through `harness pool import --problems` and every pool, and
belong to its id. The test program stands behind a solution as it would in one file: it asserts,
and defines nothing that a solution needs.

* HumanEval: the question is the prompt, the gold answer its `check` with a call of it.
* MBPP: the question is the prompt with its tests, as its authors ask it (without them no model
  can know the function's name), the gold answer the imports and the asserts.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.errors import InputError, Issues
from harness.problems import Problem

_MBPP_KEYS = ("task_id", "prompt", "code", "test_list")
_HUMANEVAL_KEYS = ("task_id", "prompt", "entry_point", "canonical_solution", "test")
_GZIP_START = b"\x1f\x8b"


def read_code_problems(path: Path) -> list[Problem]:
    """The problems of a file of MBPP or of HumanEval: JSON lines, or one JSON list; also gzip.

    Args:
        path: the file as its authors publish it; the rows' keys tell which it is.

    Raises:
        InputError: it cannot be read, or rows are neither; every bad row is named.
    """
    issues, problems = Issues(), []
    for place, row in _rows(path):
        try:
            problems.append(code_problem(row))
        except InputError as problem:
            issues.add(place, problem.message)
    issues.raise_if_any(f"{path} holds rows that are no problems with tests:")
    if not problems:
        raise InputError(f"{path} holds no problem.", "Expected one JSON object a line.")
    return problems


def code_problem(row: Mapping[str, Any]) -> Problem:
    """The problem in a row of MBPP or HumanEval.

    Raises:
        InputError: it has the keys of neither, or an empty text.
    """
    # The full MBPP names its prompt `text`, its imports `test_setup_code`.
    row = {**row, "prompt": row.get("prompt", row.get("text"))}
    if all(row.get(key) is not None for key in _HUMANEVAL_KEYS):
        problem = _humaneval(row)
    elif all(row.get(key) is not None for key in _MBPP_KEYS):
        problem = _mbpp(row)
    else:
        raise InputError(
            f"it has the keys {', '.join(map(str, row))}; expected {', '.join(_HUMANEVAL_KEYS)} "
            f"(HumanEval) or {', '.join(_MBPP_KEYS)} (MBPP)."
        )
    if not str(row["prompt"]).strip() or not row.get("test_list", row.get("test")):
        raise InputError("its prompt or its tests are empty.")
    return problem


def _humaneval(row: Mapping[str, Any]) -> Problem:
    test, entry = str(row["test"]).strip(), str(row["entry_point"])
    return Problem(
        question=str(row["prompt"]),
        gold=f"{test}\n\ncheck({entry})",
        subject="HumanEval",
        solution=str(row["prompt"]) + str(row["canonical_solution"]),
        external_id=str(row["task_id"]),
    )


def _mbpp(row: Mapping[str, Any]) -> Problem:
    tests = [str(test) for test in row["test_list"]]
    imports = row.get("test_imports") or str(row.get("test_setup_code") or "").splitlines()
    number = row["task_id"]
    return Problem(
        question=f"{row['prompt']}\nYour code should pass these tests:\n\n" + "\n".join(tests),
        gold="\n".join([*map(str, imports), *tests]).strip(),
        subject="MBPP",
        solution=str(row["code"]),
        external_id=f"MBPP/{number}" if isinstance(number, int) else str(number),
    )


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for place, document in _documents(path):
        if not isinstance(document, dict):
            raise InputError(f"{path}, {place}: expected a JSON object.")
        yield place, document


def _documents(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if content[:2] == _GZIP_START else content).decode()
    except (OSError, EOFError, UnicodeDecodeError) as problem:
        raise InputError(f"{path} cannot be read: {problem}", "Give a JSON lines file.") from None
    try:
        if text.lstrip().startswith("["):
            for number, document in enumerate(json.loads(text), start=1):
                yield f"row {number}", document
            return
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                yield f"line {number}", json.loads(line)
    except (ValueError, RecursionError) as problem:
        raise InputError(f"{path} is no JSON: {problem}", "Give a JSON lines file.") from None
