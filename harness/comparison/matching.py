"""The budget that two pools are compared at, and its cost model."""

from __future__ import annotations

import decimal
import itertools
import math
from collections.abc import Iterable, Mapping
from fractions import Fraction

from harness.budget.amounts import KINDS, UNIT_OF_KIND, UNIT_WORDS, BudgetAmount, Kind, parse_budget
from harness.budget.pool_matching import PoolMatch, check_unit, kinds_for, match_budgets
from harness.comparison.costs import SideCosts
from harness.errors import InputError, Refusals
from harness.recipe import SIDES, Side

USUAL_KIND: Kind = "compute"


def check_amounts(
    kind: str | None, budget: str | None, grading: BudgetAmount | None, refusals: Refusals
) -> None:
    """Refuses amounts that no pools could be compared at.

    Args:
        kind: the cost model; that of the budget's unit if None.
        budget: as `parse_budget` reads it, or None.
        grading: what grading a sample costs, or None.
        refusals: takes what is refused: a budget that cannot be read, and amounts in units that
            the cost model does not count.
    """
    amount, named = None, _named(kind)
    with refusals.noted():
        amount = None if budget is None else parse_budget(budget)
        if amount is not None and named is not None:
            check_unit(named, amount)
    is_unread = budget is not None and amount is None
    with refusals.noted():
        if grading is not None and not (is_unread and named is None):
            _check_grading(named or _usual_kinds(amount)[0], grading)


def _check_grading(kind: Kind, cost: BudgetAmount) -> None:
    if _charges(kind, cost):
        return
    fitting = [f"--match {one}" for one in KINDS if _charges(one, cost)]
    raise InputError(
        f"grading costs {float(cost.value):.4g} {UNIT_WORDS[cost.unit]} a sample, and a match by "
        f"{kind} does not count them.",
        f"Give {' or '.join(fitting)}." if fitting else "Give it a unit, as in 0.0002usd.",
    )


def _charges(kind: Kind, cost: BudgetAmount) -> bool:
    return UNIT_OF_KIND[kind] == cost.unit != "samples"


def _named(kind: str | None) -> Kind | None:
    return next((one for one in KINDS if one == kind), None)


def chosen_match(
    costs: SideCosts,
    kind: str | None,
    budget: str | None,
    drawn: Mapping[Side, int],
    problems: int,
    grading: BudgetAmount | None = None,
) -> PoolMatch:
    """The match that was asked for.

    Args:
        costs: what a sample costs.
        kind: the cost model; that of the budget's unit, or `compute`, if None.
        budget: as `parse_budget` reads it; the largest that both pools can pay for if None.
        drawn: samples that each problem of a side has at least.
        problems: that are compared.
        grading: what grading a sample costs, which not every cost model counts.

    Raises:
        InputError: the budget cannot be read or does not fit the cost model, or what the cost
            model needs is missing; says which cost models are possible.
    """
    amount = None if budget is None else parse_budget(budget)
    chosen = _kind(costs, kind, amount, grading)
    if amount is not None and amount.unit != "samples" and chosen in costs.relative:
        raise InputError(
            f"the budget {budget} needs the mean length of completions, and the pools have no "
            "token counts.",
            "Give the budget as SE samples a problem, or import the samples with "
            "`completion_tokens`.",
        )
    most = largest_budget(costs, chosen, drawn)
    match = matched(costs, chosen, amount or most, problems)
    counts = match.samples_per_problem
    if any(counts[side] > drawn[side] for side in SIDES):
        raise _more_than_drawn(match, matched(costs, chosen, most, problems), drawn, amount)
    most_samples = max(counts.values()) * problems
    if most_samples < 1:
        raise InputError(
            f"the budget pays for {told_from(most_samples, 1)} of a sample over all "
            f"{problems:,} problems.",
            "Give a larger one: --budget 1 is one SE sample a problem.",
        )
    return match


def matched(costs: SideCosts, kind: Kind, amount: BudgetAmount, problems: int) -> PoolMatch:
    """Both sides at one budget under one cost model.

    Raises:
        InputError: the amount is in another unit.
    """
    both = costs.found[kind]
    return match_budgets(
        kind,
        {side: both[side].per_sample for side in SIDES},
        amount,
        problems,
        {side: both[side].per_problem for side in SIDES},
    )


def largest_budget(costs: SideCosts, kind: Kind, drawn: Mapping[Side, int]) -> BudgetAmount:
    """SE samples a problem that both pools can pay for.

    Raises:
        InputError: a pool has no samples of the problems.
    """
    both = costs.found[kind]
    empty = [f"the {side.upper()} pool" for side in SIDES if not drawn[side]]
    if empty:
        raise InputError(
            f"no sample of the problems that are compared is in {' or in '.join(empty)}.",
            "Draw or import some.",
        )
    affordable = both["se"].samples_for(both["wc"].of(Fraction(drawn["wc"])))
    return BudgetAmount(min(Fraction(drawn["se"]), affordable), "samples")


def _more_than_drawn(
    match: PoolMatch,
    most: PoolMatch,
    drawn: Mapping[Side, int],
    amount: BudgetAmount | None,
) -> InputError:
    """The refusal of a budget that a pool does not hold, with the largest that both do."""
    counts, possible = match.samples_per_problem, most.samples_per_problem
    lacks = " and ".join(
        f"{told_from(counts[side], drawn[side])} {side.upper()} samples a problem (the pool has "
        f"{drawn[side]})"
        for side in SIDES
        if counts[side] > drawn[side]
    )
    largest = rounded_down(possible["se"])
    if amount is not None and amount.unit != "samples":
        largest = f"{rounded_down(most.cost['se'])}{amount.unit}"
    return InputError(
        f"the budget asks for {lacks}.",
        f"The largest --budget that both pools hold is {largest} (up to "
        f"{rounded_down(possible['se'])} SE samples a problem against "
        f"{rounded_down(possible['wc'])} of WC); for more, draw or import more.",
    )


def rounded_down(amount: Fraction) -> str:
    """Four digits, never more than the amount itself, so that it can be given as a budget."""
    exponent = math.floor(math.log10(amount)) - 3
    digits = math.floor(amount / Fraction(10) ** exponent)
    return f"{float(digits * Fraction(10) ** exponent):.4g}"


def told_from(amount: Fraction, bound: int) -> str:
    """Four digits, or as many as it takes to tell the amount from a bound that it is not."""
    for digits in itertools.count(4):
        with decimal.localcontext(prec=digits):
            rounded = decimal.Decimal(amount.numerator) / decimal.Decimal(amount.denominator)
        if rounded != bound:
            break
    return f"{rounded:f}"


def _usual_kinds(amount: BudgetAmount | None) -> tuple[Kind, ...]:
    """The cost models for a budget where none is named; the first that is possible is taken."""
    if amount is None or amount.unit == "samples":
        return (USUAL_KIND,)
    return kinds_for(amount.unit)


def _kind(
    costs: SideCosts, kind: str | None, amount: BudgetAmount | None, grading: BudgetAmount | None
) -> Kind:
    named = _named(kind)
    wished = (named,) if named is not None else _usual_kinds(amount)
    for one in wished:
        if one in costs.found:
            return one
    error = costs.refused[wished[0]]
    raise InputError(error.message, _ways_out(costs, amount, grading), error.issues)


def _ways_out(costs: SideCosts, amount: BudgetAmount | None, grading: BudgetAmount | None) -> str:
    """The cost models that can be worked out, and what each of them asks for besides."""
    unit = "samples" if amount is None else amount.unit

    def takes_amounts(kind: Kind) -> bool:
        counts_budget = unit == "samples" or (UNIT_OF_KIND[kind] == unit and kind not in relative)
        return counts_budget and (grading is None or _charges(kind, grading))

    relative = costs.relative
    if as_they_are := [kind for kind in costs.found if takes_amounts(kind)]:
        return f"Possible as they are: {_options(as_they_are)}."
    changes = ["a budget in SE samples a problem"] if unit != "samples" else []
    changes += ["no --grading-cost"] if grading is not None else []
    return f"Possible with {' and '.join(changes)}: {_options(costs.found)}."


def _options(kinds: Iterable[Kind]) -> str:
    return ", ".join(f"--match {one}" for one in kinds)
