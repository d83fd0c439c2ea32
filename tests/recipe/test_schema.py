"""The published JSON schema: equal to the generated one, and of one mind with the loader."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.recipe.catalogue import recipe_names
from harness.recipe.engine_sections import Engine
from harness.recipe.json_schema import recipe_schema, recipe_schema_text
from harness.recipe.schema_walk import expectation, homes_of, known_keys
from harness.recipe.yaml_text import parse_yaml
from harness.resources import recipes_folder
from tests.recipe.strategies import recipe_values

VALIDATOR = jsonschema.Draft202012Validator(recipe_schema())


def _file(name: str) -> Any:
    return parse_yaml((recipes_folder() / f"{name}.yaml").read_text(encoding="utf-8")).value


def test_the_published_schema_is_the_generated_one() -> None:
    """If this fails: harness recipes schema > recipes/recipe.schema.json"""
    published = (recipes_folder() / "recipe.schema.json").read_text(encoding="utf-8")
    assert published == recipe_schema_text()
    jsonschema.Draft202012Validator.check_schema(json.loads(published))


@pytest.mark.parametrize("name", recipe_names())
def test_shipped_recipes_fit_the_schema_and_name_it(name: str) -> None:
    assert not list(VALIDATOR.iter_errors(_file(name)))
    first = (recipes_folder() / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=recipe.schema.json"


@settings(max_examples=25)
@given(recipe_values())
def test_what_the_loader_accepts_the_schema_accepts(values: dict[str, Any]) -> None:
    assert not list(VALIDATOR.iter_errors(values))


@given(
    section=st.sampled_from([(), ("decoding",), ("training",), ("pair", "se"), ("budgets", "low")]),
    key=st.from_regex(r"[a-z]{1,8}", fullmatch=True),
)
def test_unknown_keys_are_refused_by_the_schema_too(section: tuple[str, ...], key: str) -> None:
    values = _file("w2s-micro")
    values["pair"]["se"] = {"id": "x"}
    if key in known_keys(section):
        return
    target = values
    for part in section:
        target = target[part]
    target[key] = 1
    assert list(VALIDATOR.iter_errors(values))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("decoding", "temperature"), 0),
        (("seeds", "training"), []),
        (("budgets", "Big"), {"se": 1}),
        (("budgets", "both"), {"se": 1, "wc": 1}),
        (("budgets", "none"), {}),
        (("budgets", "three"), {"se": 1, "total": "20usd"}),
        (("budgets", "part"), {"se": 1, "multiplier": "1/0"}),
        (("match", "kind"), "flops"),
        (("pair", "wc"), 3),
        (("training", "steps"), "many"),
    ],
)
def test_wrong_values_are_refused_by_the_schema_too(path: tuple[str, ...], value: Any) -> None:
    values = _file("w2s-micro")
    target = values
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = value
    assert list(VALIDATOR.iter_errors(values))


def test_every_key_has_a_description() -> None:
    def visit(node: Any, name: str) -> list[str]:
        found = []
        for key, inner in node.get("properties", {}).items():
            if "description" not in inner and "$ref" not in inner:
                found.append(f"{name}.{key}")
        return found

    schema = recipe_schema()
    missing = visit(schema, "")
    for name, node in schema["$defs"].items():
        assert node.get("description"), name
        missing += visit(node, name)
    assert not missing


def test_expectations_are_in_words() -> None:
    assert expectation(("decoding", "top_k")) == "a whole number above 0, or nothing"
    assert expectation(("problems", "source")) == "micro, jsonl or hub"
    assert "wc, se or ground_truth" in expectation(("arms", "build"))
    assert expectation(("match", "price_date")) == "a day as YYYY-MM-DD, or nothing"
    assert "total, non_embedding, nominal" in expectation(("pair", "wc", "parameters"))
    assert homes_of("batch_size") == ["training", "training.paradigms.NAME"]
    assert known_keys(("budgets", "anything")) == ["se", "wc", "total", "multiplier"]


@pytest.mark.parametrize("name", ["model", "dtype", "data_parallel_size", "generation_config"])
def test_what_the_harness_sets_is_no_option_of_the_engine(name: str) -> None:
    with pytest.raises(ValidationError, match=f"`{name}` cannot be an option"):
        Engine(options={name: 1})
    assert Engine(options={"max_num_seqs": 8}).options == {"max_num_seqs": 8}
    with pytest.raises(ValidationError):
        Engine(options={"--max-num-seqs": 8})
