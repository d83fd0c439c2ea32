"""The order of a report: what was found first, how it came about after, provenance last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.recipe import SIDES
from harness.report import finetuning_tables as finetuning
from harness.report import plots
from harness.report import provenance_tables as provenance
from harness.report import quality_tables as quality
from harness.report import sampling_tables as sampling
from harness.report.blocks import (
    TONES,
    Block,
    Bullets,
    Code,
    Fold,
    Paragraph,
    Section,
    Table,
    Tone,
    verdict_label,
)
from harness.report.findings import match_name
from harness.report.reference.tables import reference_blocks
from harness.report.schema import Finding, Report
from harness.report.wording import pooled_sentence


def sections_of(report: Report) -> list[Section]:
    """Every section with something in it, in order."""
    sections = (
        Section("found", "What was found", list(_found(report))),
        Section("match", "The pair and the match", list(_match(report))),
        Section("data", "Data quality", list(_data(report))),
        Section("finetuning", "Finetuning", list(_finetuning(report))),
        Section("reference", "Beside the paper", list(reference_blocks(report.reference))),
        Section("sets", "Training sets and cells", list(_sets(report))),
        Section("verdicts", "Verdicts", list(_verdicts(report))),
        Section("time", "Where the time went", list(_time(report))),
        Section("provenance", "Provenance", list(_provenance(report))),
    )
    return [section for section in sections if section.blocks]


def _found(report: Report) -> Iterator[Block]:
    by_budget: dict[str, list[Finding]] = {}
    for finding in report.findings:
        if finding.topic != "finetuning":
            by_budget.setdefault(finding.budget, []).append(finding)
    for budget, findings in by_budget.items():
        yield Paragraph(f"Data quality at budget {budget}{_samples(report, budget)}:")
        yield _bullets(findings)
    if trained := [finding for finding in report.findings if finding.topic == "finetuning"]:
        budgets = ", ".join(dict.fromkeys(finding.budget for finding in trained))
        yield Paragraph(f"Finetuning on WC instead of SE data at budget {budgets}:")
        yield _bullets(trained)
    for heading, tone, lines in (
        ("Against the paper (Bansal et al., 2024):", "", report.paper),
        ("To keep in mind:", "none", report.cautions),
        ("What is missing:", "none", report.missing),
    ):
        if lines:
            yield Paragraph(heading)
            yield _plain_bullets(lines, tone)  # type: ignore[arg-type]


def _bullets(findings: Sequence[Finding]) -> Bullets:
    return Bullets([(verdict_label(one), TONES[one.verdict], one.text) for one in findings])


def _plain_bullets(lines: Sequence[str], tone: Tone) -> Bullets:
    return Bullets([("", tone, line) for line in lines])


def _samples(report: Report, budget: str) -> str:
    quality_here = report.budgets.get(budget)
    if quality_here is None:
        return ""
    wc, se = (quality_here.samples_text(side) for side in SIDES)
    return f" ({wc} WC or {se} SE samples a problem)"


def _match(report: Report) -> Iterator[Block]:
    yield sampling.pair_table(report)
    if report.match:
        match = report.match
        counted = (
            f" (counting {match.parameters} parameters{sampling.of_mixtures(report)})"
            if match.kind == "compute" and match.parameters
            else ""
        )
        yield Paragraph(
            f"One SE sample costs as much as {match.ratio:.6g} WC samples at {match_name(match)}"
            f"{counted}; "
            + (
                "some problems have one sample fewer than others, so that the sums are equal."
                if match.rounding == "mixed"
                else "whole numbers of samples are the nearest to that."
            )
        )
    if report.budgets:
        yield sampling.match_table(report)


def _data(report: Report) -> Iterator[Block]:
    if not report.budgets:
        return
    yield quality.quality_table(report)
    yield from plots.quality_figures(report)
    if more := quality.majority_table(report):
        yield Fold("Majority vote, yield, and other keys of diversity", [more], in_markdown=True)
    if equal := quality.number_table(report):
        yield Fold("At equal numbers of samples", [equal], in_markdown=True)
    if by_level := list(quality.level_tables(report)):
        yield Fold("By level", by_level, in_markdown=True)
    if by_subject := list(quality.subject_tables(report)):
        yield Fold("By subject", by_subject, in_markdown=True)
    if any(report.curve.values()):
        yield Fold("Coverage against cost", [quality.curve_table(report)], in_markdown=True)


def _finetuning(report: Report) -> Iterator[Block]:
    evaluations = report.finetuning
    if evaluations is None or not evaluations.models:
        return
    if evaluations.comparisons:
        yield finetuning.finetuning_table(evaluations)
        if evaluations.pooled:
            yield Paragraph(pooled_sentence(evaluations.pooled))
        yield from plots.finetuning_figures(evaluations)
        if any(one.gain_over_base for one in evaluations.comparisons):
            yield finetuning.gain_table(evaluations)
    yield finetuning.model_table(evaluations)


def _sets(report: Report) -> Iterator[Block]:
    if report.arms:
        yield finetuning.arm_table(report)
    if report.cells:
        yield finetuning.cell_table(report)


def _verdicts(report: Report) -> Iterator[Block]:
    if any(sampling.verdict_table(report).rows):
        yield sampling.verdict_table(report)
    if report.pools:
        yield sampling.pool_table(report)


def _time(report: Report) -> Iterator[Block]:
    if report.timings.stages:
        yield provenance.time_table(report)
    if report.timings.cells:
        yield Fold("Time per cell", [provenance.cell_time_table(report)])


def _provenance(report: Report) -> Iterator[Block]:
    yield provenance.version_table(report)
    yield provenance.digest_table(report)
    yield Paragraph(
        "To run it again, give the run's recipe.yaml, which holds every default, to the harness:"
    )
    yield Code("harness run --recipe recipe.yaml --out NEW_FOLDER")
    folds: list[tuple[str, Table | Code]] = []
    if any(pool.identity for pool in report.pools.values()):
        folds.append(("What the pools were drawn from", provenance.pool_identity_table(report)))
    if report.provenance.recipe_yaml:
        folds.append(("The resolved recipe (recipe.yaml)", Code(report.provenance.recipe_yaml)))
    for summary, block in folds:
        yield Fold(summary, [block])
