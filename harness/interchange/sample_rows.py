"""A row of a stranger as a sample of the pool: every key checked, texts made storable."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from harness.interchange.bad_rows import BadRow
from harness.interchange.problem_rows import ProblemTable
from harness.interchange.texts import shown, storable
from harness.pool import Sample

SAMPLE_KEYS = (
    "problem_id",
    "completion",
    "sample_index",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "finish_reason",
    "seed",
    "endpoint",
    "seconds",
)
# A pool notes the indices of a problem in a bit each, so one huge index would cost memory.
MAX_INDEX = 999_999
_MAX_TOKENS = 2**31 - 1
_SEEDS = (-(2**63), 2**63 - 1)
_NOT_SAID = "unknown"
_ENDPOINT = "import"

Faults = list[BadRow]


class SampleReader:
    """Reads rows in file order; rows without an index are numbered within their problem.

    Args:
        problems: the problems that rows may name.
        first_index: where the numbering of rows without an index begins.
    """

    def __init__(self, problems: ProblemTable, first_index: int = 0) -> None:
        self._problems = problems
        self._next = [first_index] * len(problems.problems)

    def sample_of(self, row: Mapping[str, Any]) -> tuple[int, Sample]:
        """The position of the row's problem, and the sample.

        Raises:
            BadRow: the row cannot be used; the message names everything that is wrong with it.
        """
        faults: Faults = []
        rank = self._rank(row, faults)
        completion = _completion(row, faults)
        index = _integer(row, "sample_index", faults, 0, MAX_INDEX)
        prompt_tokens = _integer(row, "prompt_tokens", faults, 0, _MAX_TOKENS)
        completion_tokens = _integer(row, "completion_tokens", faults, 0, _MAX_TOKENS)
        cached_tokens = _integer(row, "cached_tokens", faults, 0, _MAX_TOKENS)
        seed = _integer(row, "seed", faults, *_SEEDS)
        finish_reason = _text(row, "finish_reason", faults, _NOT_SAID)
        endpoint = _text(row, "endpoint", faults, _ENDPOINT)
        seconds = _seconds(row, faults)
        if not faults and index is None:
            index = self._next[rank]
            if index > MAX_INDEX:
                faults.append(
                    BadRow("bad number", f"it would be sample {index}; the last is {MAX_INDEX}.")
                )
        if faults:
            raise BadRow(faults[0].kind, " ".join(fault.message for fault in faults))
        assert index is not None
        self._next[rank] += 1
        return rank, Sample(
            problem_id=self._problems.ids[rank],
            sample_index=index,
            completion=completion,
            finish_reason=finish_reason,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            cached_tokens=cached_tokens,
            seed=seed,
            endpoint=endpoint,
            seconds=seconds,
        )

    def _rank(self, row: Mapping[str, Any], faults: Faults) -> int:
        if "problem_id" not in row:
            faults.append(
                BadRow("no problem_id", f"problem_id is missing{_other_names(row, 'problem_id')}.")
            )
            return -1
        try:
            return self._problems.rank_of(row.get("problem_id"))
        except BadRow as fault:
            faults.append(fault)
            return -1


def _other_names(row: Mapping[str, Any], key: str) -> str:
    """What a row has in the place of a key that it lacks, and how to say which one is meant."""
    others = [name for name in row if name not in SAMPLE_KEYS]
    if not others:
        return ""
    names = ", ".join(map(shown, others))
    return f", if it is not one of {names} (then say so: --columns {key}=COLUMN)"


def _completion(row: Mapping[str, Any], faults: Faults) -> str:
    value = row.get("completion")
    if isinstance(value, str):
        return storable(value)
    if value is None:
        found = "is null" if "completion" in row else f"is missing{_other_names(row, 'completion')}"
        message = f'completion {found}; an empty completion is written "".'
    else:
        message = f"completion is {shown(value)}, expected a text."
    faults.append(BadRow("no completion", message))
    return ""


def _integer(
    row: Mapping[str, Any], key: str, faults: Faults, lowest: int, highest: int
) -> int | None:
    value = row.get(key)
    if value is None:
        return None
    # Tables with gaps keep whole numbers as 3.0; JSON knows no difference.
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int and lowest <= value <= highest:
        return value
    message = f"{key} is {shown(value)}, expected an integer from {lowest} to {highest}."
    faults.append(BadRow("bad number", message))
    return None


def _text(row: Mapping[str, Any], key: str, faults: Faults, default: str) -> str:
    value = row.get(key)
    if value is None:
        return default
    if isinstance(value, str):
        return storable(value)
    faults.append(BadRow("not a text", f"{key} is {shown(value)}, expected a text."))
    return default


def _seconds(row: Mapping[str, Any], faults: Faults) -> float | None:
    value = row.get("seconds")
    if value is None:
        return None
    if type(value) in (int, float) and value >= 0 and math.isfinite(value):
        return float(value)
    faults.append(
        BadRow("bad number", f"seconds is {shown(value)}, expected a number of 0 or more.")
    )
    return None
