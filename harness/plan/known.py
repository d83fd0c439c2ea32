"""What this machine knows of a recipe's models and problems before anything is spent on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import HarnessError
from harness.plan.model_sizes import ModelSizes, sizes_of
from harness.plan.prompt_lengths import (
    PromptLengths,
    is_counted_exactly,
    local_problems,
    prompt_lengths,
)
from harness.plan.testing import tested_models
from harness.recipe import ModelCard, Recipe


@dataclass(frozen=True)
class Known:
    """What is known of a recipe's models and problems before a run.

    Attributes:
        sizes: of the models, by id; None for one of which nothing is known.
        train, test: prompt lengths of the two splits, by the model's id.
        axolotl: content of the base Axolotl file; empty where it cannot be read.
    """

    sizes: Mapping[str, ModelSizes | None]
    train: Mapping[str, PromptLengths]
    test: Mapping[str, PromptLengths]
    axolotl: Mapping[str, Any]


def known_of(recipe: Recipe) -> Known:
    """Looks at what this machine has of a recipe's models and problems.

    Nothing is downloaded but a model's configuration, where the card does not hold it.
    """
    from harness.recipe.catalogue import axolotl_base_file
    from harness.training.base_file import read_base_file

    cards = [card for card, _ in tested_models(recipe)]
    try:
        axolotl = read_base_file(axolotl_base_file(recipe.training.axolotl))
    except HarnessError:
        axolotl = {}
    return Known(
        sizes={card.id: sizes_of(card) for card in cards},
        train=_lengths(recipe, "train", cards),
        test=_lengths(recipe, "test", cards),
        axolotl=axolotl,
    )


def _lengths(recipe: Recipe, split: str, cards: Sequence[ModelCard]) -> dict[str, PromptLengths]:
    """Prompt lengths by the model's id; texts are measured once for each way of counting."""
    problems = local_problems(recipe, split)
    measured: dict[str, PromptLengths] = {}
    for card in cards:
        way = card.id if is_counted_exactly(card) else ""
        if way not in measured:
            measured[way] = prompt_lengths(recipe, card, problems)
        measured[card.id] = measured[way]
    return measured
