"""Which of a paper's numbers a run may be held against: same benchmark, same models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.recipe import Paradigm, Recipe
from harness.reference import Benchmark, Reference, ReferencePair


@dataclass(frozen=True)
class Applicability:
    """What a run has in common with a paper; None for what it has not.

    Attributes:
        problems: the benchmark that solutions are sampled for.
        test: the benchmark that finetuned models are tested on.
        pair: the two generators.
        students: the paper's names of the finetuned models, where it has them.
        reasons: why numbers are not compared, one sentence each.
    """

    problems: Benchmark | None
    test: Benchmark | None
    pair: ReferencePair | None
    students: Mapping[Paradigm, str]
    reasons: tuple[str, ...]

    @property
    def data(self) -> bool:
        """Whether the quality of the sampled data can be compared."""
        return self.problems is not None and self.pair is not None

    @property
    def finetuning(self) -> bool:
        """Whether a finetuned model can be compared."""
        return self.data and self.test == self.problems and bool(self.students)


def applicability_of(reference: Reference, recipe: Recipe) -> Applicability:
    """What a recipe has in common with a paper, by the names in the recipe."""
    problems = _benchmark_of_problems(reference, recipe)
    test = reference.benchmark_of_task(recipe.evaluation.task)
    wc, se = (reference.model_named(card.id) for card in (recipe.pair.wc, recipe.pair.se))
    pair = reference.pair_of(wc, se)
    names = {name: reference.model_named(recipe.student(name).id) for name in recipe.paradigms}
    students = {paradigm: model for paradigm, model in names.items() if model}
    found = Applicability(problems, test, pair, students, ())
    reasons = tuple(_reasons(reference, recipe, found))
    return Applicability(problems, test, pair, students, reasons)


def _benchmark_of_problems(reference: Reference, recipe: Recipe) -> Benchmark | None:
    if recipe.problems.source == "micro":
        return None
    found = reference.benchmark_of_problems(recipe.problems.path or "")
    if found is None and recipe.problems.source == "jsonl":
        # A folder's name may say nothing; a recipe's name is the next best.
        return reference.benchmark_of_problems(recipe.name)
    return found


def _reasons(reference: Reference, recipe: Recipe, found: Applicability) -> Iterator[str]:
    labels = " and ".join(one.label for one in reference.benchmarks)
    pairs = ", or ".join(f"{pair.wc} with {pair.se}" for pair in reference.pairs)
    if found.problems is None:
        what = recipe.problems.path or recipe.problems.source
        yield f"The problems are other ones ({what}; the paper has {labels})."
    if found.pair is None:
        wc, se = recipe.pair.wc.label, recipe.pair.se.label
        yield f"The pair is another one ({wc} with {se}; the paper has {pairs})."
    if not recipe.paradigms:
        return
    if found.data and found.test != found.problems:
        yield f"Finetuned models are tested on something else ({recipe.evaluation.task})."
    others = [name for name in recipe.paradigms if name not in found.students]
    if found.data and others:
        models = ", ".join(f"{recipe.student(name).label} as {name}" for name in others)
        yield f"The paper finetuned no such model ({models})."
