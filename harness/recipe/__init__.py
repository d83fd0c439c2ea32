"""Recipes: an experiment as one YAML file, read into one strict schema."""

from __future__ import annotations

from harness.recipe.cards import ModelCard, Parameters, Price
from harness.recipe.schema import PARADIGMS, SIDES, ArmName, Paradigm, Recipe, Side

__all__ = [
    "PARADIGMS",
    "SIDES",
    "ArmName",
    "ModelCard",
    "Paradigm",
    "Parameters",
    "Price",
    "Recipe",
    "Side",
]
