"""Recipes as documents: what counts as the same experiment, and where two differ."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.pipeline.opening import open_or_create_run
from harness.recipe import ModelCard, Recipe
from harness.recipe.documents import differing_keys, experiment_document, recipe_document
from harness.recipe.loading import load_recipe, read_recipe
from harness.recipe.yaml_text import dump_yaml
from tests.budget.mixtures import MIXTRAL_ACTIVE, MIXTRAL_CONFIG, MIXTRAL_TOTAL, mixtral
from tests.recipe.strategies import RECIPES

LEAVES = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b"])
DOCUMENTS = st.dictionaries(
    st.sampled_from(["x", "y", "z"]),
    st.recursive(
        LEAVES,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["x", "y", "z"]), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=3,
)


@settings(max_examples=25)
@given(RECIPES)
def test_documents_are_json_and_whole(recipe: Recipe) -> None:
    document = json.loads(json.dumps(recipe_document(recipe), allow_nan=False))
    assert Recipe.model_validate(document) == recipe
    assert set(document) == set(Recipe.model_fields)


def test_a_cards_configuration_counts_where_cost_is_counted_by_it() -> None:
    """So a run goes on when a card gained one: the revision says which model it is."""
    chosen = ["match.per_sample.wc.prompt_tokens=9", "match.per_sample.se.prompt_tokens=9"]
    for kind, counts in (("compute", False), ("compute_exact", True)):
        recipe = load_recipe("w2s-math", [*chosen, f"match.kind={kind}"])
        bare = recipe.pair.wc.model_copy(update={"config": None})
        other = recipe.model_copy(update={"pair": recipe.pair.model_copy(update={"wc": bare})})
        keys = differing_keys(experiment_document(recipe), experiment_document(other))
        assert keys == (["pair.wc.config"] if counts else [])


def test_active_parameters_count_where_cost_is_counted_by_them() -> None:
    """Whether the card says them or its config.json; other experiments do not differ by them."""
    for kind, counts in (("compute", True), ("number", False)):
        recipe = load_recipe("w2s-math", [f"match.kind={kind}"])
        by_config = with_wc(recipe, mixtral())
        by_card = with_wc(recipe, mixtral(total=MIXTRAL_TOTAL, active=MIXTRAL_ACTIVE))
        one, two = experiment_document(by_config), experiment_document(by_card)
        assert one == two
        assert ("active" in one["pair"]["wc"]["parameters"]) == counts
        fewer = mixtral(config={**MIXTRAL_CONFIG, "num_experts_per_tok": 1})
        keys = differing_keys(one, experiment_document(with_wc(recipe, fewer)))
        assert keys == (["pair.wc.parameters.active"] if counts else [])


def test_a_run_of_before_there_were_active_parameters_goes_on(tmp_path: Path) -> None:
    recipe = with_wc(load_recipe("w2s-math"), mixtral(total=MIXTRAL_TOTAL, nominal=47_000_000_000))
    run = tmp_path / "run"
    run.mkdir()
    (run / "recipe.yaml").write_text(dump_yaml(recipe.model_dump(mode="json")))
    assert "active" not in (run / "recipe.yaml").read_text()
    open_or_create_run(run, recipe)
    new = open_or_create_run(tmp_path / "new", recipe)
    kept = read_recipe(new.recipe_file)
    assert kept.pair.wc.parameters.active == MIXTRAL_ACTIVE
    open_or_create_run(tmp_path / "new", recipe)


def with_wc(recipe: Recipe, card: ModelCard) -> Recipe:
    return recipe.model_copy(update={"pair": recipe.pair.model_copy(update={"wc": card})})


@given(DOCUMENTS)
def test_a_document_does_not_differ_from_itself(document: dict[str, Any]) -> None:
    assert differing_keys(document, copy.deepcopy(document)) == []


@given(DOCUMENTS, DOCUMENTS)
def test_setting_the_differing_keys_makes_two_documents_equal(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    keys = differing_keys(old, new)
    assert bool(keys) == (repr(_sorted(old)) != repr(_sorted(new)))
    patched: Any = copy.deepcopy(old)
    for key in keys:
        parts = key.split(".")
        target, source = patched, new
        for part in parts[:-1]:
            target = target[int(part) if isinstance(target, list) else part]
            source = source[int(part) if isinstance(source, list) else part]
        last: Any = int(parts[-1]) if isinstance(target, list) else parts[-1]
        if isinstance(source, dict) and last not in source:
            del target[last]
        else:
            target[last] = source[last]
    assert patched == new


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(inner) for inner in value] if isinstance(value, list) else value


def test_keys_are_dotted_and_lists_differ_by_place_or_as_a_whole() -> None:
    old = {"a": {"b": 1, "c": [1, 2]}, "d": [1], "e": True}
    new = {"a": {"b": 2, "c": [1, 3]}, "d": [1, 2], "e": 1}
    assert differing_keys(old, new) == ["a.b", "a.c.1", "d", "e"]


def test_where_and_how_the_work_is_done_is_not_part_of_the_experiment() -> None:
    one = load_recipe("w2s-micro")
    other = load_recipe("w2s-micro", ["execution.workers=7", "description=another"])
    assert experiment_document(one) == experiment_document(other)
    smoke = load_recipe("w2s-micro", ["profile=smoke"])
    keys = differing_keys(experiment_document(one), experiment_document(smoke))
    assert keys == [
        "budgets.high.se", "problems.test.count", "problems.train.count", "training.steps",
        "training.warmup_steps",
    ]  # fmt: skip
