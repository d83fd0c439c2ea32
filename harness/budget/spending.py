"""What requests to a hosted model cost: exact dollars under the newest price of its card.

Pure arithmetic on fractions. The worst case of a request is known before it is sent: UTF-8 has
a byte for every token of a byte-level vocabulary at least, and `max_tokens` bounds the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from harness.budget.costs import TOKENS_PER_PRICE
from harness.errors import InputError
from harness.recipe import ModelCard

# Marks of turns and roles that a chat template, and the start that a tokenizer, puts around.
TOKENS_AROUND_A_PROMPT = 64


@dataclass(frozen=True)
class TokenPrices:
    """Dollars for one token each.

    Attributes:
        input: prompt tokens.
        cached_input: prompt tokens that a cache served.
        output: completion tokens.
    """

    input: Fraction
    cached_input: Fraction
    output: Fraction

    def cost(self, prompt_tokens: int, cached_tokens: int, completion_tokens: int) -> Fraction:
        """Dollars for a request.

        Args:
            prompt_tokens: all tokens of the prompt, cached ones included.
            cached_tokens: those that a cache served.
            completion_tokens: tokens of all completions.
        """
        cached = min(cached_tokens, prompt_tokens)
        return (
            self.input * (prompt_tokens - cached)
            + self.cached_input * cached
            + self.output * completion_tokens
        )

    def worst_cost(self, prompt: str, count: int, max_tokens: int) -> Fraction:
        """Dollars that a request for `count` completions of `prompt` can cost at most."""
        dearest = max(self.input, self.cached_input)
        return dearest * most_prompt_tokens(prompt) + self.output * count * max_tokens


def most_prompt_tokens(prompt: str) -> int:
    """An upper bound of a prompt's tokens, whatever the tokenizer."""
    return len(prompt.encode(errors="surrogatepass")) + TOKENS_AROUND_A_PROMPT


def token_prices(card: ModelCard) -> TokenPrices:
    """The newest prices of a card.

    Raises:
        InputError: the card has no price, or none for prompt tokens; says what is missing.
    """
    newest = max(card.prices, key=lambda price: price.date, default=None)
    if newest is None or newest.input is None:
        lacks = (
            "no prices" if newest is None else f"no `input` in its newest price (of {newest.date})"
        )
        raise InputError(
            f"a spending limit needs the price of {card.id}, and its card has {lacks}.",
            "Add `prices` with date, source, input and output in dollars per million tokens, or "
            "set `billed: false` at the endpoint where nobody bills its tokens.",
        )
    cached = newest.input if newest.cached_input is None else newest.cached_input
    return TokenPrices(_per_token(newest.input), _per_token(cached), _per_token(newest.output))


def exact(dollars: float) -> Fraction:
    """The decimal digits of an amount, not the binary number nearest to them."""
    return Fraction(str(dollars))


def shown_dollars(amount: Fraction, *, upwards: bool = False) -> str:
    """An amount to a hundredth of a cent, rounded down (spent) or up (needed)."""
    ten_thousandths = math.ceil(amount * 10_000) if upwards else math.floor(amount * 10_000)
    return f"${ten_thousandths // 10_000:,}.{ten_thousandths % 10_000:04}"


def _per_token(dollars_per_million: float) -> Fraction:
    return exact(dollars_per_million) / TOKENS_PER_PRICE
