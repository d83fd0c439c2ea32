"""Lint: what a recipe may be run with, but a careful reader would ask about.

Problems stop a run and come from loading; the warnings here do not. Every profile is loaded
too, so a profile that nobody has used lately does not rot.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.budget import (
    flop_parameters,
    match_of,
    pool_sizes,
    price_in_force,
    spent_totals,
    stopping_rule,
)
from harness.budget.spent_totals import beyond_texts
from harness.errors import InputError, Issue
from harness.recipe.cards import ModelCard
from harness.recipe.catalogue import recipe_file, shown
from harness.recipe.loading import load_recipe
from harness.recipe.schema import SIDES, Recipe

OLD_PRICE_DAYS = 365
# A match that rounding moves by more than this is worth a word.
_UNEVEN = 0.05


@dataclass(frozen=True)
class LintResult:
    """What lint has to say about one recipe."""

    recipe: str
    problems: tuple[Issue, ...]
    warnings: tuple[Issue, ...]


def lint(name_or_path: str, overrides: Sequence[str], today: datetime.date) -> LintResult:
    """Lints one recipe and each of its profiles.

    Args:
        name_or_path: as for `load_recipe`.
        overrides: as for `load_recipe`.
        today: the day that the age of prices is counted to.
    """
    try:
        recipe = load_recipe(name_or_path, overrides)
    except InputError as error:
        issues = error.issues or (Issue("", error.message, error.advice),)
        return LintResult(name_or_path, issues, ())
    problems: dict[Issue, None] = {}
    for profile in recipe.profiles:
        try:
            load_recipe(name_or_path, [f"profile={profile}", *overrides])
        except InputError as error:
            for issue in error.issues:
                place = f"profile {profile}: {issue.where}"
                problems[Issue(place, issue.message, issue.advice)] = None
    where = shown(recipe_file(name_or_path))
    warnings = (
        Issue(f"{where} {key}", message, advice)
        for key, message, advice in _warnings(recipe, today)
    )
    return LintResult(recipe.name, tuple(problems), tuple(dict.fromkeys(warnings)))


Warning_ = tuple[str, str, str]


def _warnings(recipe: Recipe, today: datetime.date) -> Iterator[Warning_]:
    for key, card in _cards(recipe).items():
        yield from _card_warnings(recipe, key, card, today)
    if recipe.problems.source == "hub" and recipe.problems.revision is None:
        yield (
            "problems.revision",
            f"the data set {recipe.problems.path} is not pinned to a revision;",
            "it may change between two runs.",
        )
    if recipe.decoding.expected_tokens is None:
        yield (
            "decoding.expected_tokens",
            "it is not given, so `plan` assumes half of decoding.max_tokens;",
            "give the mean length of a completion if you know it.",
        )
    if recipe.paradigms and len(recipe.seeds.training) == 1:
        yield (
            "seeds.training",
            "one training seed shows no spread between trainings;",
            "the order of the rows alone has moved a result by points.",
        )
    yield from _budget_warnings(recipe)
    yield from _allocation_warnings(recipe)
    yield from _unused(recipe)


def _cards(recipe: Recipe) -> dict[str, ModelCard]:
    named = {f"pair.{side}": getattr(recipe.pair, side) for side in SIDES}
    named |= {f"students.{role}": card for role, card in recipe.students if card is not None}
    return named


def _card_warnings(
    recipe: Recipe, key: str, card: ModelCard, today: datetime.date
) -> Iterator[Warning_]:
    served = key.removeprefix("pair.") in recipe.execution.endpoints or card.prices
    if card.revision is None and "/" in card.id and not served and not card.id.startswith("micro:"):
        yield f"{key}.revision", f"{card.id} is not pinned to a revision;", "it may change."
    if recipe.match.kind == "price" and key.startswith("pair."):
        price = price_in_force(card, recipe.match.price_date)
        age = (today - price.date).days
        if recipe.match.price_date is None and age > OLD_PRICE_DAYS:
            yield (
                f"{key}.prices",
                f"the newest price of {card.id} is of {price.date}, {age} days ago;",
                "add a newer one, or set match.price_date to say which day is meant.",
            )


def _budget_warnings(recipe: Recipe) -> Iterator[Warning_]:
    for name, matched in match_of(recipe).items():
        intended = matched.intended_wc_over_se
        if abs(matched.wc_over_se / intended - 1) > _UNEVEN:
            counts = matched.samples_per_problem
            yield (
                f"budgets.{name}",
                f"rounding to {counts['wc']} WC and {counts['se']} SE samples leaves WC at "
                f"{matched.wc_over_se:.2f} of the cost of SE"
                + (f", where {intended:.3g} is meant;" if intended != 1 else ";"),
                "a larger budget is closer, and match.rounding: mixed is exact.",
            )
    for name, total in spent_totals(recipe).items():
        if total.beyond:
            yield (
                f"budgets.{name}.total",
                "the pools hold the larger count of every problem (match.rounding: mixed), so "
                f"they overspend the total: {' and '.join(beyond_texts(total))};",
                "match.rounding: nearest stays within a total.",
            )
    if recipe.match.kind == "compute":
        counted = {side: flop_parameters(getattr(recipe.pair, side), recipe.match.parameters)
                   for side in SIDES}  # fmt: skip
        for side, found in counted.items():
            if found.advice is not None:
                yield f"pair.{side}.parameters", f"{found.remark}.", found.advice
        if counted["wc"].count > counted["se"].count:
            more = "more active" if any(one.remark for one in counted.values()) else "more"
            yield "pair", f"WC has {more} parameters than SE;", "are the two sides swapped?"


def _allocation_warnings(recipe: Recipe) -> Iterator[Warning_]:
    until = stopping_rule(recipe)
    if until is None:
        return
    sizes = pool_sizes(recipe)
    largest = max(sizes.values())
    if until.max > largest:
        yield (
            "allocation.until.max",
            f"no problem gets {until.max} samples: the largest budget gives {sizes['wc']} to WC "
            f"and {sizes['se']} to SE;",
            "a larger budget draws more.",
        )
    for side in SIDES:
        if until.correct >= sizes[side]:
            yield (
                "allocation.until.correct",
                f"{side.upper()} has {sizes[side]} samples a problem, so stopping at "
                f"{until.correct} correct ones saves it none;",
                "choose fewer.",
            )


def _unused(recipe: Recipe) -> Iterator[Warning_]:
    for paradigm in recipe.training.paradigms:
        if paradigm not in recipe.paradigms:
            yield (
                f"training.paradigms.{paradigm}",
                "it changes the training of a paradigm that is not trained;",
                f"add {paradigm} to paradigms, or drop it.",
            )
    if not recipe.paradigms:
        yield "paradigms", "nothing is finetuned;", "the run measures the data only."
