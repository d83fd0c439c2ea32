"""Which models are evaluated, and when their weights count as others."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from harness.cells import cells_of
from harness.errors import InputError
from harness.evaluation.models import (
    EvaluatedModel,
    base_models,
    base_of,
    model_digest,
    trained_models,
)
from harness.recipe import ModelCard, Recipe


def test_each_distinct_base_model_once(small_recipe: Recipe) -> None:
    models = base_models(small_recipe)
    assert [(model.role, model.card.id) for model in models] == [
        ("wc", small_recipe.pair.wc.id),
        ("se", small_recipe.pair.se.id),
        ("student", small_recipe.student("student_lm").id),
    ]
    assert all(model.id.startswith("base-") for model in models)
    assert len({model.id for model in models}) == 3


def test_a_student_that_is_one_of_the_pair_is_not_evaluated_twice(small_recipe: Recipe) -> None:
    students = small_recipe.students.model_copy(update={"student_lm": small_recipe.pair.wc})
    recipe = small_recipe.model_copy(update={"students": students})
    assert [model.role for model in base_models(recipe)] == ["wc", "se"]
    assert base_of(base_models(recipe), recipe.student("student_lm")) == base_models(recipe)[0].id


def test_models_with_one_name_get_folders_of_their_own(small_recipe: Recipe) -> None:
    pair = small_recipe.pair.model_copy(
        update={"wc": ModelCard(id="/a/final model"), "se": ModelCard(id="/b/final model")}
    )
    ids = [model.id for model in base_models(small_recipe.model_copy(update={"pair": pair}))]
    assert ids[:2] == ["base-final-model", "base-final-model-2"]


def test_a_model_of_the_pair_is_asked_where_it_is_served(small_recipe: Recipe) -> None:
    from harness.recipe.schema import Endpoint, Execution

    endpoint = Endpoint(url="http://localhost:8000/v1")
    recipe = small_recipe.model_copy(update={"execution": Execution(endpoints={"se": endpoint})})
    assert [model.endpoints for model in base_models(recipe)] == [(), (endpoint,), ()]


def test_where_a_served_model_stands_is_not_what_it_is(tmp_path: Path) -> None:
    from harness.evaluation.models import EvaluatedModel
    from harness.recipe.schema import Endpoint

    def digest(**settings: Any) -> str:
        served = EvaluatedModel("base-m", "base", "se", ModelCard(id="org/m"), None,
                                (Endpoint(**settings),))  # fmt: skip
        return model_digest(served, tmp_path / "memo.json")

    here = digest(url="http://a/v1", model="m")
    assert here == digest(url="http://b/v1", model="m", timeout_seconds=5.0)
    assert here != digest(url="http://a/v1", model="other")
    assert here != digest(url="http://a/v1", model="m", protocol="chat")


def test_trained_cells_in_the_recipes_order_and_the_others_with_their_reasons(made: Any) -> None:
    cells = cells_of(made.run.recipe)
    made.state(cells[1], status="skipped", reason="the arm is empty")
    made.state(cells[2], status="failed", reason="out of memory")
    models, skipped = trained_models(made.run)
    assert [model.id for model in models] == [cells[0].id, *(cell.id for cell in cells[3:])]
    assert [(entry.cell, entry.reason) for entry in skipped] == [
        (cells[1].id, "the arm is empty"),
        (cells[2].id, "out of memory"),
    ]
    assert models[0].card.id == str(made.run.cell(cells[0].id) / "model")


def test_an_untrained_cell_is_named_with_the_command(made: Any) -> None:
    made.forget(cells_of(made.run.recipe)[-1])
    with pytest.raises(InputError, match="harness train") as refusal:
        trained_models(made.run)
    assert cells_of(made.run.recipe)[-1].id in str(refusal.value)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"one")
    (folder / "config.json").write_text("{}")
    return folder


def _digest(folder: Path, memo: Path) -> str:
    return model_digest(EvaluatedModel("m", "cell", "wc_lm", ModelCard(id=str(folder))), memo)


def test_the_digest_follows_the_weights_and_not_the_place(weights: Path, tmp_path: Path) -> None:
    memo = tmp_path / "memo.json"
    first = _digest(weights, memo)
    assert _digest(weights, memo) == first
    (weights / "training_args.bin").write_bytes(b"when it was trained")
    (weights / "debug.log").write_text("chatter")
    assert _digest(weights, memo) == first
    moved = weights.rename(tmp_path / "elsewhere")
    assert _digest(moved, tmp_path / "other.json") == first
    (moved / "model.safetensors").write_bytes(b"two")
    assert _digest(moved, memo) != first
    (moved / "model.safetensors").write_bytes(b"one")
    assert _digest(moved, memo) == first
    (moved / "config.json").write_text('{"rope_theta": 1}')
    assert _digest(moved, memo) != first


def test_known_files_are_not_read_again(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memo = tmp_path / "memo.json"
    first = _digest(weights, memo)
    read: list[Path] = []

    def reading(folder: Path) -> str:
        read.append(folder)
        return first

    monkeypatch.setattr("harness.evaluation.models.digest_of_model", reading)
    assert _digest(weights, memo) == first
    assert read == []
    later = time.time() + 10
    os.utime(weights / "model.safetensors", (later, later))
    assert _digest(weights, memo) == first
    assert read == [weights.resolve()]


def test_a_torn_memo_is_no_obstacle(weights: Path, tmp_path: Path) -> None:
    memo = tmp_path / "memo.json"
    first = _digest(weights, memo)
    for torn in ('{"files": [["name"', '{"files": [["x"]], "digest": "y"}', "[]", '{"files": 3}'):
        memo.write_text(torn)
        assert _digest(weights, memo) == first


def test_a_folder_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not there"):
        _digest(tmp_path / "gone", tmp_path / "memo.json")


def test_a_hub_model_is_known_by_id_and_revision(tmp_path: Path) -> None:
    def digest(card: ModelCard) -> str:
        return model_digest(EvaluatedModel("m", "base", "wc", card), tmp_path / "memo.json")

    first = digest(ModelCard(id="google/gemma-2-9b", revision="a" * 40))
    assert digest(ModelCard(id="google/gemma-2-9b", revision="a" * 40)) == first
    assert digest(ModelCard(id="google/gemma-2-9b", revision="b" * 40)) != first
    assert digest(ModelCard(id="google/gemma-2-2b", revision="a" * 40)) != first
