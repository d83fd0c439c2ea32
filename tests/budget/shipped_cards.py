"""Shipped model cards, as recipes name them."""

from __future__ import annotations

from harness.recipe import ModelCard
from harness.recipe.catalogue import card_file
from harness.recipe.yaml_text import parse_yaml


def load_card(name: str) -> ModelCard:
    """The shipped card of that name."""
    text = card_file(name, None).read_text(encoding="utf-8")
    return ModelCard.model_validate(parse_yaml(text).value)
