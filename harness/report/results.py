"""What the stages leave behind, as the report reads it: `measure.json`, `evaluations.json`, …

A file of another version or an edited one is refused here, by its place, and not met as a
`KeyError` in a table. Fractions are fractions; points and per cent exist only in text.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.quantities import mean_count
from harness.recipe import Side
from harness.report.numbers import NONE


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


class SideMetrics(Part):
    """The measures of one side; None where one could not be measured."""

    pass_at_1: Interval | None = None
    coverage: Interval | None = None
    diversity_all: Interval | None = None
    diversity_solved: Interval | None = None
    false_positive_rate: Interval | None = None
    diversity_all_normalised: Interval | None = None
    diversity_solved_normalised: Interval | None = None
    diversity_all_equations: Interval | None = None
    diversity_solved_equations: Interval | None = None
    majority_at_1: Interval | None = None
    majority_at_4: Interval | None = None
    majority_at_8: Interval | None = None
    majority_at_16: Interval | None = None
    yield_per_sample: Interval | None = None
    yield_per_token: Interval | None = None


class LevelQuality(SideMetrics):
    """One side at one difficulty level, or on one subject."""

    problems: int


class SideQuality(SideMetrics):
    """One side of the pair at one budget; the first four are counts of samples.

    `undecided_as_correct` is what the measures would be if the grader had found every undecided
    sample correct; None where there is none, or no such bound.
    """

    samples: int
    correct: int
    undecided: int
    unparsed: int = 0
    undecided_as_correct: SideMetrics | None = None
    by_level: dict[str, LevelQuality] = Field(default_factory=dict)
    by_subject: dict[str, LevelQuality] = Field(default_factory=dict)


class QualityDifference(Part):
    """WC minus SE, per measure; None where it could not be measured."""

    pass_at_1: Difference | None = None
    coverage: Difference | None = None
    diversity_all: Difference | None = None
    diversity_solved: Difference | None = None
    false_positive_rate: Difference | None = None
    diversity_all_normalised: Difference | None = None
    diversity_solved_normalised: Difference | None = None
    diversity_all_equations: Difference | None = None
    diversity_solved_equations: Difference | None = None
    majority_at_1: Difference | None = None
    majority_at_4: Difference | None = None
    majority_at_8: Difference | None = None
    majority_at_16: Difference | None = None
    yield_per_sample: Difference | None = None
    yield_per_token: Difference | None = None


class Cost(Part):
    """What each side spends per problem, in `unit`, after rounding to whole samples."""

    wc: float
    se: float
    unit: str
    wc_over_se: float
    intended_wc_over_se: float = 1.0


class NumberMatched(Part):
    """Both sides at an equal number of samples a problem."""

    samples_per_problem: int
    sides: dict[Side, SideMetrics] = Field(default_factory=dict)
    difference: QualityDifference = QualityDifference()


class BudgetQuality(Part):
    """Data quality at one budget; `tokens` are totals over its samples."""

    samples_per_problem: dict[Side, int]
    mean_samples_per_problem: dict[Side, float] = Field(default_factory=dict)
    cost: Cost
    tokens: dict[Side, dict[str, float | None]] = Field(default_factory=dict)
    sides: dict[Side, SideQuality] = Field(default_factory=dict)
    difference: QualityDifference = QualityDifference()
    number_matched: NumberMatched | None = None

    def samples_text(self, side: Side) -> str:
        """Samples a problem of a side: the mean, where some problems have one more than others."""
        return mean_count(self.mean_samples(side)) if side in self.samples_per_problem else NONE

    def mean_samples(self, side: Side) -> float:
        """Samples a problem of a side that the budget holds on average."""
        return self.mean_samples_per_problem.get(side, self.samples_per_problem[side])

    @property
    def means(self) -> dict[Side, float]:
        """Samples a problem of each side that the budget holds on average."""
        return {side: self.mean_samples(side) for side in self.samples_per_problem}


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
    rounding: str = "nearest"


class Measure(Part):
    """`measure.json`; `refused` gives the reason for each measure that has no honest estimate."""

    problems: int
    match: Match
    allocation: Any = "uniform"
    refused: dict[str, str] = Field(default_factory=dict)
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


class OtherSeeds(Part):
    """The 95 % interval and the test of a difference that cover training by other seeds."""

    low: float
    high: float
    p_value: float
    holm_p_value: float | None = None


class Comparison(Part):
    """WC data against SE data for one paradigm at one budget, means over training seeds."""

    paradigm: str
    budget: str
    seeds: list[int]
    base: Interval
    wc: Interval
    se: Interval
    difference: Difference
    other_seeds: OtherSeeds | None = None
    holm_p_value: float | None = None
    smallest_detectable: float | None = None
    relative_gain: float | None = None
    gain_over_base: GainOverBase | None = None


class Pooled(Difference):
    """The mean of WC minus SE data over all comparisons, problems resampled jointly.

    `covers_seeds` says whether the interval covers training by other seeds.
    """

    p_value_other_seeds: float | None = None
    covers_seeds: bool = False
    cells: int
    cells_positive: int
    cells_negative: int
    smallest_detectable: float | None = None


class TrainingRuns(Part):
    """What another training seed does to WC minus SE, by all comparisons together."""

    standard_deviation: float
    degrees_of_freedom: int
    assumption: str


class Evaluations(Part):
    """`evaluations.json`."""

    task: str
    problems: int
    models: list[ModelResult]
    skipped: list[SkippedCell] = Field(default_factory=list)
    comparisons: list[Comparison] = Field(default_factory=list)
    pooled: Pooled | None = None
    training_runs: TrainingRuns | None = None


class Arm(Part):
    """`arm.json`: one training set."""

    arm: str
    budget: str
    rows: int
    problems: int
    sha256: str | None = None
    empty: bool = False
    reason: str | None = None
