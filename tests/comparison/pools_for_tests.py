"""Graded pools with known verdicts, made without an engine or a grader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness.comparison.comparing import ComparisonRequest, compare_pools
from harness.comparison.costs import CostSettings
from harness.pool import Pool, Sample
from harness.pool.verdicts import VERDICT_SCHEMA
from harness.problems import Problem

GRADER = {"grader": "answer", "version": "2", "format": "hash"}
# One letter a sample: correct, wrong, undecided.
OUTCOMES = {"c": "correct", "w": "wrong", "u": "undecided"}


def problem(name: str, level: str = "") -> Problem:
    return Problem(question=f"What is {name}?", gold="1", level=level, external_id=name)


def card(**keys: Any) -> dict[str, Any]:
    """A model card as a pool keeps it."""
    return {"id": "tests/model", **keys}


def graded_pool(
    folder: Path,
    verdicts: Mapping[Problem, str],
    *,
    model_card: Mapping[str, Any] | None = None,
    texts: Mapping[tuple[str, int], str] | None = None,
    tokens: int | Sequence[int] | Mapping[tuple[str, int], int] | None = 10,
    prompts: int | None = 30,
    seconds: float | None = None,
    grader: Mapping[str, Any] = GRADER,
    identity: Mapping[str, Any] | None = None,
) -> Path:
    """A pool with one sample a letter of `verdicts`.

    Args:
        folder: where it is made.
        verdicts: of each problem, letters of `OUTCOMES`.
        model_card: kept with the pool.
        texts: completions, by external id and index; all different where there is none.
        tokens: completion tokens of every sample; of those of every problem by index; or of each,
            by external id and index.
        prompts: prompt tokens of every sample.
        seconds: how long the request of every sample took.
        grader: identity of the grader.
        identity: further keys of the pool's identity.
    """
    origin = {"model": {"id": folder.name}, "model_card": model_card, **(identity or {})}
    chosen = texts or {}
    samples = [
        Sample(one.id, index, chosen.get((one.external_id, index), f"{one.external_id} {index}"),
               "stop", prompts, _tokens(tokens, one, index), 0, None, "hand", seconds)
        for one, letters in verdicts.items()
        for index in range(len(letters))
    ]  # fmt: skip
    with Pool.open_or_create(folder, origin, list(verdicts)) as pool:
        pool.append(samples)
        pool.compact()
        rows = [
            {"problem_id": one.id, "sample_index": index, "outcome": OUTCOMES[letter],
             "answer": "1" if letter == "c" else "2", "rule": "####", "stage": "number",
             "reason": ""}
            for one, letters in verdicts.items()
            for index, letter in enumerate(letters)
        ]  # fmt: skip
        table = pa.Table.from_pylist(rows, schema=VERDICT_SCHEMA)
        pool.write_verdicts("answer", table, dict(grader))
    return folder


def _tokens(
    given: int | Sequence[int] | Mapping[tuple[str, int], int] | None, one: Problem, index: int
) -> int | None:
    if isinstance(given, Mapping):
        return given[one.external_id, index]
    return given if given is None or isinstance(given, int) else given[index]


def compared(wc: Path, se: Path, **options: Any) -> dict[str, Any]:
    """The comparison of two pools; options as in `ComparisonRequest`."""
    chosen: dict[str, Any] = {
        "cards": {"wc": None, "se": None},
        "kind": "number",
        "budget": None,
        "by": None,
        "settings": CostSettings(),
        "grader": "answer",
        "keys": (),
        "intersection": False,
        **options,
    }
    return compare_pools(ComparisonRequest(pools={"wc": wc, "se": se}, **chosen))


def numbered(count: int, levels: Sequence[str] = ("",)) -> list[Problem]:
    """Problems `p0`, `p1`, … with the levels in turn."""
    return [problem(f"p{number}", levels[number % len(levels)]) for number in range(count)]
