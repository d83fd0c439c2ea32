"""Makes a leaderboard entry of a run's report."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from harness.report.results import BudgetQuality, Evaluations
from harness.report.results import SideQuality as ReportedQuality
from harness.report.schema import Model, ProblemSetSummary, Report
from harness.report.seeds import difference_of_data, differences_by_seed
from leaderboard.schema import SCHEMA_VERSION, Content, Entry, QualityDifference, id_of

Document = dict[str, Any]
_MEASURES = ("pass_at_1", "coverage", "diversity_all", "diversity_solved", "false_positive_rate")
_NOT_IN_AN_ENTRY = {"gain_over_base", "holm_p_value", "other_seeds", "smallest_detectable"}


def entry_of(report_document: Document) -> Document:
    """The entry of a report; a report without measurements gives one without budgets.

    Args:
        report_document: the content of `report.json`.

    Raises:
        pydantic.ValidationError: it is not the report of this version.
    """
    report = Report.model_validate(report_document)
    provenance = report.provenance
    entry: Document = {
        "schema_version": SCHEMA_VERSION,
        "created": provenance.created,
        "recipe": {"name": report.recipe.name, "profile": report.recipe.profile},
        "problem_set": _problem_set(report.problems),
        "pair": {side: _model(model) for side, model in report.pair.items()},
        "match": report.match.model_dump(exclude={"unit", "rounding"}) if report.match else None,
        "budgets": {name: _budget(quality) for name, quality in report.budgets.items()},
        "finetuning": _finetuning(report),
        "evaluation": _evaluation(report.finetuning),
        "decoding": provenance.decoding,
        "seeds": provenance.seeds,
        "versions": provenance.versions,
        "evidence": provenance.digests.model_dump(),
    }
    # The id is over the numbers as a strict reader will see them (1 and 1.0 are one number).
    content = Content.model_validate(entry).model_dump(mode="json")
    return Entry.model_validate({**content, "id": id_of(content)}).model_dump(mode="json")


def _problem_set(problems: ProblemSetSummary) -> Document:
    # A folder's own name says enough; where it lies on somebody's machine does not matter.
    path = problems.path or problems.source
    return {
        "name": PurePath(path).name if problems.source == "jsonl" else path,
        "config": problems.config,
        "revision": problems.revision,
        "train": problems.train,
        "test": problems.test,
        "train_digest": problems.train_digest,
    }


def _model(model: Model) -> Document:
    return {"id": model.id, "revision": model.revision, "parameters": dict(model.parameters)}


def _budget(quality: BudgetQuality) -> Document:
    samples, means = quality.samples_per_problem, quality.means
    return {
        "samples_per_problem": dict(samples),
        **({"mean_samples_per_problem": means} if means != samples else {}),
        "cost_wc_over_se": quality.cost.wc_over_se,
        "sides": {side: _side(quality.sides[side]) for side in quality.sides},
        "difference": quality.difference.model_dump(include=set(QualityDifference.model_fields)),
    }


def _side(numbers: ReportedQuality) -> Document:
    return numbers.model_dump(include={"samples", "undecided", *_MEASURES})


def _finetuning(report: Report) -> list[Document]:
    if report.finetuning is None:
        return []
    return [
        {
            **one.model_dump(exclude=_NOT_IN_AN_ENTRY),
            "model": _model(report.students[one.paradigm]),
            "difference": difference_of_data(one).model_dump(),
            "difference_by_seed": differences_by_seed(report.finetuning, one),
        }
        for one in report.finetuning.comparisons
        if one.paradigm in report.students
    ]


def _evaluation(evaluations: Evaluations | None) -> Document | None:
    if evaluations is None or not evaluations.models:
        return None
    version = next((model.task_version for model in evaluations.models), None)
    return {
        "task": evaluations.task,
        "version": None if version is None else str(version),
        "problems": evaluations.problems,
    }
