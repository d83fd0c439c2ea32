"""Recipes as documents: with every default filled in, comparable, written and read back."""

from __future__ import annotations

from typing import Any

from harness.recipe.schema import Recipe

# These say how the work is done or described, not what is done.
_OUTSIDE = ("execution", "profiles", "profile", "description")


def recipe_document(recipe: Recipe) -> dict[str, Any]:
    """The recipe as JSON-like values, every default filled in.

    A mixture of experts also has the active parameters that its config.json says.
    """
    # Here, since budgets build on recipes.
    from harness.budget.parameters import with_active_parameters

    document = recipe.model_dump(mode="json")
    for section in ("pair", "students"):
        for role, card in getattr(recipe, section):
            if card is not None:
                counts = with_active_parameters(card).parameters
                document[section][role]["parameters"] = counts.model_dump(mode="json")
    return document


def experiment_document(recipe: Recipe) -> dict[str, Any]:
    """What two runs must share to be the same experiment."""
    document = {key: value for key, value in recipe_document(recipe).items() if key not in _OUTSIDE}
    for card in (*document["pair"].values(), *document["students"].values()):
        # The revision says which model it is; its config.json and what a token meets of it only
        # matter where it is counted by them.
        if card is not None and recipe.match.kind != "compute_exact":
            del card["config"]
        if card is not None and recipe.match.kind != "compute":
            card["parameters"].pop("active", None)
    return document


def differing_keys(old: Any, new: Any, prefix: str = "") -> list[str]:
    """The dotted keys at which two documents differ, in order.

    A list of a different length differs as a whole; of the same length, by its places.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        keys: list[Any] = sorted(old.keys() | new.keys(), key=str)
        pairs = [(key, old.get(key, _ABSENT), new.get(key, _ABSENT)) for key in keys]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = [(index, *pair) for index, pair in enumerate(zip(old, new, strict=True))]
    else:
        same = old == new and isinstance(old, bool) == isinstance(new, bool)
        return [] if same else [prefix]
    return [
        found
        for key, before, after in pairs
        for found in differing_keys(before, after, f"{prefix}.{key}" if prefix else str(key))
    ]


_ABSENT = object()
