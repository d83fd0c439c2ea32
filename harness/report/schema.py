"""What a report is made of: the results that stages leave behind, and the report itself.

The first half reads `measure.json` and `evaluations.json`, so that a file of another version
or an edited one is refused by its place and not met as a `KeyError` in a table. The second
half is `report.json`. Fractions are fractions everywhere here; points and per cent exist
only in text. Everything that differs between two runs with equal seeds (times, dates) lies in
`timings` and `provenance`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.recipe import Side

SCHEMA_VERSION = 1

Verdict = Literal["wc_higher", "se_higher", "no_difference", "no_interval"]


class Part(BaseModel):
    """A part of a document; keys that this version does not know are left out."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class Interval(Part):
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float


class Difference(Interval):
    """WC minus SE, paired by problem, with the p-value of a test of no difference."""

    p_value: float | None = None
    test: str | None = None


class LevelQuality(Part):
    """One side at one difficulty level."""

    problems: int
    pass_at_1: Interval | None = None
    coverage: Interval | None = None
    diversity_all: Interval | None = None
    diversity_solved: Interval | None = None
    false_positive_rate: Interval | None = None


class SideQuality(Part):
    """One side of the pair at one budget; the first four are counts of samples."""

    samples: int
    correct: int
    undecided: int
    unparsed: int = 0
    pass_at_1: Interval | None = None
    coverage: Interval | None = None
    diversity_all: Interval | None = None
    diversity_solved: Interval | None = None
    false_positive_rate: Interval | None = None
    by_level: dict[str, LevelQuality] = Field(default_factory=dict)


class QualityDifference(Part):
    """WC minus SE, per measure; None where it could not be measured."""

    coverage: Difference | None = None
    diversity_all: Difference | None = None
    diversity_solved: Difference | None = None
    false_positive_rate: Difference | None = None


class Cost(Part):
    """What each side spends per problem, in `unit`, after rounding to whole samples."""

    wc: float
    se: float
    unit: str
    wc_over_se: float


class BudgetQuality(Part):
    """Data quality at one budget."""

    samples_per_problem: dict[Side, int]
    cost: Cost
    tokens: dict[Side, dict[str, float | None]] = Field(default_factory=dict)
    sides: dict[Side, SideQuality] = Field(default_factory=dict)
    difference: QualityDifference = QualityDifference()


class CurvePoint(Part):
    """Coverage with k samples a problem, and what they cost."""

    k: int
    cost: float
    coverage: Interval


class Match(Part):
    """The cost model; `ratio` is how many WC samples cost as much as one SE sample."""

    kind: str
    ratio: float
    parameters: str | None = None
    unit: str = ""


class Measure(Part):
    """`measure.json`."""

    problems: int
    match: Match
    grader: dict[str, Any] = Field(default_factory=dict)
    budgets: dict[str, BudgetQuality]
    curve: dict[Side, list[CurvePoint]] = Field(default_factory=dict)


class CellKey(Part):
    """Which finetuning a model comes from."""

    paradigm: str
    arm: str
    budget: str
    seed: int


class ModelResult(Part):
    """pass@1 of one model."""

    model_id: str
    kind: Literal["base", "cell"]
    role: str
    cell: CellKey | None = None
    task: str = ""
    task_version: str | int | float | None = None
    lm_eval: str = ""
    problems: int
    correct: int
    undecided: int = 0
    pass_at_1: Interval


class SkippedCell(Part):
    """A cell without a model, and why."""

    cell: str
    reason: str


class GainOverBase(Part):
    """What finetuning changed, per arm."""

    wc: Difference
    se: Difference


class Comparison(Part):
    """WC data against SE data for one paradigm at one budget, means over training seeds."""

    paradigm: str
    budget: str
    seeds: list[int]
    base: Interval
    wc: Interval
    se: Interval
    difference: Difference
    relative_gain: float | None = None
    gain_over_base: GainOverBase | None = None


class Evaluations(Part):
    """`evaluations.json`."""

    task: str
    problems: int
    models: list[ModelResult]
    skipped: list[SkippedCell] = Field(default_factory=list)
    comparisons: list[Comparison] = Field(default_factory=list)


class Arm(Part):
    """`arm.json`: one training set."""

    arm: str
    budget: str
    rows: int
    problems: int
    sha256: str | None = None
    empty: bool = False
    reason: str | None = None


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
    """One sentence, and the numbers that it was worded from."""

    topic: Literal[
        "coverage", "diversity_all", "diversity_solved", "false_positive_rate", "finetuning"
    ]
    budget: str
    paradigm: str | None = None
    verdict: Verdict
    difference: Difference
    text: str


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
    measured_problems: int | None
    budgets: dict[str, BudgetQuality]
    curve: dict[Side, list[CurvePoint]]
    finetuning: Evaluations | None
    arms: list[Arm]
    cells: list[CellState]
    pools: dict[Side, PoolSummary]
    timings: Timings
    provenance: Provenance
