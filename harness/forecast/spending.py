"""What samples like the pilot's cost: dollars a sample, from its books or its card's prices."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow.compute as pc

from harness.accounts.pool_account import PoolAccount
from harness.pool.books import Tokens
from harness.quantities import mean_count


@dataclass(frozen=True)
class SampleCost:
    """One sample, in mean.

    Attributes:
        completion_tokens: None where the pool does not say.
        dollars: None without a price.
        source: where the dollars come from and what they are for, for people.
        prompt_dollars: the part of `dollars` that is for prompts; None where it is not known.
    """

    completion_tokens: float | None
    dollars: float | None
    source: str
    prompt_dollars: float | None = None


def sample_cost(account: PoolAccount) -> SampleCost:
    """The cost of a sample of a pool."""
    tokens = pc.mean(account.pool.samples(["completion_tokens"])["completion_tokens"]).as_py()
    spent, price = account.spent(), account.rates.price
    if price is None or not len(account.pool):
        return SampleCost(tokens, None, "the model's card has no price")
    dated = f"prices of {price.date} ({price.source})"
    if spent["dollars"] and spent["completion_tokens"]:
        # Requests that brought nothing are paid for as well, and will be again.
        return _by_the_books(account, tokens, float(spent["dollars"]), dated)
    if tokens is None:
        return SampleCost(None, None, "the samples came without token counts")
    alone = f"output alone ({tokens:,.1f} completion tokens a sample), {dated}"
    return SampleCost(tokens, price.output * tokens / 1e6, alone, 0.0)


def _by_the_books(
    account: PoolAccount, tokens: float | None, dollars: float, dated: str
) -> SampleCost:
    books, samples = account.books, len(account.pool)
    prompts = [
        account.rates.dollars(Tokens(prompt=one.prompt, cached=one.cached)) or 0.0
        for one in (books.kept, books.wasted)
    ]
    wasted = account.rates.dollars(books.wasted) or 0.0
    mean = sum(prompts) / samples
    output = dollars / samples - mean
    parts = f"${output:.6f} for output and ${mean:.6f} for prompts"
    if books.requests:
        shared = mean_count(round(samples / books.requests, 2))
        parts += f", each paid once for a request of {shared} samples"
    if wasted:
        parts += f"; requests that brought nothing are in it, ${wasted / samples:.6f}"
    return SampleCost(tokens, dollars / samples, f"{parts}; the pool's books, {dated}", mean)
