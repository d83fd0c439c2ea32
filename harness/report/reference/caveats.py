"""What a reader of two numbers side by side must keep in mind."""

from __future__ import annotations

from collections.abc import Iterator

from harness.budget.allocation import UNIFORM
from harness.quantities import mean_count
from harness.recipe import Recipe
from harness.reference import Reference
from harness.report.reference.applicability import Applicability
from harness.report.reference.claims import Measured

_SAME_SIZE = 0.01  # GSM8K has 7,473 training problems; the paper says 7,500.
_SIGNIFICANT_Z = 1.96


def caveats_of(
    reference: Reference, recipe: Recipe, common: Applicability, measured: Measured
) -> Iterator[str]:
    """The caveats, most important first."""
    if common.reasons:
        what = "No numbers are" if not common.data else "Not every number is"
        yield f"{what} compared with the paper's. {' '.join(common.reasons)}"
    if not common.data:
        yield (
            "Its values are shown for context, and a claim that holds or fails here says nothing "
            "about the paper's own models and benchmarks."
        )
    if common.data and reference.benchmark_of_problems(recipe.problems.path or "") is None:
        yield (
            f"That the problems in {recipe.problems.path} are {_label(common)} is taken from the "
            "recipe's name."
        )
    yield from _sizes(common, measured)
    yield from _without_counterpart(reference, common, measured)
    if common.finetuning and measured.measure and measured.measure.allocation != UNIFORM:
        yield (
            "Samples were allocated adaptively here, so the training sets are other ones than the "
            "paper's at the same budget."
        )
    if common.data:
        yield from _decoding(reference, recipe)
        yield (
            "The intervals are of this run alone. The paper's values have sampling errors "
            "too (given beside pass@1 and false positives), so a value outside of an interval is "
            "not yet another result."
        )
    if common.finetuning:
        yield (
            "The paper takes the best of ten checkpoints and of three learning rates by "
            "validation accuracy; the harness trains at one rate and takes the last step."
        )
    yield from _significance(reference, common)
    yield (
        "Many of its values were read off figures or come second-hand; tags and read-off errors "
        "say which."
    )


def _label(common: Applicability) -> str:
    return common.problems.label if common.problems else ""


def _sizes(common: Applicability, measured: Measured) -> Iterator[str]:
    pairs = []
    if common.data and common.problems and measured.measure:
        theirs, ours = common.problems.training_problems, measured.measure.problems
        pairs.append((theirs, ours, "training problems"))
    if common.finetuning and common.test and measured.evaluations:
        theirs, ours = common.test.test_problems, measured.evaluations.problems
        pairs.append((theirs, ours, "test problems"))
    for theirs, ours, what in pairs:
        if abs(ours / theirs - 1) > _SAME_SIZE:
            yield f"This run has {ours:,} {what}, the paper {theirs:,}."


def _without_counterpart(
    reference: Reference, common: Applicability, measured: Measured
) -> Iterator[str]:
    """Budgets of which the paper has no samples."""
    if common.problems is None or common.pair is None or measured.measure is None:
        return
    known = reference.find(
        quantity="coverage", benchmark=common.problems.name, pair=common.pair.name, level=None
    )
    there = {(value.side, value.k) for value in known}
    for budget, quality in measured.measure.budgets.items():
        for side, samples in quality.means.items():
            if (side, samples) not in there:
                yield (
                    f"The paper has nothing for {mean_count(samples)} {side.upper()} samples a "
                    f"problem (budget {budget})."
                )


def _decoding(reference: Reference, recipe: Recipe) -> Iterator[str]:
    ours = {"temperature": recipe.decoding.temperature, "top_k": recipe.decoding.top_k}
    for name, own in ours.items():
        value = reference.first(quantity=name)
        if value is not None and own != value.number:
            setting = "all tokens" if own is None else f"{own:g}"
            label = name.replace("_", "-")
            yield f"This run samples with {label} {setting}, the paper with {value.number:g}."


def _significance(reference: Reference, common: Applicability) -> Iterator[str]:
    pair = common.pair or reference.pairs[0]
    z = [value.number for value in reference.find(quantity="z", pair=pair.name)]
    if z:
        alone = sum(abs(one) > _SIGNIFICANT_Z for one in z)
        yield (
            "The paper gives no intervals and seems to have trained each model once. By an "
            f"unpaired test of two proportions, {alone} of its {len(z)} comparisons of finetuned "
            f"models for {pair.wc} with {pair.se} are significant alone (largest z {max(z):.2f}); "
            "its evidence is that nearly all point the same way."
        )
