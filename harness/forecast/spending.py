"""What samples like the pilot's cost: dollars a sample, from its books or its card's prices."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow.compute as pc

from harness.accounts.pool_account import PoolAccount


@dataclass(frozen=True)
class SampleCost:
    """One sample, in mean.

    Attributes:
        completion_tokens: None where the pool does not say.
        dollars: None without a price.
        source: where the dollars come from, for people.
    """

    completion_tokens: float | None
    dollars: float | None
    source: str


def sample_cost(account: PoolAccount) -> SampleCost:
    """The cost of a sample of a pool."""
    tokens = pc.mean(account.pool.samples(["completion_tokens"])["completion_tokens"]).as_py()
    spent, price = account.spent(), account.rates.price
    if price is None or not len(account.pool):
        return SampleCost(tokens, None, "the model's card has no price")
    dated = f"prices of {price.date} ({price.source})"
    if spent["dollars"] and spent["completion_tokens"]:
        # Requests that brought nothing are paid for as well, and will be again.
        return SampleCost(
            tokens, spent["dollars"] / len(account.pool), f"the pool's books, {dated}"
        )
    if tokens is None:
        return SampleCost(None, None, "the samples came without token counts")
    return SampleCost(tokens, price.output * tokens / 1e6, f"completion tokens alone, {dated}")
