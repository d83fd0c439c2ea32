"""The costs of a recipe's pair: of a token where samples are taken to be equally long, else of
a sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from harness.budget.amounts import UNIT_WORDS
from harness.budget.architecture import architecture_of
from harness.budget.cost_models import CostModel, SampleCost, TokenMeans, sample_cost
from harness.budget.costs import TOKENS_PER_PRICE, UNITS, unit_cost
from harness.budget.spending import exact
from harness.errors import InputError, Issues
from harness.recipe import SIDES, ModelCard, Side
from harness.recipe.schema import Match, Pair, SampleMeans


@dataclass(frozen=True)
class UnitCosts:
    """The costs of both sides, in one unit.

    Attributes:
        wc, se: of a sample, or of a completion token where samples are equally long.
        wc_problem, se_problem: once for each problem: a prompt that its samples share.
        unit: the unit, in words.
        size: dollars, FLOPs, tokens or GPU-seconds that a sample costs for each one of `unit`
            (completion tokens of a sample where costs are those of a token); None if not known.
    """

    wc: Fraction
    se: Fraction
    wc_problem: Fraction = Fraction(0)
    se_problem: Fraction = Fraction(0)
    unit: str = ""
    size: Fraction | None = Fraction(1)

    @property
    def ratio(self) -> Fraction:
        """SE over WC: how many WC samples one SE sample is worth."""
        return self.se / self.wc

    def of(self, side: Side, samples: Fraction) -> Fraction:
        """The mean cost of a problem with so many samples in mean."""
        return self.of_side(side).of(samples)

    def samples_for(self, side: Side, cost_of_problem: Fraction) -> Fraction:
        """The mean samples of a problem that a side gets for a mean cost."""
        return self.of_side(side).samples_for(cost_of_problem)

    def of_side(self, side: Side) -> SampleCost:
        """The costs of one side."""
        if side == "wc":
            return SampleCost(self.wc, self.wc_problem)
        return SampleCost(self.se, self.se_problem)


def unit_costs(match: Match, pair: Pair, completion_tokens: float | None = None) -> UnitCosts:
    """The costs of both sides.

    Args:
        match: the cost model.
        pair: the cards.
        completion_tokens: mean length of a completion that decoding expects of both sides.

    Raises:
        InputError: a card or `match.per_sample` lacks what the match counts; both sides are
            reported.
    """
    issues, costs = Issues(), {}
    for side in SIDES:
        try:
            costs[side] = cost_of_side(match, side, getattr(pair, side), completion_tokens)
        except InputError as error:
            issues.add(f"pair.{side}", error.message, error.advice)
    issues.raise_if_any(f"a match by {match.kind} is not possible with this pair:")
    per_token = counts_tokens(match)
    return UnitCosts(
        wc=costs["wc"].per_sample,
        se=costs["se"].per_sample,
        wc_problem=costs["wc"].per_problem,
        se_problem=costs["se"].per_problem,
        unit=UNITS[match.kind] if per_token else _unit_of_samples(match),
        size=_size_of_token(match, completion_tokens) if per_token else Fraction(1),
    )


def counts_tokens(match: Match) -> bool:
    """Whether costs are those of a completion token: nothing tells samples of the sides apart.

    `number` has no tokens and counts samples, in the same way.
    """
    plain = match.kind in ("number", "compute", "price") and match.prompts in (None, "none")
    return plain and (match.kind == "number" or match.per_sample == type(match.per_sample)())


def cost_of_side(
    match: Match, side: Side, card: ModelCard, completion_tokens: float | None = None
) -> SampleCost:
    """What a sample (or, where `counts_tokens`, a completion token) of one side costs.

    Raises:
        InputError: the card or `match.per_sample` lacks what the match counts.
    """
    if counts_tokens(match):
        return SampleCost(unit_cost(match, card))
    given: SampleMeans = getattr(match.per_sample, side)
    if match.kind == "tokens" and given.completion_tokens is None:
        # Expected lengths are equal, so a match by them would be one by number in disguise.
        raise InputError(
            f"a match by tokens needs the mean length of a completion of {card.id}.",
            f"Measure a pilot pool (`harness pool show POOL`) and give "
            f"match.per_sample.{side}.completion_tokens.",
        )
    means = TokenMeans(
        prompt=given.prompt_tokens,
        completion=given.completion_tokens or completion_tokens,
        cached=given.cached_tokens,
        seconds=given.gpu_seconds,
    )
    model = CostModel(match.kind, match.parameters, match.price_date, match.batch, match.prompts)
    try:
        cost = sample_cost(
            model,
            card,
            means,
            architecture=architecture_of(card) if match.kind == "compute_exact" else None,
            grading=given.grading,
        )
    except InputError as error:
        advice = error.advice.replace(".SIDE.", f".{side}.")
        raise InputError(error.message, advice, error.issues) from None
    if cost.per_sample <= 0:
        raise InputError(
            f"a sample of {card.id} costs nothing by this match.", "Choose another match.kind."
        )
    return cost


def _unit_of_samples(match: Match) -> str:
    if match.kind == "tokens":
        return "completion tokens" if match.prompts in (None, "none") else "tokens"
    words = {"compute": "flop", "compute_exact": "flop", "price": "usd", "gpu_seconds": "gpu_s"}
    return UNIT_WORDS[words[match.kind]]  # type: ignore[index]


def _size_of_token(match: Match, completion_tokens: float | None) -> Fraction | None:
    """What an equally long sample costs for each unit that a token does."""
    if match.kind == "number":
        return Fraction(1)
    if completion_tokens is None:
        return None
    tokens = exact(completion_tokens)
    return tokens / TOKENS_PER_PRICE if match.kind == "price" else tokens
