"""The strata of an audit: samples alike in what the graders say, and how surely.

Within a stratum every grader says the same about all samples, so what a person finds in a few
of them is all that is needed to know each grader's errors there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import InputError
from harness.grading.extraction import FORMATS
from harness.pool import Pool
from harness.pool.verdicts import OUTCOMES, graders_of

# Stages at the end of the cascade: what no exact comparison could settle.
_LATE_STAGES = ("symbolic", "cap", "worker", "gold")
_NEAR_MISS = "near miss"
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Stratum:
    """Samples on which all graders say the same.

    Attributes:
        outcomes: each grader's outcome.
        near_miss: whether a grader was undecided, decided late, or read by a fallback.
        rows: (samples,) their places in the pool's canonical order.
    """

    outcomes: Mapping[str, str]
    near_miss: bool
    rows: Codes

    @property
    def name(self) -> str:
        """What the graders say, as in `answer=correct math_verify=wrong`."""
        said = " ".join(f"{grader}={outcome}" for grader, outcome in self.outcomes.items())
        return f"{said}, {_NEAR_MISS}" if self.near_miss else said

    @property
    def disagreement(self) -> bool:
        """Whether one grader says correct and another does not."""
        return len({outcome == "correct" for outcome in self.outcomes.values()}) > 1


def strata_of(pool: Pool) -> list[Stratum]:
    """The strata of a graded pool; together they hold each sample once.

    Raises:
        InputError: fewer than two graders have graded all of the pool's samples.
    """
    graders = audited_graders(pool)
    _check_graders(pool, graders)
    codes = np.zeros(len(pool), dtype=np.int64)
    near = np.zeros(len(pool), dtype=bool)
    for grader in graders:
        outcomes, unsure = _said(pool, grader)
        codes = codes * len(OUTCOMES) + outcomes
        near |= unsure
    codes = codes * 2 + near
    return [
        _stratum(graders, int(code), np.flatnonzero(codes == code)) for code in np.unique(codes)
    ]


def audited_graders(pool: Pool) -> list[str]:
    """The graders of final answers; an exact verifier of the reasoning judges something else."""
    return [
        name
        for name in graders_of(pool.folder)
        if (pool.grader_identity(name) or {}).get("grader") != "chain"
    ]


def _stratum(graders: list[str], code: int, rows: Codes) -> Stratum:
    rest, near = divmod(code, 2)
    outcomes: dict[str, str] = {}
    for grader in reversed(graders):
        rest, place = divmod(rest, len(OUTCOMES))
        outcomes[grader] = OUTCOMES[place]
    return Stratum({grader: outcomes[grader] for grader in graders}, bool(near), rows)


def _check_graders(pool: Pool, graders: list[str]) -> None:
    if len(graders) < 2:
        found = f"only {graders[0]!r} has" if graders else "none has"
        raise InputError(
            f"an audit compares the verdicts of two graders or more; {found} graded {pool.folder}.",
            f"Let another grade it too: harness grade {pool.folder} --grader math_verify",
        )
    digest = pool.digest()
    for grader in graders:
        identity = pool.grader_identity(grader) or {}
        if identity.get("samples") != digest:
            raise InputError(
                f"the verdicts of {grader!r} are not on the samples that {pool.folder} has now.",
                f"Grade it again: harness grade {pool.folder} --grader {grader}",
            )


def _said(pool: Pool, grader: str) -> tuple[Codes, NDArray[np.bool_]]:
    """(samples,) the outcomes as places in `OUTCOMES`, and whether the grader was unsure."""
    identity = pool.grader_identity(grader) or {}
    outcomes: list[int] = []
    unsure: list[bool] = []
    for table in pool.verdict_batches(grader):
        rows = zip(*(table[name].to_pylist() for name in ("outcome", "rule", "stage")), strict=True)
        for outcome, rule, stage in rows:
            outcomes.append(OUTCOMES.index(outcome))
            unsure.append(_is_unsure(identity, outcome, rule, stage))
    return np.array(outcomes, dtype=np.int64), np.array(unsure, dtype=bool)


def _is_unsure(identity: Mapping[str, Any], outcome: str, rule: str, stage: str) -> bool:
    if outcome == "undecided":
        return True
    format = FORMATS.get(identity.get("format", ""))
    if format is None:
        return False
    late = identity.get("comparison") == "cascade" and stage in _LATE_STAGES
    return late or rule in [name for name, _ in format.rules[1:]]
