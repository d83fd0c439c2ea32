"""The match of a recipe, with what samples of its pilots took in place of what it expects.

A recipe takes completions of both sides to be as long as it says. Pilots know better, and where
cost follows length (dollars, tokens, GPU-seconds, exact FLOPs) a forecast of who wins at equal
cost has to follow what they measured, as `harness compare` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from harness.budget.cost_models import USUAL_PROMPTS, TokenMeans
from harness.budget.side_costs import counts_tokens
from harness.comparison.costs import means_of
from harness.comparison.opening import OpenedPool
from harness.forecast.reading import GRADER
from harness.metrics.pool_arrays import pool_arrays
from harness.recipe import SIDES, Recipe, Side
from harness.recipe.schema import Match, PerSample, SampleMeans

_LENGTHS = ("prompt_tokens", "completion_tokens", "gpu_seconds")
# Overrides under which a recipe is whole before anybody knows how long samples are.
LENGTHS_TO_COME = tuple(f"match.per_sample.{side}.{key}=1" for side in SIDES for key in _LENGTHS)
_EQUAL = "completions of both sides count as equally long (Eq. 1)"
_BY_THE_RECIPE = "samples are as long as the recipe says"


@dataclass(frozen=True)
class MeasuredMatch:
    """A match, and what it takes the length of samples from.

    Attributes:
        match: with the means of the pilots where its kind counts by length.
        lengths: where the lengths are from, for people.
    """

    match: Match
    lengths: str


def without_lengths(recipe: Recipe) -> Recipe:
    """A recipe that was loaded with `LENGTHS_TO_COME`, without them."""
    unknown = dict.fromkeys(_LENGTHS)
    per_sample = PerSample.model_construct(
        wc=recipe.match.per_sample.wc.model_copy(update=unknown),
        se=recipe.match.per_sample.se.model_copy(update=unknown),
    )
    match = recipe.match.model_copy(update={"per_sample": per_sample})
    return recipe.model_copy(update={"match": match})


def measured_match(
    match: Match, opened: Mapping[Side, OpenedPool], problem_ids: Sequence[str]
) -> MeasuredMatch:
    """The match of a recipe by what samples of both pilots took on average.

    A match by `compute` takes completions of both sides to be equally long (paper, Eq. 1). What a
    pilot did not count stays as the recipe says; so do costs of grading.

    Args:
        match: of the recipe.
        opened: both pilots.
        problem_ids: of the problems that are compared.
    """
    prompts = match.prompts or USUAL_PROMPTS[match.kind]
    if match.kind == "number":
        return MeasuredMatch(match, "samples count alike, however long")
    if match.kind == "compute" and prompts == "none":
        return MeasuredMatch(match, _EQUAL if counts_tokens(match) else _BY_THE_RECIPE)
    means = {side: _means(opened[side], problem_ids) for side in SIDES}
    lengths = [means[side].completion for side in SIDES]
    if match.kind in ("compute", "price") and None in lengths:
        missing = " and ".join(side.upper() for side in SIDES if means[side].completion is None)
        return MeasuredMatch(
            match, f"{_BY_THE_RECIPE}, for the pilot of {missing} has no counts of tokens"
        )
    if match.kind == "compute":
        counted = [Fraction(length) for length in lengths if length is not None]
        mean = sum(counted, Fraction(0)) / len(counted)
        means = {side: replace(means[side], completion=mean) for side in SIDES}
    # No validation: what costs nothing is refused with the costs, by name.
    per_sample = PerSample.model_construct(
        wc=_measured(match.per_sample.wc, means["wc"]),
        se=_measured(match.per_sample.se, means["se"]),
    )
    measured = match.model_copy(update={"per_sample": per_sample})
    taken = ", ".join(f"{side.upper()} {_in_words(means[side], match, prompts)}" for side in SIDES)
    # GPU-seconds hold what reading the prompt took.
    output = "; prompts are left out" if prompts == "none" and match.kind != "gpu_seconds" else ""
    return MeasuredMatch(measured, f"a sample takes what the pilots measured: {taken}{output}")


def _means(opened: OpenedPool, problem_ids: Sequence[str]) -> TokenMeans:
    arrays = pool_arrays(opened.pool, grader=GRADER, keys=())
    places = {problem: place for place, problem in enumerate(arrays.problem_ids)}
    return means_of(opened, arrays.chosen([places[one] for one in problem_ids]))


def _measured(given: SampleMeans, means: TokenMeans) -> SampleMeans:
    """What a side's samples take: as measured, else as the recipe says."""
    found = {
        "prompt_tokens": means.prompt,
        "cached_tokens": means.cached,
        "completion_tokens": means.completion,
        "gpu_seconds": means.seconds,
    }
    update: dict[str, Any] = {key: float(one) for key, one in found.items() if one is not None}
    return given.model_copy(update=update)


def _in_words(means: TokenMeans, match: Match, prompts: str) -> str:
    if match.kind == "gpu_seconds" and means.seconds is not None:
        return f"{float(means.seconds):.3g} GPU-seconds"
    if means.completion is None:
        return "as the recipe says (no token counts)"
    words = f"{float(means.completion):,.1f} completion tokens"
    if prompts != "none" and means.prompt is not None:
        words += f" after {float(means.prompt):,.1f} of the prompt"
    return words
