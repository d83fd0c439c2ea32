"""The strict schema of a leaderboard entry: one experiment's results and the evidence behind them.

Entries come from strangers, so a file is believed only as far as it can be checked: unknown
keys, values out of range, control characters and a changed content (the id is its hash) are
refused. Fractions are fractions; points and per cent exist only in tables.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from harness.files import digest_of

SCHEMA_VERSION = 1
ID_DIGITS = 16
# Not part of the content that the id stands for: the same results have the same id.
_OUTSIDE_ID = ("id", "created")

Side = Literal["wc", "se"]


def _printable(text: str) -> str:
    # A terminal acts on control characters; nothing in an entry needs one.
    if any(not character.isprintable() for character in text):
        raise ValueError("must not hold line breaks or control characters")
    return text


Text = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_printable)]
Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Strict(BaseModel):
    """A part of an entry: unknown keys are refused, values are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Interval(Strict):
    """An estimate with its 95 % interval."""

    value: Finite
    low: Finite
    high: Finite

    @model_validator(mode="after")
    def _ordered(self) -> Interval:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self

    @property
    def excludes_zero(self) -> bool:
        """Whether it is a difference that was found: 0 outside, and a width."""
        return self.low != self.high and (self.low > 0 or self.high < 0)


class Difference(Interval):
    """WC minus SE, paired by problem."""

    p_value: Annotated[float, Field(ge=0, le=1)] | None
    test: Text | None


def _fraction(interval: Interval) -> Interval:
    for end in (interval.value, interval.low, interval.high):
        if not 0 <= end <= 1:
            raise ValueError(f"{end} is no fraction between 0 and 1")
    return interval


def _not_negative(interval: Interval) -> Interval:
    if interval.value < 0:
        raise ValueError(f"{interval.value} is below 0")
    return interval


Fraction = Annotated[Interval, AfterValidator(_fraction)]
Amount = Annotated[Interval, AfterValidator(_not_negative)]


class ModelRef(Strict):
    """A model, as exactly as its card names it."""

    id: Text
    revision: Text | None
    parameters: dict[Text, Positive | None]


class Pair(Strict):
    """The two generators."""

    wc: ModelRef
    se: ModelRef


class ProblemSet(Strict):
    """The problems; `train_digest` is over the sorted ids of those that were sampled for."""

    name: Text
    config: Text | None
    revision: Text | None
    train: Count | None
    test: Count | None
    train_digest: Hex | None


class Match(Strict):
    """The cost model; `ratio` WC samples cost as much as one SE sample."""

    kind: Text
    ratio: PositiveFloat
    parameters: Text | None


class SideQuality(Strict):
    """Data quality of one side at one budget; None: an older entry does not say it."""

    samples: Count
    undecided: Count | None = None
    pass_at_1: Fraction | None
    coverage: Fraction | None
    diversity_all: Amount | None
    diversity_solved: Amount | None
    false_positive_rate: Fraction | None

    @model_serializer(mode="wrap")
    def _as_it_was_said(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # The id of an entry is over its content: what it did not say does not enter.
        document: dict[str, Any] = serialise(self)
        return document if self.undecided is not None else _without(document, "undecided")


def _without(document: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != name}


class QualityDifference(Strict):
    """WC minus SE."""

    coverage: Difference | None
    diversity_all: Difference | None
    diversity_solved: Difference | None
    false_positive_rate: Difference | None


class BudgetResult(Strict):
    """One matched budget; means only where some problems have one sample more than others."""

    samples_per_problem: dict[Side, Positive]
    mean_samples_per_problem: dict[Side, PositiveFloat] | None = None
    cost_wc_over_se: PositiveFloat
    sides: dict[Side, SideQuality]
    difference: QualityDifference

    @property
    def means(self) -> dict[Side, float]:
        """Samples a problem of each side, on average."""
        return {**self.samples_per_problem, **(self.mean_samples_per_problem or {})}

    @model_validator(mode="after")
    def _some_problems_have_one_fewer(self) -> BudgetResult:
        for side, mean in (self.mean_samples_per_problem or {}).items():
            most = self.samples_per_problem.get(side, 0)
            if not most - 1 < mean <= most:
                raise ValueError(
                    f"{mean} {side} samples a problem on average, of at most {most}; expected "
                    f"more than {most - 1}"
                )
        return self

    @model_serializer(mode="wrap")
    def _as_it_was_said(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        document: dict[str, Any] = serialise(self)
        whole = self.mean_samples_per_problem is None
        return _without(document, "mean_samples_per_problem") if whole else document


class FinetuningResult(Strict):
    """WC data against SE data for one paradigm at one budget."""

    paradigm: Text
    budget: Text
    model: ModelRef
    seeds: Annotated[list[Count], Field(min_length=1)]
    difference_by_seed: list[Finite]
    base: Fraction
    wc: Fraction
    se: Fraction
    difference: Difference
    relative_gain: Finite | None


class Evaluation(Strict):
    """The test that pass@1 was measured with."""

    task: Text
    version: Text | None
    problems: Positive


class RecipeRef(Strict):
    """Which recipe it was."""

    name: Text
    profile: Text | None


class Seeds(Strict):
    """Every source of chance."""

    run: Count
    training: list[Count]


class Evidence(Strict):
    """SHA-256 of what the results can be recomputed from."""

    recipe: Hex
    pools: dict[Side, Hex]
    arms: dict[Text, Hex]


class Content(Strict):
    """What an entry says."""

    schema_version: Literal[1]
    created: Text | None
    recipe: RecipeRef
    problem_set: ProblemSet
    pair: Pair
    match: Match | None
    budgets: dict[Text, BudgetResult]
    finetuning: list[FinetuningResult]
    evaluation: Evaluation | None
    decoding: dict[Text, float | int | None]
    seeds: Seeds
    versions: dict[Text, Text]
    evidence: Evidence


class Entry(Content):
    """One line of the leaderboard: its content, under the id that follows from it."""

    id: Annotated[str, Field(pattern=rf"^[0-9a-f]{{{ID_DIGITS}}}$")]

    @model_validator(mode="after")
    def _content_is_what_the_id_says(self) -> Entry:
        expected = id_of(self.model_dump(mode="json"))
        if self.id != expected:
            raise ValueError(
                f"id {self.id} does not fit the content, whose id is {expected}; it was edited"
            )
        return self


def id_of(document: dict[str, Any]) -> str:
    """The id of an entry's content: equal results, equal id, whenever they were made."""
    content = {key: value for key, value in document.items() if key not in _OUTSIDE_ID}
    return digest_of(content)[:ID_DIGITS]
