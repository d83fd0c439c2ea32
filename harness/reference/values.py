"""What a published result is here: a number with where it is from and how well it is known.

No number of a paper is used without these: some were read off a picture, some come from somebody's
notes, some from memory. A reader must be able to tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ConfigDict

from harness.recipe import Paradigm, Side

Tag = Literal["S", "P", "R", "F", "D", "M-h", "M-m", "M-l"]
Unit = Literal[
    "percent",
    "fraction",
    "points",
    "relative_percent",
    "solutions",
    "ratio",
    "usd_per_million_tokens",
    "count",
    "epochs",
    "rate",
    "temperature",
    "coefficient",
    "z",
    "p_value",
]
SizeOf = Literal["training problems", "test problems", "solutions"]
# How the files of a reference are checked; the classes themselves are plain dataclasses.
STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
# What one of the unit is, where values are compared with fractions of 1.
_SCALES: dict[str, float] = {"percent": 0.01, "points": 0.01, "relative_percent": 0.01}


@dataclass(frozen=True, kw_only=True)
class ReferenceValue:
    """One number of a paper, and everything that it holds for.

    Attributes:
        quantity: `coverage`, `diversity_solved`, `false_positive_rate`, `pass_at_1`, …
        unit: of `value`, `low`, `high` and `read_off_error`.
        provenance: how it is known (see `Reference.tags`).
        source: figure, table or section.
        value: the number; None where only a range is known.
        low: lower end of the range in which it was read or stated.
        high: upper end of that range.
        read_off_error: largest error of reading it off a picture; None for what was not read off.
        size: how many problems or solutions it was measured on.
        size_of: what `size` counts.
        benchmark: `math`, `gsm8k`, …
        pair: the two generators.
        model: the model that it is about: a generator, or the one that was finetuned.
        side: side of the pair that the samples come from.
        generator: of a finetuned model: the model whose solutions it was trained on.
        arm: of a finetuned model: its training set.
        budget: the paper's own name for a budget.
        match: what the two sides have in common (`compute`, `price`, `number`).
        k: samples a problem.
        level: difficulty.
        judge: who judged the reasoning.
        problems: of a finetuned model: problems that its training set was sampled for.
        transform: what was done to the samples.
        date: month in which it held.
        note: what a reader must know.
    """

    __pydantic_config__ = STRICT

    quantity: str
    unit: Unit
    provenance: Tag
    source: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    read_off_error: float | None = None
    size: int | None = None
    size_of: SizeOf | None = None
    benchmark: str | None = None
    pair: str | None = None
    model: str | None = None
    side: Side | None = None
    generator: str | None = None
    arm: str | None = None
    budget: str | None = None
    match: str | None = None
    k: int | None = None
    level: str | None = None
    judge: str | None = None
    problems: int | None = None
    transform: str | None = None
    date: str | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        if self.value is None and self.low is None:
            raise ValueError(f"{self.quantity} ({self.source}) has neither a value nor a range")

    @property
    def scale(self) -> float:
        """What a value is multiplied by to be a fraction; 1 where it is none."""
        return _SCALES.get(self.unit, 1.0)

    @property
    def number(self) -> float:
        """The value; fractions for percentages and points.

        Raises:
            ValueError: only a range is known.
        """
        if self.value is None:
            raise ValueError(f"of {self.quantity} ({self.source}) only a range is known")
        return self.value * self.scale

    @property
    def error(self) -> float:
        """The read-off error in the unit of `number`; 0 for what was not read off."""
        return (self.read_off_error or 0.0) * self.scale

    def holds(self, conditions: dict[str, Any]) -> bool:
        """Whether every named attribute has the value asked for; None asks for its absence."""
        return all(getattr(self, name) == wanted for name, wanted in conditions.items())


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A statement of a paper about WC against SE.

    Attributes:
        name: for machines.
        statement: one sentence.
        quantity: what is compared.
        higher: the side for which it is higher.
        match: what the sides have in common: `cost`, or the `number` of samples; None where
            it does not matter.
        source: figures.
        paradigm: which finetuned model it is about; None for claims about the data.
        model: the paper's model of that paradigm.
        remark: what a reader must know.
    """

    __pydantic_config__ = STRICT

    name: str
    statement: str
    quantity: str
    higher: Side
    source: str
    match: Literal["cost", "number"] | None = None
    paradigm: Paradigm | None = None
    model: str | None = None
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A set of problems.

    Attributes:
        name: as in `ReferenceValue.benchmark`.
        label: for readers.
        training_problems: how many solutions were sampled for.
        test_problems: how many finetuned models were tested on.
        problem_sets: names of the problems in recipes.
        tasks: names of the test in lm-eval.
    """

    __pydantic_config__ = STRICT

    name: str
    label: str
    training_problems: int
    test_problems: int
    problem_sets: tuple[str, ...]
    tasks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ReferencePair:
    """Two generators, by the paper's names."""

    __pydantic_config__ = STRICT

    name: str
    wc: str
    se: str
