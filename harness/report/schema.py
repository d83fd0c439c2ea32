"""What a report says: `report.json`.

Everything that differs between two runs with equal seeds (times, dates) lies in `timings` and
`provenance`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from harness.recipe import Side
from harness.report.reference.schema import ReferenceComparison
from harness.report.results import (
    Arm,
    BudgetQuality,
    CurvePoint,
    Difference,
    Evaluations,
    Match,
    Part,
)

SCHEMA_VERSION = 1

Verdict = Literal["wc_higher", "se_higher", "no_difference", "no_interval"]


class CellState(Part):
    """`state.json`: one finetuning. Its seconds are kept among the timings."""

    cell: str
    status: str
    reason: str | None = None
    rows: int | None = None
    steps: int | None = None
    final_loss: float | None = None


class PoolSummary(Part):
    """One side's whole pool: verdicts of its graders and what it was drawn from.

    `outcomes` counts verdicts by grader and outcome, `rules` how answers were found.
    """

    samples: int
    sha256: str | None = None
    problems_digest: str | None = None
    outcomes: dict[str, dict[str, int]] = Field(default_factory=dict)
    unparsed: int = 0
    rules: dict[str, int] = Field(default_factory=dict)
    reasons: dict[str, int] = Field(default_factory=dict)
    identity: dict[str, Any] = Field(default_factory=dict)
    graders: dict[str, dict[str, Any]] = Field(default_factory=dict)


class Model(Part):
    """What a reader must know of a model card."""

    id: str
    label: str
    revision: str | None = None
    parameters: dict[str, int | None] = Field(default_factory=dict)


class ProblemSetSummary(Part):
    """Where the problems come from, and how many of them were used."""

    source: str
    path: str | None = None
    config: str | None = None
    revision: str | None = None
    train: int | None = None
    test: int | None = None
    train_digest: str | None = None


class RecipeSummary(Part):
    """The recipe's names."""

    name: str
    profile: str | None = None
    description: str = ""


class Finding(Part):
    """One sentence, and the numbers that it was worded from.

    `verdict` is that of the interval; `borderline` says that the test disagrees with it. Of
    finetuned models with several training seeds, `covers_seeds` says that interval and test cover
    training by other seeds, and `holm_p_value` that p value adjusted for all comparisons.
    """

    topic: Literal[
        "coverage", "diversity_all", "diversity_solved", "false_positive_rate", "finetuning"
    ]
    budget: str
    paradigm: str | None = None
    verdict: Verdict
    borderline: bool = False
    difference: Difference
    text: str
    covers_seeds: bool = False
    holm_p_value: float | None = None


class StageTime(Part):
    """Seconds that a stage took, over all the times that it finished."""

    stage: str
    seconds: float
    times: int


class Timings(Part):
    """Where the time went, in wall-clock seconds."""

    stages: list[StageTime] = Field(default_factory=list)
    total_seconds: float = 0.0
    cells: dict[str, float] = Field(default_factory=dict)


class Digests(Part):
    """SHA-256 of the experiment and of what it left behind, in hexadecimal digits."""

    recipe: str
    pools: dict[str, str] = Field(default_factory=dict)
    arms: dict[str, str] = Field(default_factory=dict)


class Provenance(Part):
    """What somebody needs to run it again."""

    created: str | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    seeds: dict[str, Any] = Field(default_factory=dict)
    decoding: dict[str, Any] = Field(default_factory=dict)
    digests: Digests
    recipe_yaml: str = ""


class Report(Part):
    """`report.json`."""

    schema_version: int = SCHEMA_VERSION
    recipe: RecipeSummary
    headline: str
    findings: list[Finding]
    paper: list[str]
    cautions: list[str]
    missing: list[str]
    pair: dict[Side, Model]
    students: dict[str, Model]
    problems: ProblemSetSummary
    match: Match | None
    allocation: Any = "uniform"
    refused: dict[str, str] = Field(default_factory=dict)
    measured_problems: int | None
    budgets: dict[str, BudgetQuality]
    curve: dict[Side, list[CurvePoint]]
    finetuning: Evaluations | None
    arms: list[Arm]
    cells: list[CellState]
    pools: dict[Side, PoolSummary]
    reference: ReferenceComparison | None = None
    timings: Timings
    provenance: Provenance
