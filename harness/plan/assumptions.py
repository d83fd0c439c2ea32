"""What a plan takes for granted, said with the plan."""

from __future__ import annotations

from harness.budget import pool_sizes, spent_totals, stopping_rule
from harness.budget.allocation import stopping_words
from harness.plan.counts import parameters_for_flops
from harness.plan.disk import disk_assumption
from harness.recipe import SIDES, Recipe
from harness.recipe.schema import Until


def assumptions_of(recipe: Recipe) -> tuple[str, ...]:
    """The assumptions behind a recipe's plan, one sentence each."""
    decoding, match = recipe.decoding, recipe.match
    said = []
    if decoding.expected_tokens is None:
        said.append(
            f"Completions have {decoding.max_tokens / 2:g} tokens on average: half of "
            "decoding.max_tokens, because decoding.expected_tokens is not given."
        )
    else:
        said.append(
            f"Completions have {decoding.expected_tokens:g} tokens on average "
            f"(decoding.expected_tokens), {_expected_of(recipe)}; at most "
            f"{decoding.max_tokens} (decoding.max_tokens)."
        )
    said.append(
        f"The pools' FLOPs are 2P a completion token, P the {match.parameters} parameters; prompts "
        "and attention are left out there, as in the paper."
    )
    said += _mixtures(recipe)
    if match.rounding == "mixed":
        said.append(
            "Budgets are mixed allocations (match.rounding): seeds.run decides which problems get "
            "the larger of two whole counts. The pools hold the larger one of every problem, so "
            "they cost up to a sample a problem more than the budget; nothing beyond it is used."
        )
    if spent_totals(recipe):
        said.append(_totals(recipe))
    if (until := stopping_rule(recipe)) is not None:
        said.append(_adaptive(recipe, until))
    if any(card.prices for card in (recipe.pair.wc, recipe.pair.se)):
        said.append(
            "The pools' dollars are those of completion tokens; prompts are left out there."
        )
    if recipe.paradigms:
        said.append(
            "Training takes 6P FLOPs a token. The expected figure counts completion tokens only; "
            "the largest one takes every row to be training.sequence_length long."
        )
        said.append(
            "Epochs are the least possible: they take every sample to be kept. Wrong and, with "
            "arms.deduplicate, repeated samples are left out, so rows are seen more often."
        )
    size = 4 if recipe.engine.dtype == "float32" else 2
    said.append(disk_assumption(size))
    if None in (recipe.problems.train.count, recipe.problems.test.count) and (
        recipe.problems.source == "hub"
    ):
        said.append("Splits without a count are taken whole; how large they are is not known here.")
    return tuple(said)


def _mixtures(recipe: Recipe) -> list[str]:
    """What FLOPs count of the models that are mixtures of experts."""
    cards = [recipe.pair.wc, recipe.pair.se, *map(recipe.student, recipe.paradigms)]
    counted = [parameters_for_flops(recipe, card) for card in cards]
    return list(dict.fromkeys(said for one in counted if one for said in one.sentences))


def _totals(recipe: Recipe) -> str:
    prompts = (
        " and leave prompts out (match.prompts)"
        if recipe.match.kind != "number" and recipe.match.prompts in (None, "none")
        else ""
    )
    bill = (
        " What servers bill is bounded by execution.spending_limit."
        if recipe.match.kind == "price"
        else ""
    )
    return f"Totals count completions of the expected length{prompts}: longer ones cost more.{bill}"


def _expected_of(recipe: Recipe) -> str:
    """Which completions are as long as decoding expects."""
    measured = any(getattr(recipe.match.per_sample, side).completion_tokens for side in SIDES)
    return "where match.per_sample says nothing else" if measured else "on both sides"


def _adaptive(recipe: Recipe, until: Until) -> str:
    sizes = pool_sizes(recipe)
    bounds = " and ".join(
        f"{min(until.correct, sizes[side])} to {sizes[side]} {side.upper()} samples"
        for side in SIDES
    )
    return (
        f"A problem is drawn until it has {stopping_words(until)} (allocation.until), so it gets "
        f"{bounds}. How soon it stops is not known here: samples, tokens, FLOPs, dollars "
        "and disk of the pools are upper bounds, as if none stopped early."
    )
