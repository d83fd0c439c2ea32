"""pass@1 of our finetuned models beside a paper's, with changes labelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.recipe import Paradigm, Side
from harness.reference import Reference, ReferenceValue
from harness.report.reference.published import difference, inside, published, relative_gain
from harness.report.reference.schema import Beside, PublishedValue
from harness.report.results import Comparison, Evaluations, Interval
from harness.report.seeds import difference_of_data


@dataclass(frozen=True)
class ModelReference:
    """A paper's finetuned models on one benchmark, for one pair.

    Attributes:
        reference: the paper.
        benchmark: of training and test.
        pair: name of the generators.
        students: its name of each paradigm's model.
        problems: training problems; one of its numbers of them.
    """

    reference: Reference
    benchmark: str
    pair: str
    students: Mapping[Paradigm, str]
    problems: int

    def find(self, paradigm: str, **conditions: Any) -> ReferenceValue | None:
        """pass@1 of a paradigm's model."""
        return self.reference.first(
            quantity="pass_at_1",
            model=self._model(paradigm),
            **self._common,
            transform=None,
            **conditions,
        )

    def printed_gain(self, paradigm: str, budget: str | None) -> ReferenceValue | None:
        """The relative gain as it is printed."""
        model = self._model(paradigm)
        return self.reference.first(
            quantity="pass_at_1_gain", model=model, budget=budget, **self._common
        )

    def _model(self, paradigm: str) -> str:
        return next((model for name, model in self.students.items() if name == paradigm), "")

    @property
    def _common(self) -> dict[str, Any]:
        return {"benchmark": self.benchmark, "pair": self.pair, "problems": self.problems}


def model_values(
    theirs: ModelReference,
    evaluations: Evaluations,
    samples: Mapping[str, Mapping[Side, float]],
) -> list[Beside]:
    """Every finetuned model that the paper has too.

    Args:
        theirs: the paper's models.
        evaluations: ours.
        samples: mean samples a problem of each side, by our budget.
    """
    found: list[Beside] = []
    for one in evaluations.comparisons:
        if one.budget in samples:
            found += _comparison(theirs, one, samples[one.budget])
    return [*found, *_ground_truth(theirs, evaluations)]


def _comparison(
    theirs: ModelReference, ours: Comparison, samples: Mapping[Side, float]
) -> Iterator[Beside]:
    labels = {"budget": ours.budget, "paradigm": ours.paradigm}
    se = theirs.find(ours.paradigm, side="se", k=samples.get("se"))
    wc = theirs.find(ours.paradigm, side="wc", k=samples.get("wc"))
    if se:
        yield _beside(ours.se, published(se), arm="se", k=se.k, **labels)
    if wc:
        yield _beside(ours.wc, published(wc), arm="wc", k=wc.k, **labels)
    if not (se and wc):
        return
    yield _beside(difference_of_data(ours), difference(wc, se), kind="difference", **labels)
    gain = relative_gain(wc, se, theirs.printed_gain(ours.paradigm, wc.budget))
    if gain and ours.relative_gain is not None:
        yield Beside(
            place="finetuning",
            quantity="pass_at_1",
            kind="relative_gain",
            ours=ours.relative_gain,
            paper=gain,
            ours_minus_paper=ours.relative_gain - gain.value,
            paper_in_interval="no_interval",
            **labels,
        )


def _ground_truth(theirs: ModelReference, evaluations: Evaluations) -> Iterator[Beside]:
    for model in evaluations.models:
        if model.cell is None or model.cell.arm != "ground_truth":
            continue
        value = theirs.find(model.cell.paradigm, arm="ground_truth")
        if value:
            labels = model.cell.model_dump(include={"budget", "paradigm", "arm", "seed"})
            yield _beside(model.pass_at_1, published(value), **labels)


def _beside(ours: Interval, paper: PublishedValue, **labels: Any) -> Beside:
    return Beside(
        place="finetuning",
        quantity="pass_at_1",
        kind=labels.pop("kind", "value"),
        ours=ours.value,
        low=ours.low,
        high=ours.high,
        paper=paper,
        ours_minus_paper=ours.value - paper.value,
        paper_in_interval=inside(ours.low, ours.high, paper),
        **labels,
    )
