"""The part `reference` of `report.json`: a paper's values and claims beside ours."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.recipe import Paradigm, Side
from harness.report.results import Difference, Interval, Part

Holds = Literal["yes", "no", "undetermined"]
Inside = Literal["yes", "no", "undetermined", "no_interval"]
Kind = Literal["value", "difference", "relative_gain"]
Place = Literal["budget", "equal_number", "level", "curve", "finetuning"]


class PublishedValue(Part):
    """A paper's number; fractions are fractions, differences WC minus SE.

    `read_off_error` is the largest error of reading it off a picture, in the value's own unit; None
    where it was not read off. `sampling` is Wilson's interval of a proportion of `size`.
    """

    value: float
    read_off_error: float | None = None
    provenance: str
    source: str
    size: int | None = None
    size_of: str | None = None
    sampling: Interval | None = None
    printed: str | None = None


class Beside(Part):
    """One of our quantities and the paper's; `low` and `high` are of our 95 % interval.

    `paper_in_interval` is undetermined where the read-off error reaches over an end. Differences
    along the curve are of `k_of_wc` WC samples and `k` of SE.
    """

    place: Place
    quantity: str
    kind: Kind
    budget: str | None = None
    side: Side | None = None
    k: int | None = None
    k_of_wc: int | None = None
    level: str | None = None
    judge: str | None = None
    paradigm: str | None = None
    arm: str | None = None
    seed: int | None = None
    ours: float
    low: float | None = None
    high: float | None = None
    paper: PublishedValue
    ours_minus_paper: float
    paper_in_interval: Inside


class ClaimCase(Part):
    """A claim at one budget of this run; `by_interval` looks at nothing but the interval."""

    budget: str
    holds: Holds
    by_interval: Holds
    difference: Difference
    reason: str | None = None


class Evidence(Part):
    """The paper's own numbers behind a claim."""

    benchmark: str
    pair: str
    at: str
    wc: PublishedValue
    se: PublishedValue
    difference: float


class ClaimOutcome(Part):
    """A claim, and whether it holds in this run."""

    name: str
    statement: str
    quantity: str
    source: str
    remark: str = ""
    paradigm: Paradigm | None = None
    holds: Holds
    reason: str | None = None
    cases: list[ClaimCase] = Field(default_factory=list)
    evidence: list[Evidence] = Field(default_factory=list)


class OverlayPoint(Part):
    """A point of the paper's coverage curve; `cost` in samples of its SE model."""

    side: Side
    k: int
    cost: float
    coverage: float


class ReferenceComparison(Part):
    """A paper beside this run."""

    name: str
    title: str
    citation: str
    benchmark: str | None = None
    pair: str | None = None
    data_comparable: bool
    finetuning_comparable: bool
    reasons: list[str] = Field(default_factory=list)
    caveats: list[str] = Field(default_factory=list)
    claims: list[ClaimOutcome] = Field(default_factory=list)
    values: list[Beside] = Field(default_factory=list)
    overlay: list[OverlayPoint] = Field(default_factory=list)
    tags: dict[str, str] = Field(default_factory=dict)
