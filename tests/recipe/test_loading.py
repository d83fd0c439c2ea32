"""Loading a recipe: layers and overrides, written and read again."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from harness.recipe import Recipe
from harness.recipe.catalogue import recipe_names
from harness.recipe.loading import load_recipe, read_recipe, write_recipe
from harness.resources import recipes_folder
from tests.recipe.refusals import refusal
from tests.recipe.strategies import RECIPES

MICRO = (recipes_folder() / "w2s-micro.yaml").read_text(encoding="utf-8")
ON_DISK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)


@pytest.mark.parametrize("name", recipe_names())
def test_shipped_recipes_load_with_each_profile(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    for profile in recipe.profiles:
        assert load_recipe(name, [f"profile={profile}"]).profile == profile


def test_w2s_micro_has_the_facts_of_its_models() -> None:
    recipe = load_recipe("w2s-micro")
    assert recipe.pair.wc.parameters.total == 414_048
    assert recipe.pair.se.parameters.total == 1_222_560
    assert recipe.student("student_lm").parameters.total == 376_992
    assert recipe.student("wc_lm") == recipe.pair.wc
    assert recipe.student("se_lm") == recipe.pair.se


def test_parameter_counts_of_micro_cards_are_those_of_the_weights() -> None:
    import json
    import struct

    from harness.micro import model_folder

    for name in ("wc", "wc-early", "se", "student"):
        file = model_folder(name) / "model.safetensors"
        if not file.is_file():
            pytest.skip("the embedded weights are not built yet")
        content = file.read_bytes()
        header = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])
        tensors = {key: entry["shape"] for key, entry in header.items() if key != "__metadata__"}
        count = 0
        for shape in tensors.values():
            size = 1
            for extent in shape:
                size *= extent
            count += size
        card = load_recipe("w2s-micro", [f"pair.wc=micro-{name}"]).pair.wc
        assert card.parameters.total == count


def test_a_profile_lies_over_the_file_and_overrides_over_the_profile() -> None:
    smoke = load_recipe("w2s-micro", ["training.steps=7", "profile=smoke"])
    assert smoke.problems.train.count == 60
    assert smoke.problems.train.split == "train"
    assert smoke.training.steps == 7
    assert smoke.training.batch_size == 24
    assert smoke.profiles == {}


def test_a_profile_replaces_a_card_as_a_whole_and_an_override_a_key_of_it() -> None:
    early = load_recipe("w2s-micro", ["profile=wide-gap", "pair.wc.revision=abc"])
    assert early.pair.wc.id == "micro:wc-early"
    assert early.pair.wc.revision == "abc"


def test_inline_cards_and_cards_beside_the_recipe(save: Callable[[str], Path]) -> None:
    text = MICRO.replace("wc: micro-wc\n", "wc: {id: a/b, parameters: {total: 5}}\n", 1)
    path = save(text.replace("se: micro-se\n", "se: own\n", 1))
    (path.parent / "models").mkdir()
    (path.parent / "models" / "own.yaml").write_text("id: c/d\nparameters:\n  total: 25\n")
    recipe = load_recipe(str(path))
    assert (recipe.pair.wc.id, recipe.pair.se.id) == ("a/b", "c/d")
    (path.parent / "models" / "own.yaml").write_text("id: c/d\nparameters:\n  totl: 25\n")
    text = refusal(path)
    assert "own.yaml:3 pair.se.parameters.totl: there is no key 'totl'" in text
    assert "'total'" in text
    assert "own.yaml:1 pair.se: the match counts total parameters" in text


def test_a_side_may_have_several_servers() -> None:
    several = (
        '[{"url": "http://a/v1"}, {"url": "https://me:secret@b/v1?key=x", "protocol": "chat"}]'
    )
    recipe = load_recipe("w2s-micro", [f"execution.endpoints.se={several}"])
    assert [one.address for one in recipe.execution.servers_of("se")] == [
        "http://a/v1", "https://b/v1",
    ]  # fmt: skip
    assert recipe.execution.servers_of("wc") == ()
    alone = load_recipe("w2s-micro", ["execution.endpoints.se.url=http://a:1/v1"])
    assert [one.url for one in alone.execution.servers_of("se")] == ["http://a:1/v1"]


def test_overrides_set_keys_places_of_lists_and_missing_sections() -> None:
    recipe = load_recipe(
        "w2s-micro",
        [
            "seeds.training=[4, 5]", "seeds.training.1=6", "seeds.training.2=7",
            "execution.endpoints.se.url=http://127.0.0.1:80/v1", "engine.dtype=bfloat16",
            "description=a: b", "training.learning_rate=1e-6", "budgets.low={wc: 9}",
        ],
    )  # fmt: skip
    assert recipe.seeds.training == [4, 6, 7]
    assert recipe.execution.endpoints["se"].url == "http://127.0.0.1:80/v1"
    assert recipe.description == "a: b"
    assert recipe.training.learning_rate == 1e-6
    assert (recipe.budgets["low"].wc, recipe.budgets["low"].se) == (9, None)


def test_files_beside_the_recipe_are_found_from_anywhere(
    save: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for split in ("train", "test"):
        (data / f"{split}.jsonl").write_text('{"question": "q", "gold": "1"}\n')
    problems = "{source: jsonl, path: data, train: {split: train}, test: {split: test}}"
    text = re.sub(r"problems:\n(  .*\n)+", f"problems: {problems}\n", MICRO)
    text = text.replace("chain_verifier: micro", "chain_verifier: null")
    path = save(text.split("profiles:")[0])
    monkeypatch.chdir("/")
    recipe = load_recipe(str(path))
    assert recipe.problems.path == str(data)
    assert "no split in" in refusal(path, "problems.test.split=tset")
    assert "did you mean 'test'" in refusal(path, "problems.test.split=tset")
    assert "there is no folder /nowhere" in refusal(path, "problems.path=/nowhere")


# --- written and read


@ON_DISK
@given(RECIPES)
def test_a_written_recipe_is_read_back_equal(tmp_path: Path, recipe: Recipe) -> None:
    write_recipe(tmp_path / "recipe.yaml", recipe)
    assert read_recipe(tmp_path / "recipe.yaml") == recipe


@pytest.mark.parametrize("overrides", [[], ["profile=smoke", "seeds.run=9"]])
def test_a_written_recipe_loads_as_itself(tmp_path: Path, overrides: list[str]) -> None:
    recipe = load_recipe("w2s-micro", overrides)
    write_recipe(tmp_path / "recipe.yaml", recipe)
    assert load_recipe(str(tmp_path / "recipe.yaml")) == recipe
    if overrides:
        again = load_recipe(str(tmp_path / "recipe.yaml"), ["profile=smoke"])
        assert again == recipe
        assert "no profile 'other'" in refusal(tmp_path / "recipe.yaml", "profile=other")
