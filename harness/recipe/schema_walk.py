"""Looks a recipe's keys up in the schema: what may stand at a place, in words.

Everything is read from the JSON schema that pydantic derives, so the messages, the published
schema and the check itself cannot disagree.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from harness.recipe.schema import Recipe

Node = Mapping[str, Any]


@functools.cache
def _root() -> Node:
    return Recipe.model_json_schema()


def _resolved(node: Node) -> Node:
    while "$ref" in node:
        node = _root()["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return node


def _branches(node: Node) -> list[Node]:
    node = _resolved(node)
    if "anyOf" in node:
        return [branch for option in node["anyOf"] for branch in _branches(option)]
    return [node]


def _steps(node: Node, part: str | int) -> Iterator[Node]:
    for branch in _branches(node):
        if isinstance(part, int):
            if "items" in branch:
                yield branch["items"]
        elif part in branch.get("properties", {}):
            yield branch["properties"][part]
        elif isinstance(branch.get("additionalProperties"), Mapping):
            yield branch["additionalProperties"]
        else:
            yield from branch.get("patternProperties", {}).values()


def nodes_at(path: tuple[str | int, ...]) -> list[Node]:
    """The alternatives that the schema has for a path; none if it does not know the path."""
    nodes: list[Node] = [_root()]
    for part in path:
        nodes = [inner for node in nodes for inner in _steps(node, part)]
    return [branch for node in nodes for branch in _branches(node)]


def known_keys(path: tuple[str | int, ...]) -> list[str]:
    """The keys that a section may have; none where any key may stand, or no section is."""
    return [key for node in nodes_at(path) for key in node.get("properties", {})]


def known_names(path: tuple[str | int, ...]) -> list[str]:
    """The names that a mapping of names may have, where the schema lists them."""
    names = [
        branch.get("enum", [])
        for node in nodes_at(path)
        for branch in _branches(node.get("propertyNames", {}))
    ]
    return [str(name) for group in names for name in group]


@functools.cache
def _homes() -> dict[str, list[str]]:
    homes: dict[str, list[str]] = {}

    def visit(node: Node, where: str) -> None:
        for branch in _branches(node):
            for key, inner in branch.get("properties", {}).items():
                homes.setdefault(key, []).append(where)
                visit(inner, f"{where}.{key}" if where else key)
            entries = list(branch.get("patternProperties", {}).values())
            if isinstance(branch.get("additionalProperties"), Mapping):
                entries.append(branch["additionalProperties"])
            for inner in entries:
                visit(inner, f"{where}.NAME")

    visit(_root(), "")
    return homes


def homes_of(key: str) -> list[str]:
    """The sections, dotted, that have a key of this name; "" is the top of the recipe."""
    return _homes().get(key, [])


def expectation(path: tuple[str | int, ...]) -> str:
    """What may stand at a path, in words: "a whole number above 0, or nothing"."""
    words = dict.fromkeys(_words(node) for node in nodes_at(path))
    nothing = words.pop("nothing", "") is None
    return " or ".join(words) + (", or nothing" if nothing and words else "")


_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


def _words(node: Node) -> str:
    if "enum" in node:
        return _listed([str(value) for value in node["enum"]])
    if "const" in node:
        return str(node["const"])
    if node.get("format") == "date":
        return "a day as YYYY-MM-DD"
    kind = _KINDS.get(node.get("type", ""), "a value")
    if kind == "a list":
        return f"a list of which each is {_item_words(node)}" if node.get("items") else kind
    if kind == "a mapping":
        keys = list(node.get("properties", {}))
        return f"a mapping with the keys {', '.join(keys)}" if keys else f"{kind} of names"
    return kind + _bounds(node)


def _item_words(node: Node) -> str:
    return " or ".join(dict.fromkeys(_words(branch) for branch in _branches(node["items"])))


def _bounds(node: Node) -> str:
    parts = [
        f"{words} {node[key]}"
        for key, words in (
            ("exclusiveMinimum", "above"),
            ("minimum", "of at least"),
            ("exclusiveMaximum", "below"),
            ("maximum", "of at most"),
        )
        if key in node
    ]
    if "pattern" in node:
        parts.append(f"of the form {node.get('examples', [node['pattern']])[0]}")
    if node.get("minLength"):
        parts.append("that is not empty")
    return f" {' and '.join(parts)}" if parts else ""


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
