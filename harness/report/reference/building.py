"""Puts a paper beside a run: one pure function, one part of the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.budget import match_of
from harness.errors import InputError
from harness.recipe import Recipe, Side
from harness.reference import Benchmark, Reference
from harness.report.reference.applicability import Applicability, applicability_of
from harness.report.reference.caveats import caveats_of
from harness.report.reference.claims import Measured, claim_outcomes
from harness.report.reference.data_values import DataReference, data_values
from harness.report.reference.model_values import ModelReference, model_values
from harness.report.reference.schema import Beside, OverlayPoint, ReferenceComparison


def reference_comparison(
    reference: Reference, recipe: Recipe, measured: Measured
) -> ReferenceComparison:
    """The paper's values and claims beside ours.

    Args:
        reference: the paper.
        recipe: the run's.
        measured: what the run has measured by now.
    """
    common = applicability_of(reference, recipe)
    values = _values(reference, recipe, common, measured)
    return ReferenceComparison(
        name=reference.name,
        title=reference.title,
        citation=reference.citation,
        benchmark=common.problems.label if common.problems else None,
        pair=f"{common.pair.wc} with {common.pair.se}" if common.pair else None,
        data_comparable=common.data,
        finetuning_comparable=common.finetuning,
        reasons=list(common.reasons),
        caveats=list(caveats_of(reference, recipe, common, measured)),
        claims=claim_outcomes(reference, measured),
        values=values,
        overlay=list(_overlay(reference, common)),
        tags=dict(reference.tags),
    )


def _values(
    reference: Reference, recipe: Recipe, common: Applicability, measured: Measured
) -> list[Beside]:
    if common.problems is None or common.pair is None:
        return []
    values: list[Beside] = []
    if measured.measure:
        theirs = DataReference(reference, common.problems.name, common.pair)
        values += data_values(theirs, measured.measure.budgets, measured.measure.curve)
    if measured.evaluations and common.finetuning:
        models = ModelReference(
            reference,
            common.problems.name,
            common.pair.name,
            common.students,
            _training_problems(reference, recipe, common.problems, measured),
        )
        values += model_values(models, measured.evaluations, _samples(recipe, measured))
    return values


def _samples(recipe: Recipe, measured: Measured) -> Mapping[str, Mapping[Side, float]]:
    if measured.measure:
        budgets = measured.measure.budgets
        return {name: quality.means for name, quality in budgets.items()}
    try:
        return {name: one.mean_samples_per_problem for name, one in match_of(recipe).items()}
    except InputError:
        return {}  # `plan` refuses such a recipe; a report of its folder need not.


def _training_problems(
    reference: Reference, recipe: Recipe, benchmark: Benchmark, measured: Measured
) -> int:
    """This run's number of training problems if the paper has it too, its usual one else."""
    ours = measured.measure.problems if measured.measure else recipe.problems.train.count
    known = reference.find(quantity="pass_at_1", benchmark=benchmark.name)
    sizes = {value.problems for value in known}
    return ours if ours is not None and ours in sizes else benchmark.training_problems


def _overlay(reference: Reference, common: Applicability) -> Iterator[OverlayPoint]:
    if common.problems is None or common.pair is None:
        return
    conditions = {"benchmark": common.problems.name, "pair": common.pair.name}
    ratio = reference.first(quantity="cost_ratio", pair=common.pair.name)
    if ratio is None:
        return
    found = reference.find(quantity="coverage", level=None, **conditions)
    seen = set()
    for value in found:
        if value.k is None or value.value is None or (value.side, value.k) in seen:
            continue
        seen.add((value.side, value.k))
        side: Side = "wc" if value.side == "wc" else "se"
        cost = value.k / ratio.number if side == "wc" else value.k
        yield OverlayPoint(side=side, k=value.k, cost=cost, coverage=value.number)
