"""Plans of a mixture of experts: active parameters in FLOPs, all of them in memory and on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.budget.config_sources import _hub_file
from harness.errors import InputError
from harness.plan import plan_of
from harness.plan.text import plan_text
from harness.recipe import Recipe
from harness.recipe.loading import load_recipe
from harness.recipe.yaml_text import dump_yaml
from tests.budget.mixtures import (
    HYBRID_CONFIG,
    LLAMA_TOTAL,
    MIXTRAL_ACTIVE,
    MIXTRAL_CONFIG,
    MIXTRAL_TOTAL,
    llama,
    mixtral,
)


def recipe_of(folder: Path, wc: dict[str, object], *more: str) -> Recipe:
    """The recipe w2s-math with Mixtral, by this card, against Llama 3 70B."""
    cards = {"wc": wc, "se": llama().model_dump(mode="json")}
    for side, card in cards.items():
        (folder / f"{side}.yaml").write_text(dump_yaml(card))
    chosen = [f"pair.{side}={folder / f'{side}.yaml'}" for side in cards]
    return load_recipe("w2s-math", [*chosen, "match.parameters=total", "paradigms=[wc_lm]", *more])


def test_both_tables_count_active_parameters(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, mixtral().model_dump(mode="json"))
    planned = plan_of(recipe)
    assert planned.ratio == pytest.approx(LLAMA_TOTAL / MIXTRAL_ACTIVE)
    # 54.78 samples of WC against 10 of SE.
    assert planned.budgets["high"].samples_per_problem == {"wc": 55, "se": 10}
    pool = planned.pools["wc"]
    assert pool.flops == 2 * MIXTRAL_ACTIVE * 7500 * 55 * 200
    cell = next(cell for cell in planned.cells if cell.budget == "low")
    assert cell.flops == 6 * MIXTRAL_ACTIVE * 600 * 32 * 200
    assert planned.estimate is not None
    exact = planned.estimate.sampling["wc"]
    assert exact is not None and exact.flops is not None
    # With prompts and attention there is more, and nothing like the 3.6 times of all experts.
    assert 1 <= exact.flops.low / pool.flops < 1.1
    assert planned.document()["totals"]["sampling_flops"] == sum(
        one.flops or 0 for one in planned.pools.values()
    )


def test_memory_and_disk_count_all_experts(tmp_path: Path) -> None:
    planned = plan_of(recipe_of(tmp_path, mixtral().model_dump(mode="json")))
    assert all(cell.disk_bytes == 2 * MIXTRAL_TOTAL for cell in planned.cells)
    assert planned.estimate is not None
    state = planned.estimate.training[0].state_bytes
    assert state is not None and state.high >= 8 * MIXTRAL_TOTAL
    side = planned.estimate.sampling["wc"]
    assert side is not None and side.gpus_an_engine == 2  # 93 GB of weights, 80 GB a GPU.


def test_it_is_said(tmp_path: Path) -> None:
    text = plan_text(plan_of(recipe_of(tmp_path, mixtral().model_dump(mode="json"))))
    assert text.count("is a mixture of experts") == 1
    assert "FLOPs count the 12,879,925,248 of its 46,702,792,704 parameters" in text
    assert "mixture of experts" not in plan_text(plan_of(load_recipe("w2s-math")))


def test_unknown_active_parameters_are_said(tmp_path: Path) -> None:
    card = mixtral(total=MIXTRAL_TOTAL, config=HYBRID_CONFIG)
    text = plan_text(plan_of(recipe_of(tmp_path, card.model_dump(mode="json"))))
    assert "how many parameters a token meets is not known" in text
    assert "Add parameters.active" in text


def test_without_a_configuration_the_card_says_it(tmp_path: Path) -> None:
    card = mixtral(total=MIXTRAL_TOTAL, active=13_000_000_000, config={"model_type": "none"})
    planned = plan_of(recipe_of(tmp_path, card.model_dump(mode="json")))
    assert planned.estimate is not None
    side = planned.estimate.sampling["wc"]
    assert side is not None and side.flops is not None
    completions = 2 * 13e9 * 7500 * 55 * 200
    if planned.budgets["high"].samples_per_problem["wc"] == 54:
        completions = completions * 54 / 55
    assert planned.pools["wc"].flops == pytest.approx(completions)
    assert 1 <= side.flops.low / completions < 1.1
    assert side.gpus_an_engine == 2


def test_what_only_the_hub_says_is_not_matched_by_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = tmp_path / "models--mistralai--Mixtral-8x7B-v0.1" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text(json.dumps(MIXTRAL_CONFIG))
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:1")
    _hub_file.cache_clear()
    card = mixtral(total=MIXTRAL_TOTAL, config=None).model_dump(mode="json")
    planned = plan_of(recipe_of(tmp_path, card))
    _hub_file.cache_clear()
    assert planned.ratio == pytest.approx(LLAMA_TOTAL / MIXTRAL_TOTAL)
    text = plan_text(planned)
    assert "By its config.json on the Hub mistralai/Mixtral-8x7B-v0.1 is a mixture" in text
    assert "a token meets 12,879,925,248" in text


def test_more_active_than_there_are_is_one_problem_of_the_card(tmp_path: Path) -> None:
    card = mixtral().model_dump(mode="json")
    card["parameters"]["active"] = MIXTRAL_TOTAL + 1
    with pytest.raises(InputError) as refusal:
        recipe_of(tmp_path, card)
    (issue,) = refusal.value.issues
    assert "a token cannot meet more than `total`, 46,702,792,704" in str(issue)
