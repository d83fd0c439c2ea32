"""Whether a paper's claims about WC against SE hold in this run, by intervals alone.

A claim holds at a budget when the 95 % interval of our paired difference lies on its side of 0,
fails when it lies on the other, and is undetermined otherwise. It holds in the run when it holds at
every budget, and fails when it fails at one. One training seed decides nothing about finetuning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.reference import Claim, Reference
from harness.report.reference.evidence import evidence_of
from harness.report.reference.schema import ClaimCase, ClaimOutcome, Holds
from harness.report.results import BudgetQuality, Difference, Evaluations, Match, Measure
from harness.report.seeds import difference_of_data
from harness.report.wording import verdict_of

_ONE_SEED = "one training seed makes no claim about the data"


@dataclass(frozen=True)
class Measured:
    """What of this run claims are held against; None for what was not done."""

    match: Match | None
    measure: Measure | None
    evaluations: Evaluations | None

    @property
    def equal_numbers(self) -> bool:
        """Whether the budgets themselves give both sides the same number of samples."""
        return self.match is not None and self.match.kind == "number"


def claim_outcomes(reference: Reference, measured: Measured) -> list[ClaimOutcome]:
    """Every claim of a paper, in its order."""
    return [_outcome(reference, claim, measured) for claim in reference.claims]


def _outcome(reference: Reference, claim: Claim, measured: Measured) -> ClaimOutcome:
    cases = list(_cases(claim, measured))
    return ClaimOutcome(
        name=claim.name,
        statement=claim.statement,
        quantity=claim.quantity,
        source=claim.source,
        remark=claim.remark,
        paradigm=claim.paradigm,
        holds=holds_in_all([case.holds for case in cases]),
        reason=None if cases else _why_not(claim, measured),
        cases=cases,
        evidence=evidence_of(reference, claim),
    )


def holds_in_all(single: Sequence[Holds]) -> Holds:
    """`no` if any is, `yes` if all are, `undetermined` otherwise."""
    if "no" in single:
        return "no"
    return "yes" if single and set(single) == {"yes"} else "undetermined"


def _cases(claim: Claim, measured: Measured) -> Iterator[ClaimCase]:
    if claim.paradigm is not None:
        yield from _finetuning_cases(claim, measured)
        return
    by_difference: dict[Difference, list[str]] = {}
    for budget, quality in (measured.measure.budgets if measured.measure else {}).items():
        found = _difference(claim, quality, measured)
        if found is not None:
            by_difference.setdefault(found, []).append(budget)
    # What does not depend on the budget is said once.
    for difference, budgets in by_difference.items():
        yield _case(claim, ", ".join(budgets), difference)


def _difference(claim: Claim, quality: BudgetQuality, measured: Measured) -> Difference | None:
    if claim.match is None or (claim.match == "number") == measured.equal_numbers:
        compared = quality.difference
    elif claim.match == "number" and quality.number_matched is not None:
        compared = quality.number_matched.difference
    else:
        return None
    found: Difference | None = getattr(compared, claim.quantity, None)
    return found


def _finetuning_cases(claim: Claim, measured: Measured) -> Iterator[ClaimCase]:
    if measured.evaluations is None or (claim.match == "number") != measured.equal_numbers:
        return
    for one in measured.evaluations.comparisons:
        if one.paradigm == claim.paradigm:
            reason = _ONE_SEED if len(one.seeds) == 1 else None
            yield _case(claim, one.budget, difference_of_data(one), reason)


def _case(
    claim: Claim, budget: str, difference: Difference, reason: str | None = None
) -> ClaimCase:
    verdict = verdict_of(difference)
    by_interval: Holds = "undetermined"
    if verdict in ("wc_higher", "se_higher"):
        by_interval = "yes" if verdict == f"{claim.higher}_higher" else "no"
    return ClaimCase(
        budget=budget,
        holds="undetermined" if reason else by_interval,
        by_interval=by_interval,
        difference=difference,
        reason=reason,
    )


def _why_not(claim: Claim, measured: Measured) -> str:
    refused = measured.measure.refused if measured.measure else {}
    if claim.quantity in refused:
        return refused[claim.quantity]
    if claim.match == "cost" and measured.equal_numbers:
        return "the sides of this run are matched by number, not by cost"
    if claim.match == "number" and claim.paradigm and not measured.equal_numbers:
        return "no model of this run was finetuned at an equal number of samples"
    return "not measured in this run"
