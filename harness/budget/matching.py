"""Matched budgets: how many samples a problem each side may draw for the same cost.

With equal mean lengths, equal cost means S_WC = (c_SE / c_WC) · S_SE with c the cost of a token
(paper, Eq. 1 and section on price). With measured lengths, c is the cost of a sample. Counts of
samples are whole: with `rounding: nearest` the exact number is rounded, halves up, and the cost
ratio that this leaves is kept with the result; with `rounding: mixed` some problems get one sample
fewer than others, and the cost of the whole problem set matches. A total is a limit: it rounds
down, so that no side spends more than it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from harness.budget.allocation import mixed_allocation
from harness.budget.side_costs import UnitCosts, unit_costs
from harness.budget.totals import problem_count, total_per_problem
from harness.errors import InputError, Issues
from harness.recipe import SIDES, Recipe, Side
from harness.recipe.budget_sections import MOST_SAMPLES
from harness.recipe.schema import Budget, Match

__all__ = ["MatchedBudget", "UnitCosts", "match_of", "matched_budget", "pool_sizes", "unit_costs"]

Given = Literal["wc", "se", "total"]
# A count such as 0.9999999996 is 1 that was written with too few digits.
_TOLERANCE = Fraction(1, 10**6)


@dataclass(frozen=True)
class MatchedBudget:
    """One budget, matched.

    Attributes:
        budget: its name.
        kind: the cost model.
        ratio: cost of an SE sample over cost of a WC sample, exact before rounding.
        samples_per_problem: samples that each side draws for a problem, whole; with mixed
            rounding the larger of the two counts that problems get.
        cost: what the budget costs a problem, in `unit`; with mixed rounding on average.
        unit: unit of `cost`.
        exact: the counts before rounding.
        given: the side whose count the recipe gives, or "total".
        rounding: "nearest" or "mixed".
        intended_wc_over_se: the cost ratio that is meant: 1, or what a multiplier makes of it.
        seed: decides which problems get the larger count.
        cost_per_sample: what each further sample costs, in `unit`.
        cost_per_problem: what a problem costs once, in `unit`: a prompt that its samples share.
    """

    budget: str
    kind: str
    ratio: float
    samples_per_problem: Mapping[Side, int]
    cost: Mapping[Side, float]
    unit: str
    exact: Mapping[Side, Fraction]
    given: Given
    rounding: Literal["nearest", "mixed"]
    intended_wc_over_se: float
    seed: int
    cost_per_sample: Mapping[Side, float]
    cost_per_problem: Mapping[Side, float]

    @property
    def exact_samples_per_problem(self) -> dict[Side, float]:
        """The counts before rounding, as decimal numbers."""
        return {side: float(self.exact[side]) for side in SIDES}

    @property
    def mean_samples_per_problem(self) -> dict[Side, float]:
        """Samples a problem that the budget holds on average: real where rounding is mixed.

        It is the k at which the estimators of the metrics are taken.
        """
        if self.rounding == "mixed":
            return self.exact_samples_per_problem
        return {side: float(self.samples_per_problem[side]) for side in SIDES}

    @property
    def wc_over_se(self) -> float:
        """The cost ratio that rounding leaves; `intended_wc_over_se` is a perfect match."""
        return self.cost["wc"] / self.cost["se"]

    def samples_of(self, side: Side, problem_ids: Iterable[str]) -> dict[str, int]:
        """How many samples of each problem belong to the budget: its first ones, by index."""
        if self.rounding == "mixed":
            limit = self.given == "total"
            return mixed_allocation(problem_ids, self.exact[side], self.seed, round_down=limit)
        return dict.fromkeys(problem_ids, self.samples_per_problem[side])


def matched_budget(
    name: str,
    budget: Budget,
    match: Match,
    costs: UnitCosts,
    *,
    problems: int | None = None,
    seed: int = 0,
) -> MatchedBudget:
    """Matches one budget.

    Args:
        name: of the budget.
        budget: what it gives.
        match: the cost model and the rounding.
        costs: of both sides.
        problems: size of the problem set, which a total is spread over; None if not known.
        seed: of the mixed allocation.

    Raises:
        InputError: a side would get less than one sample a problem (or none at all, where
            rounding is mixed), or a total is in another unit than the match counts.

    Example:
        With Pro at $10.5 and Flash at $0.3 per million tokens, 7,500 problems and 200 tokens a
        completion, a total of $31 is 1.97 samples of Pro: one is drawn, beside 68 of Flash.
    """
    exact, given = _exact_counts(budget, match, costs, problems)
    _refuse_more_than_a_pool(name, given, exact)
    if match.rounding == "nearest":
        _refuse_less_than_one(name, given, exact, costs, _multiplier(budget))
    else:
        _refuse_no_sample(name, given, exact, problems)
    samples = _whole_counts(exact, given, match)
    counted = exact if match.rounding == "mixed" else samples
    return MatchedBudget(
        budget=name,
        kind=match.kind,
        ratio=float(costs.ratio),
        samples_per_problem=samples,
        cost={side: float(costs.of(side, Fraction(counted[side]))) for side in SIDES},
        unit=costs.unit,
        exact=exact,
        given=given,
        rounding=match.rounding,
        intended_wc_over_se=float(_multiplier(budget) ** (-1 if given == "wc" else 1)),
        seed=seed,
        cost_per_sample={side: float(getattr(costs, side)) for side in SIDES},
        cost_per_problem={side: float(costs.of_side(side).per_problem) for side in SIDES},
    )


def match_of(recipe: Recipe) -> dict[str, MatchedBudget]:
    """Every budget of a recipe, matched, by name.

    Raises:
        InputError: a card lacks what the match counts, or a budget cannot be matched; all of
            them are reported.
    """
    costs = unit_costs(recipe.match, recipe.pair, recipe.decoding.planned_tokens)
    problems = problem_count(recipe)
    issues, matched = Issues(), {}
    for name, budget in recipe.budgets.items():
        try:
            matched[name] = matched_budget(
                name, budget, recipe.match, costs, problems=problems, seed=recipe.seeds.run
            )
        except InputError as error:
            issues.add(f"budgets.{name}", error.message, error.advice)
    issues.raise_if_any("the budgets cannot be matched:")
    return matched


def pool_sizes(recipe: Recipe) -> dict[Side, int]:
    """Samples a problem that each pool must hold: the largest budget's, of which the others
    are parts.
    """
    budgets = match_of(recipe).values()
    return {side: max(budget.samples_per_problem[side] for budget in budgets) for side in SIDES}


def _exact_counts(
    budget: Budget, match: Match, costs: UnitCosts, problems: int | None
) -> tuple[dict[Side, Fraction], Given]:
    """Samples a problem of both sides before rounding, and what the budget gives."""
    multiplier = _multiplier(budget)
    if budget.total is not None:
        spent = total_per_problem(budget.total, match.kind, costs, problems)
        return {
            "wc": costs.samples_for("wc", spent * multiplier),
            "se": costs.samples_for("se", spent),
        }, "total"
    given: Side = "se" if budget.se is not None else "wc"
    other: Side = "wc" if given == "se" else "se"
    amount = Fraction(str(budget.se if budget.se is not None else budget.wc))
    spent = costs.of(given, amount) * multiplier
    return {given: amount, other: costs.samples_for(other, spent)}, given


def _multiplier(budget: Budget) -> Fraction:
    given = budget.multiplier
    return Fraction(1) if given is None else Fraction(str(given))


def _whole_counts(exact: Mapping[Side, Fraction], given: Given, match: Match) -> dict[Side, int]:
    if match.rounding == "mixed":
        return {side: math.ceil(exact[side]) for side in SIDES}
    whole = math.floor if given == "total" else _nearest
    return {side: whole(exact[side]) for side in SIDES}


def _nearest(count: Fraction) -> int:
    return max(1, math.floor(count + Fraction(1, 2)))


def _refuse_more_than_a_pool(name: str, given: Given, exact: Mapping[Side, Fraction]) -> None:
    """Refuses a total that buys more than a budget in samples may be."""
    large = [side for side in SIDES if exact[side] > MOST_SAMPLES]
    if given == "total" and large:
        counts = " and ".join(f"{float(exact[side]):.3g} {side.upper()} samples" for side in large)
        raise InputError(
            f"the budget {name!r} leaves {counts} a problem, more than any pool can hold.",
            "Choose a smaller total.",
        )


def _refuse_no_sample(
    name: str, given: Given, exact: Mapping[Side, Fraction], problems: int | None
) -> None:
    """Refuses a budget of which a side gets nothing, once spread over the problems."""
    least = Fraction(1) if given == "total" else Fraction(1, 2)
    short = [side for side in SIDES if problems and exact[side] * problems < least]
    if short:
        counts = " and ".join(f"{float(exact[side]):.3g} {side.upper()} samples" for side in short)
        raise InputError(
            f"the budget {name!r} leaves {counts} a problem, and that is no sample at all over "
            f"{problems:,} problems.",
            "Choose a larger budget.",
        )


def _refuse_less_than_one(
    name: str,
    given: Given,
    exact: Mapping[Side, Fraction],
    costs: UnitCosts,
    multiplier: Fraction,
) -> None:
    """Refuses a budget, with the least count of the given side that works for both."""
    least = Fraction(1) if given == "total" else 1 - _TOLERANCE
    short = [side for side in SIDES if exact[side] < least]
    if not short:
        return
    counts = " and ".join(f"{float(exact[side]):.3g} {side.upper()} samples" for side in short)
    others = (
        "Or set match.rounding: mixed, which gives some problems a sample and others none"
        f"{_on_purpose(given, exact, costs)}."
    )
    if given == "total":
        raise InputError(
            f"the budget {name!r} leaves {counts} a problem, less than one.",
            f"Choose a larger total. {others}",
        )
    other: Side = "wc" if given == "se" else "se"
    enough = costs.samples_for(given, costs.of(other, 1 - _TOLERANCE) / multiplier)
    count = math.ceil(max(Fraction(1), enough))
    raise InputError(
        f"the budget {name!r} ({float(exact[given]):g} {given.upper()} samples a problem) leaves "
        f"{counts} a problem, less than one.",
        f"The least that works is {given}: {count}. {others}",
    )


def _on_purpose(given: Given, exact: Mapping[Side, Fraction], costs: UnitCosts) -> str:
    """The budget that leaves the given side's count and one sample of the other's."""
    counts = {side: max(Fraction(1), exact[side]) for side in SIDES}
    if given == "total" or exact[given] < 1:
        return ""
    multiplier = costs.of("wc", counts["wc"]) / costs.of("se", counts["se"])
    step = Fraction(10) ** (math.floor(math.log10(multiplier)) - 2)
    enough = float(math.ceil(multiplier / step) * step)
    budget = f"{{se: {float(counts['se']):.12g}, multiplier: {enough:g}}}"
    return f", or let the two sides spend unequally on purpose, as in {budget}"
