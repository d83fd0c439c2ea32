"""What one sample costs under each cost model: samples, FLOPs, dollars, tokens, GPU-seconds.

Pure functions of a model card and of what a sample takes on average. Costs are exact fractions of
the decimal digits in cards and price lists. A prompt can be left out (as the paper does), paid for
every sample, or once a problem, where samples share it; the last makes the weaker model cheaper
still, since what is saved grows with its number of samples.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from harness.budget.amounts import Kind
from harness.budget.architecture import Architecture
from harness.budget.costs import flops_per_token
from harness.budget.parameters import ParameterCount, flop_parameters
from harness.budget.price_lists import token_rates
from harness.budget.spending import exact
from harness.errors import InputError
from harness.recipe import ModelCard

Prompts = Literal["none", "every", "once"]
# As in the paper: prompts are left out, but for exact FLOPs.
USUAL_PROMPTS: dict[Kind, Prompts] = {
    "number": "none",
    "compute": "none",
    "compute_exact": "every",
    "price": "none",
    "tokens": "none",
    "gpu_seconds": "none",
}
Number = Fraction | float


@dataclass(frozen=True)
class TokenMeans:
    """What one sample takes on average; None where nobody measured it.

    Attributes:
        prompt: length of its prompt, in tokens.
        completion: length of its completion, in tokens.
        cached: prompt tokens that a cache served.
        seconds: GPU-seconds: time of the server, shared out over its samples, times its GPUs.
    """

    prompt: Number | None = None
    completion: Number | None = None
    cached: Number | None = None
    seconds: Number | None = None


@dataclass(frozen=True)
class CostModel:
    """How a sample's cost is counted.

    Attributes:
        kind: what is counted.
        parameters: which count of the card is P of 2P FLOPs a token ("compute").
        price_date: prices in force on this day; the newest if None ("price").
        batch: whether requests go through the provider's batch interface ("price").
        prompts: whether a prompt's tokens are left out, paid for every sample, or once a problem;
            as usual for the kind (`USUAL_PROMPTS`) if None.
    """

    kind: Kind
    parameters: ParameterCount = "total"
    price_date: datetime.date | None = None
    batch: bool = False
    prompts: Prompts | None = None

    @property
    def prompts_in_force(self) -> Prompts:
        """Whether prompts are paid for, with the kind's own rule filled in."""
        return self.prompts or USUAL_PROMPTS[self.kind]


@dataclass(frozen=True)
class SampleCost:
    """What samples cost, in the unit of the cost model (`amounts.UNIT_OF_KIND`).

    Below one sample a problem only that share of the problems gets one, and only those pay for
    the prompt.

    Attributes:
        per_sample: of each sample.
        per_problem: once for each problem that has samples: a prompt that they share.
    """

    per_sample: Fraction
    per_problem: Fraction = Fraction(0)

    def with_grading(self, cost: Fraction) -> SampleCost:
        """With the cost of grading each sample, right or wrong, in the same unit."""
        return SampleCost(self.per_sample + cost, self.per_problem)

    def of(self, samples_per_problem: Fraction) -> Fraction:
        """The mean cost of a problem with so many samples in mean."""
        share = min(samples_per_problem, Fraction(1))
        return self.per_problem * share + self.per_sample * samples_per_problem

    def samples_for(self, cost_of_problem: Fraction) -> Fraction:
        """The mean samples that a mean cost of a problem pays for."""
        one = self.of(Fraction(1))
        if cost_of_problem < one:
            return cost_of_problem / one
        return (cost_of_problem - self.per_problem) / self.per_sample


def sample_cost(
    model: CostModel,
    card: ModelCard,
    means: TokenMeans,
    *,
    architecture: Architecture | None = None,
    grading: Number = 0,
) -> SampleCost:
    """What a sample of a card's model costs.

    Args:
        model: how cost is counted.
        card: sizes, prices, or speed of the generator.
        means: what a sample takes; only what the kind counts need be there.
        architecture: of the card's model, for "compute_exact".
        grading: cost of grading or judging one sample, in the kind's unit; every sample is
            graded, also the wrong ones.

    Raises:
        InputError: the card or the means lack what the kind counts; says what and where to put it.
    """
    match model.kind:
        case "number":
            cost = SampleCost(Fraction(1))
        case "compute":
            per_token = flops_per_token(flop_parameters(card, model.parameters).count)
            cost = _by_token(model, card, means, Fraction(per_token), Fraction(per_token))
        case "compute_exact":
            cost = _exact_flops(model, card, means, architecture)
        case "price":
            cost = _dollars(model, card, means)
        case "tokens":
            cost = _by_token(model, card, means, Fraction(1), Fraction(1))
        case "gpu_seconds":
            cost = SampleCost(_gpu_seconds(card, means))
    return cost.with_grading(_exact(grading))


def _by_token(
    model: CostModel, card: ModelCard, means: TokenMeans, prompt: Fraction, completion: Fraction
) -> SampleCost:
    """Cost of tokens that cost the same whichever they are, those of a cache nothing."""
    paid = _completion(card, means) * completion
    match model.prompts_in_force:
        case "every":
            return SampleCost(paid + (_prompt(card, means) - _cached(means)) * prompt)
        case "once":
            return SampleCost(paid, _prompt(card, means) * prompt)
    return SampleCost(paid)


def _exact_flops(
    model: CostModel, card: ModelCard, means: TokenMeans, architecture: Architecture | None
) -> SampleCost:
    if architecture is None:
        raise InputError(
            f"exact FLOPs of {card.id} need the architecture of the model.",
            "Put the keys of its config.json into the card as `config`.",
        )
    prompt, completion = _prompt(card, means), _completion(card, means)
    decoded = between(
        prompt,
        lambda length: between(completion, lambda count: architecture.decode_flops(length, count)),
    )
    match model.prompts_in_force:
        case "every":
            cached = _cached(means)
            read = between(
                prompt,
                lambda length: between(
                    cached, lambda held: architecture.prefill_flops(length, held)
                ),
            )
            return SampleCost(decoded + read)
        case "once":
            return SampleCost(decoded, between(prompt, architecture.prefill_flops))
    return SampleCost(decoded)


def _dollars(model: CostModel, card: ModelCard, means: TokenMeans) -> SampleCost:
    prompts = model.prompts_in_force
    rates = token_rates(card, model.price_date, batch=model.batch, prompts=prompts != "none")
    paid = _completion(card, means) * rates.output
    if prompts == "none":
        return SampleCost(paid)
    prompt = _prompt(card, means)
    if prompts == "once":
        return SampleCost(paid, prompt * rates.input)
    cached = min(_cached(means), prompt)
    return SampleCost(paid + (prompt - cached) * rates.input + cached * rates.cached_input)


def _gpu_seconds(card: ModelCard, means: TokenMeans) -> Fraction:
    if means.seconds is not None:
        return _exact(means.seconds)
    if card.tokens_per_gpu_second is None:
        raise InputError(
            f"the mean GPU-seconds of a sample of {card.id} are not known.",
            "Measure a pool and give match.per_sample.SIDE.gpu_seconds: by `harness pool show "
            "POOL` its server-seconds, times the GPUs of a server, over its samples. Or declare "
            "how many completion tokens a GPU yields a second as pair.SIDE.tokens_per_gpu_second, "
            "a key of the card.",
        )
    return _completion(card, means) / exact(card.tokens_per_gpu_second)


def _prompt(card: ModelCard, means: TokenMeans) -> Fraction:
    if means.prompt is None:
        raise _missing(card, "prompt tokens", "prompt_tokens", "prompt tokens over its requests")
    return _exact(means.prompt)


def _completion(card: ModelCard, means: TokenMeans) -> Fraction:
    if means.completion is None:
        raise _missing(card, "completion tokens", "completion_tokens", "tokens a sample")
    return _exact(means.completion)


def _cached(means: TokenMeans) -> Fraction:
    return _exact(means.cached or 0)


def _missing(card: ModelCard, what: str, key: str, measured: str) -> InputError:
    return InputError(
        f"the mean {what} of a sample of {card.id} are not known.",
        f"Measure a pool and give match.per_sample.SIDE.{key}: by `harness pool show POOL` its "
        f"{measured}.",
    )


def _exact(number: Number) -> Fraction:
    """The digits of a decimal number; a fraction as it is."""
    return number if isinstance(number, Fraction) else exact(number)


def between(place: Fraction, values: Callable[[int], int | Fraction]) -> Fraction:
    """A function of whole numbers at a mean between two of them, on the line that joins them."""
    floor = math.floor(place)
    low, share = Fraction(values(floor)), place - floor
    return low if not share else low + share * (values(floor + 1) - low)
