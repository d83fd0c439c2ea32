"""The quality of our samples beside a paper's: by budget, number, level and curve."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.recipe import SIDES, Side
from harness.reference import Reference, ReferencePair, ReferenceValue
from harness.report.reference.published import difference, inside, published
from harness.report.reference.schema import Beside, Place, PublishedValue
from harness.report.results import BudgetQuality, CurvePoint, Interval, SideMetrics

_MEASURES = ("coverage", "diversity_solved")
_JUDGES = ("human", "gemini")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class DataReference:
    """A paper's values for one benchmark and one pair."""

    reference: Reference
    benchmark: str
    pair: ReferencePair

    def find(self, quantity: str, **conditions: Any) -> ReferenceValue | None:
        """The most trusted value of a quantity; of all levels unless one is asked for."""
        conditions = {"level": None, "transform": None, **conditions}
        return self.reference.first(
            quantity=quantity, benchmark=self.benchmark, pair=self.pair.name, **conditions
        )

    def measure(self, name: str, side: Side, k: float, judge: str | None) -> ReferenceValue | None:
        """A measure of a side with k samples a problem; pass@1 is coverage@1."""
        if name == "false_positive_rate":
            return self.find(name, side=side, judge=judge)
        if name == "pass_at_1":
            return self.find("coverage", side=side, k=1)
        return self.find(name, side=side, k=k)


def data_values(
    theirs: DataReference,
    budgets: Mapping[str, BudgetQuality],
    curve: Mapping[Side, list[CurvePoint]],
) -> list[Beside]:
    """Every measure of the samples that the paper has too."""
    found: list[Beside] = []
    said: set[Beside] = set()
    for name, quality in budgets.items():
        samples = quality.means
        rows = list(_metrics(theirs, "budget", name, samples, quality))
        # What does not depend on the budget is said once.
        found += [one for one in rows if one.model_copy(update={"budget": None}) not in said]
        said |= {one.model_copy(update={"budget": None}) for one in rows}
        if equal := quality.number_matched:
            same: dict[Side, float] = dict.fromkeys(SIDES, equal.samples_per_problem)
            if same != samples:
                found += _metrics(theirs, "equal_number", name, same, equal)
        found += _levels(theirs, name, quality)
    return [*found, *_curve(theirs, curve), *_equal_cost(theirs, curve)]


def _metrics(
    theirs: DataReference, place: Place, budget: str, samples: Mapping[Side, float], ours: Any
) -> Iterator[Beside]:
    measures: list[tuple[str, str | None]] = [(name, None) for name in ("pass_at_1", *_MEASURES)]
    measures += [("false_positive_rate", judge) for judge in _JUDGES]
    if place == "equal_number":
        measures = [(name, None) for name in _MEASURES]
    for name, judge in measures:
        values: dict[Side, ReferenceValue] = {}
        for side in SIDES:
            value = theirs.measure(name, side, samples.get(side, 0), judge)
            metrics: SideMetrics | None = ours.sides.get(side)
            interval: Interval | None = getattr(metrics, name, None)
            if value is None or interval is None:
                continue
            values[side] = value
            k = {"pass_at_1": 1, "false_positive_rate": None}.get(name, value.k)
            labels = {"budget": budget, "side": side, "k": k, "judge": judge}
            yield _beside(place, name, interval, published(value), **labels)
        apart: Interval | None = getattr(ours.difference, name, None)
        if apart is not None and len(values) == len(SIDES):
            paper = difference(values["wc"], values["se"])
            labels = {"kind": "difference", "budget": budget, "judge": judge}
            yield _beside(place, name, apart, paper, **labels)


def _levels(theirs: DataReference, budget: str, quality: BudgetQuality) -> Iterator[Beside]:
    for side in SIDES:
        numbers = quality.sides.get(side)
        k = quality.means.get(side)
        for level, metrics in (numbers.by_level if numbers else {}).items():
            digits = _DIGITS.findall(level)  # "Level 5" and "5" are one level.
            name = digits[0] if len(digits) == 1 else level
            value = theirs.find("coverage", side=side, k=k, level=name or "?")
            if value and metrics.coverage:
                labels = {"budget": budget, "side": side, "k": value.k, "level": name}
                yield _beside("level", "coverage", metrics.coverage, published(value), **labels)


def _curve(theirs: DataReference, curve: Mapping[Side, list[CurvePoint]]) -> Iterator[Beside]:
    for side in SIDES:
        for point in curve.get(side, ()):
            value = theirs.find("coverage", side=side, k=point.k)
            if value:
                paper = published(value)
                yield _beside("curve", "coverage", point.coverage, paper, side=side, k=point.k)


def _equal_cost(theirs: DataReference, curve: Mapping[Side, list[CurvePoint]]) -> Iterator[Beside]:
    """WC less SE coverage along the curve, at the paper's own ratio of samples; no intervals."""
    ratio = theirs.reference.first(quantity="cost_ratio", pair=theirs.pair.name)
    ours = {(side, point.k): point.coverage for side in SIDES for point in curve.get(side, ())}
    for k in sorted(k for side, k in ours if side == "se" and ratio is not None):
        k_of_wc = round(k * ratio.number) if ratio else k
        wc = theirs.find("coverage", side="wc", k=k_of_wc)
        se = theirs.find("coverage", side="se", k=k)
        if wc and se and ("wc", k_of_wc) in ours:
            apart = ours["wc", k_of_wc].value - ours["se", k].value
            paper = difference(wc, se)
            yield Beside(
                place="curve",
                quantity="coverage",
                kind="difference",
                k=k,
                k_of_wc=k_of_wc,
                ours=apart,
                paper=paper,
                ours_minus_paper=apart - paper.value,
                paper_in_interval="no_interval",
            )


def _beside(
    place: Place, quantity: str, ours: Interval, paper: PublishedValue, **labels: Any
) -> Beside:
    return Beside(
        place=place,
        quantity=quantity,
        kind=labels.pop("kind", "value"),
        ours=ours.value,
        low=ours.low,
        high=ours.high,
        paper=paper,
        ours_minus_paper=ours.value - paper.value,
        paper_in_interval=inside(ours.low, ours.high, paper),
        **labels,
    )
