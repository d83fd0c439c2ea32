"""How large a pool is on the disk: between what real pools took for their text.

A pool is a parquet file of its samples, its verdicts, the books of its requests, and its problems
(twice: one copy mends the other). The bounds hold what seven pools of seven models took: those of
w2s-micro, graded (2 bytes of text a token, of which compression left 23 and 30 %), and responses
of models of 6B to 70B to GSM8K and AIME (280 to 1,900 bytes in mean, 26 to 46 %).
"""

from __future__ import annotations

from harness.budget import stopping_rule
from harness.plan.amounts import Amount, Range
from harness.recipe import Recipe, Side

TEXT_BYTES_PER_TOKEN = Range(2, 4.5)
COMPRESSED = Range(0.2, 0.5)
# Verdicts, and the columns of a sample besides its text.
BYTES_PER_SAMPLE = Range(5, 30)
BYTES_PER_REQUEST = 230
BYTES_PER_PROBLEM = Range(400, 2000)


def pool_bytes(
    recipe: Recipe, side: Side, problems: int, samples: Amount, completion_tokens: Amount
) -> Amount:
    """Bytes of a side's pool once it is drawn and graded.

    Args:
        recipe: says who samples: a managed engine answers a problem in one request, a server
            perhaps each sample in one of its own, and an adaptive draw asks again and again.
        side: "wc" or "se".
        problems: of the training split.
        samples: of the pool.
        completion_tokens: of all of them.
    """
    many = recipe.execution.servers_of(side) or stopping_rule(recipe) is not None
    fewest = min(float(problems), samples.low)
    most = samples.high if many else fewest
    requests = Amount(fewest, most, max(most, fewest))
    return (
        _between(samples, BYTES_PER_SAMPLE)
        + _between(completion_tokens, _text_on_disk())
        + requests.times(BYTES_PER_REQUEST)
        + _between(Amount.exactly(problems), BYTES_PER_PROBLEM)
    )


def disk_assumption(weight_bytes: int) -> str:
    """What the bytes of a plan take for granted.

    Args:
        weight_bytes: of a weight of a finetuned model.
    """
    text = _text_on_disk()
    return (
        f"Disk: {BYTES_PER_SAMPLE.low:g} to {BYTES_PER_SAMPLE.high:g} bytes a sample and "
        f"{text.low:g} to {text.high:g} a completion token ({TEXT_BYTES_PER_TOKEN.low:g} to "
        f"{TEXT_BYTES_PER_TOKEN.high:g} bytes of text, of which compression leaves "
        f"{COMPRESSED.low:.0%} to {COMPRESSED.high:.0%}, as measured on pools of real samples), "
        f"{BYTES_PER_REQUEST} a request, {BYTES_PER_PROBLEM.low:g} to "
        f"{BYTES_PER_PROBLEM.high:,g} a problem, {weight_bytes} a weight of each finetuned model. "
        "A pool takes up to 32 MB more while it is drawn, and its samples twice while it is "
        "compacted; training's own files, arms and test completions are not counted."
    )


def _text_on_disk() -> Range:
    """Bytes of a completion token, compressed."""
    return Range(
        TEXT_BYTES_PER_TOKEN.low * COMPRESSED.low, TEXT_BYTES_PER_TOKEN.high * COMPRESSED.high
    )


def _between(amount: Amount, bytes_each: Range) -> Amount:
    return Amount(
        amount.low * bytes_each.low, amount.high * bytes_each.high, amount.at_most * bytes_each.high
    )
