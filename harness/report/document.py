"""Builds the report from what was read: one pure function, one document."""

from __future__ import annotations

from harness.budget import match_of
from harness.budget.parameters import with_active_parameters
from harness.errors import InputError
from harness.files import digest_of
from harness.recipe import SIDES, ModelCard, Recipe
from harness.recipe.loading import experiment_document, recipe_document
from harness.recipe.yaml_text import dump_yaml
from harness.reference import Reference
from harness.report.allocation import allocation_cautions, refusals
from harness.report.findings import cautions_of, findings_of, headline, paper_lines
from harness.report.reference.building import reference_comparison
from harness.report.reference.claims import Measured
from harness.report.results import Evaluations, Match
from harness.report.schema import (
    Digests,
    Model,
    ProblemSetSummary,
    Provenance,
    RecipeSummary,
    Report,
)
from harness.report.sources import Sources, redacted


def report_of(sources: Sources, reference: Reference | None = None) -> Report:
    """The report of a run, whole or partial; beside a paper's results if asked."""
    recipe, measure, evaluations = sources.recipe, sources.measure, sources.evaluations
    match = measure.match if measure else _planned_match(recipe)
    findings = findings_of(measure, evaluations)
    seeds = _training_seeds(recipe, evaluations)
    budgets = measure.budgets if measure else {}
    return Report(
        recipe=RecipeSummary(
            name=recipe.name, profile=recipe.profile, description=recipe.description
        ),
        headline=headline(match, findings, seeds),
        findings=findings,
        paper=paper_lines(match, findings, seeds),
        cautions=[*allocation_cautions(measure), *cautions_of(budgets, findings, seeds)],
        missing=missing_of(sources),
        pair={side: _model(getattr(recipe.pair, side)) for side in SIDES},
        students={name: _model(recipe.student(name)) for name in recipe.paradigms},
        problems=_problem_set(sources),
        match=match,
        allocation=recipe_document(recipe)["allocation"],
        refused=measure.refused if measure else {},
        measured_problems=measure.problems if measure else None,
        budgets=budgets,
        curve=measure.curve if measure else {},
        finetuning=evaluations,
        arms=sources.arms,
        cells=sources.cells,
        pools=sources.pools,
        reference=(
            reference_comparison(reference, recipe, Measured(match, measure, evaluations))
            if reference
            else None
        ),
        timings=sources.timings,
        provenance=_provenance(sources),
    )


def missing_of(sources: Sources) -> list[str]:
    """What the report lacks, why, and the command that would add it."""
    recipe, evaluations = sources.recipe, sources.evaluations
    missing = []
    if not sources.pools:
        missing.append("No pool was drawn yet (harness sample RUN).")
    if sources.measure is None:
        missing.append("Data quality was not measured yet (harness measure RUN).")
    elif recipe.answer.chain_verifier is None:
        missing.append(
            "False positives were not measured: the problem set has no exact verifier of the "
            "reasoning."
        )
    missing += refusals(sources.measure)
    if len(sources.arms) < len(recipe.budgets) * len(recipe.arms.build):
        missing.append("Not every arm was built yet (harness build RUN).")
    missing += [
        f"Arm {arm.arm} at budget {arm.budget} is empty: {arm.reason or 'no reason was recorded'}."
        for arm in sources.arms
        if arm.empty
    ]
    if not recipe.paradigms:
        missing.append("The recipe finetunes nothing (paradigms is empty).")
    elif evaluations is None:
        missing.append("No model was evaluated yet (harness train RUN, then harness evaluate RUN).")
    missing += _without_model(sources)
    missing += _not_compared(recipe, evaluations)
    return missing


def _without_model(sources: Sources) -> list[str]:
    reasons = {
        cell.cell: f"{cell.status}: {cell.reason or 'no reason was recorded'}"
        for cell in sources.cells
        if cell.status != "done"
    }
    if sources.evaluations:
        for skipped in sources.evaluations.skipped:
            reasons.setdefault(skipped.cell, f"skipped: {skipped.reason}")
    return [f"Cell {name} has no model; {_ended(reason)}" for name, reason in reasons.items()]


def _ended(text: str) -> str:
    return text if text.rstrip().endswith((".", "!", "?")) else f"{text.rstrip()}."


def _not_compared(recipe: Recipe, evaluations: Evaluations | None) -> list[str]:
    if evaluations is None or not {"wc", "se"} <= set(recipe.training.arms):
        return []
    compared = {(one.paradigm, one.budget) for one in evaluations.comparisons}
    return [
        f"Paradigm {paradigm} at budget {budget} was not compared: no training seed has a model "
        "on WC data and one on SE data."
        for budget in recipe.training.budgets
        for paradigm in recipe.paradigms
        if (paradigm, budget) not in compared
    ]


def _planned_match(recipe: Recipe) -> Match | None:
    try:
        matched = next(iter(match_of(recipe).values()))
    except InputError:
        return None  # `plan` refuses such a recipe; a report of its folder need not.
    return Match(
        kind=matched.kind,
        ratio=matched.ratio,
        parameters=recipe.match.parameters,
        unit=matched.unit,
    )


def _training_seeds(recipe: Recipe, evaluations: Evaluations | None) -> int:
    """Training seeds behind the weakest comparison; the recipe's number without one."""
    counts = [len(one.seeds) for one in evaluations.comparisons] if evaluations else []
    return min(counts, default=len(recipe.seeds.training))


def _model(card: ModelCard) -> Model:
    return Model(
        id=card.id,
        label=card.label,
        revision=card.revision,
        parameters=with_active_parameters(card).parameters.model_dump(),
    )


def _problem_set(sources: Sources) -> ProblemSetSummary:
    problems, measure = sources.recipe.problems, sources.measure
    return ProblemSetSummary(
        source=problems.source,
        path=problems.path,
        config=problems.config,
        revision=problems.revision,
        train=measure.problems if measure else problems.train.count,
        test=sources.evaluations.problems if sources.evaluations else problems.test.count,
        train_digest=next((pool.problems_digest for pool in sources.pools.values()), None),
    )


def _provenance(sources: Sources) -> Provenance:
    recipe = sources.recipe
    document = recipe_document(recipe)
    return Provenance(
        created=sources.created,
        versions=sources.versions,
        seeds=document["seeds"],
        decoding=document["decoding"],
        digests=Digests(
            recipe=digest_of(experiment_document(recipe)),
            pools={side: pool.sha256 for side, pool in sources.pools.items() if pool.sha256},
            arms={f"{arm.arm}-{arm.budget}": arm.sha256 for arm in sources.arms if arm.sha256},
        ),
        recipe_yaml=redacted(dump_yaml(document)),
    )
