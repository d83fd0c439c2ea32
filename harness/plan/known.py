"""What this machine knows of a recipe's models and problems before anything is spent on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import HarnessError
from harness.plan.model_sizes import ModelSizes, sizes_of
from harness.plan.prompt_lengths import PromptLengths, local_problems, prompt_lengths
from harness.plan.testing import tested_models
from harness.recipe import Recipe


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
    lengths = {}
    for split in ("train", "test"):
        problems = local_problems(recipe, split)
        lengths[split] = {card.id: prompt_lengths(recipe, card, problems) for card in cards}
    try:
        axolotl = read_base_file(axolotl_base_file(recipe.training.axolotl))
    except HarnessError:
        axolotl = {}
    return Known(
        sizes={card.id: sizes_of(card) for card in cards},
        train=lengths["train"],
        test=lengths["test"],
        axolotl=axolotl,
    )
