"""The JSON schema of recipe files, for editors: completion, descriptions, errors while typing.

It differs from the schema of the loaded recipe in what a file may write shorter: a model card's
name or file in place of the card.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from harness.recipe.schema import Recipe

FILE_NAME = "recipe.schema.json"
_CARD = {"$ref": "#/$defs/ModelCard"}


def recipe_schema() -> dict[str, Any]:
    """The schema as a JSON document."""
    schema = copy.deepcopy(Recipe.model_json_schema())
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "A recipe of w2s-harness"
    _close_maps(schema)
    for section in ("Pair", "Students"):
        for field in schema["$defs"][section]["properties"].values():
            _accept_names(field)
    ways = ("se", "wc", "total")
    schema["$defs"]["Budget"]["oneOf"] = [
        {
            "required": [way],
            "properties": {other: {"type": "null"} for other in ways if other != way},
        }
        for way in ways
    ]
    return schema


def recipe_schema_text() -> str:
    """The schema as it is published."""
    return json.dumps(recipe_schema(), indent=2, ensure_ascii=False) + "\n"


def _accept_names(field: dict[str, Any]) -> None:
    name = {"type": "string", "minLength": 1, "description": "Name or file of a model card."}
    if "anyOf" in field:
        field["anyOf"].insert(0, name)
    else:
        field.pop("$ref")
        field["anyOf"] = [name, _CARD]


def _close_maps(node: Any) -> None:
    """Names that do not fit the pattern are refused by the loader, so by the schema too."""
    if isinstance(node, dict):
        if "patternProperties" in node:
            node.setdefault("additionalProperties", False)
        for inner in node.values():
            _close_maps(inner)
    elif isinstance(node, list):
        for inner in node:
            _close_maps(inner)
