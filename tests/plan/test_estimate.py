"""Estimates: every kind of recipe gets one, and it says what is not known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InputError
from harness.plan import plan_of
from harness.plan.amounts import Amount, Range
from harness.plan.gpus import load_gpu
from harness.plan.model_sizes import CountedModel, ModelSizes, sizes_of
from harness.plan.serving import Hardware
from harness.plan.text import plan_text
from harness.recipe.catalogue import recipe_names
from harness.recipe.loading import load_recipe
from tests.plan.reference_estimates import HOUR, SIZES, estimate

LOCAL_SERVERS = ["execution.endpoints.wc.url=http://127.0.0.1:1/v1",
                 "execution.endpoints.se.url=http://127.0.0.1:2/v1"]  # fmt: skip


def test_measured_lengths_of_a_side_replace_what_is_expected() -> None:
    means = "{completion_tokens: 150, prompt_tokens: 350, gpu_seconds: 0.04}"
    measured = [f"match.per_sample.wc={means}", "match.per_sample.se.completion_tokens=5000"]
    recipe = load_recipe("w2s-math", measured)
    found = estimate(recipe)
    wc, se = found.sampling["wc"], found.sampling["se"]
    assert wc is not None
    assert se is not None
    assert wc.completion_tokens.low == wc.samples.low * 150
    assert se.completion_tokens.low == 75_000 * 1024  # no longer than they may be
    # Of 350 tokens, examples have their 600 of 700.
    assert wc.prompt_tokens.low == pytest.approx(300 + 7500 * 50)
    assert wc.prompt_tokens.high == pytest.approx(wc.samples.high * 350)
    assert wc.measured_gpu_hours == pytest.approx(wc.samples.high * 0.04 / HOUR)
    low = found.training[0].tokens
    rows = 2400 * 8
    assert (low.low, low.high) == (rows * (80 + 150), rows * (100 + 1024))
    assert any("WC has prompts of 350 tokens and completions of 150" in said
               for said in found.assumptions)  # fmt: skip
    planned = plan_of(recipe)
    assert planned.pools["wc"].expected_tokens == round(wc.samples.low * 150)
    assert "by the GPU-seconds of match.per_sample" in plan_text(planned)


def test_prices_of_batches_count_where_the_match_counts_them() -> None:
    price = {"date": "2025-01-01", "source": "here", "input": 2.0, "output": 8.0,
             "batch_discount": 0.5}  # fmt: skip
    card = json.dumps({"id": "hosted", "prices": [price]})
    settings = [*LOCAL_SERVERS, f"pair.wc={card}", "match.kind=number", "paradigms=[]"]
    sizes: dict[str, Any] = {**SIZES, "hosted": None}
    one, half = (
        estimate(load_recipe("w2s-math", [*settings, f"match.batch={batch}"]), sizes=sizes)
        for batch in ("false", "true")
    )
    assert one.token_dollars is not None
    assert half.token_dollars == one.token_dollars.times(0.5)


def test_an_adaptive_recipe_takes_between_its_bounds() -> None:
    uniform, adaptive = (
        estimate(load_recipe("w2s-math", more)).sampling["wc"]
        for more in ([], ["allocation.until={correct: 4, max: 30}"])
    )
    assert uniform is not None
    assert adaptive is not None
    assert adaptive.samples == Amount(4 * 7500, 30 * 7500, 30 * 7500)
    assert adaptive.gpu_hours is not None
    assert uniform.gpu_hours is not None
    assert adaptive.gpu_hours.high == uniform.gpu_hours.high
    assert adaptive.gpu_hours.low < uniform.gpu_hours.low


def test_servers_take_no_gpu_hours_and_are_billed() -> None:
    price = {"date": "2025-01-01", "source": "here", "input": 2.0, "cached_input": 0.5,
             "output": 8.0}  # fmt: skip
    card = json.dumps({"id": "hosted", "prices": [price]})
    recipe = load_recipe(
        "w2s-math", [*LOCAL_SERVERS, f"pair.wc={card}", "match.kind=number", "paradigms=[]"]
    )
    sizes: dict[str, Any] = {**SIZES, "hosted": None}
    del sizes["google/gemma-2-9b"]
    found = estimate(recipe, sizes=sizes)
    wc = found.sampling["wc"]
    assert wc is not None
    assert wc.gpu_hours is wc.flops is wc.speed is None
    assert found.sampling_hours is None
    assert found.base_model_bytes == 2 * 8_537_680_896  # the student; both sides are elsewhere
    # At best, examples cost the cached rate once a problem, and questions the full one.
    assert wc.dollars is not None
    assert wc.dollars.low == pytest.approx(
        7500 * (600 * 0.5 + 80 * 2) / 1e6 + 75_000 * 200 * 8 / 1e6
    )
    assert wc.dollars.high == pytest.approx(75_000 * (700 * 2 + 200 * 8) / 1e6)
    assert wc.dollars.at_most == pytest.approx(75_000 * (700 * 2 + 1024 * 8) / 1e6)
    assert found.test is not None
    assert found.test.dollars is not None
    assert found.test.dollars.high == pytest.approx(500 * (100 * 2 + 200 * 8) / 1e6)
    assert "Servers sample WC and SE: no GPU-hours are counted for that." in found.assumptions


def test_without_a_configuration_parameters_are_counted_and_that_is_said() -> None:
    counts = {name: sized.costs.parameters for name, sized in SIZES.items()}
    sizes = {name: ModelSizes(CountedModel(one, one), counted=True) for name, one in counts.items()}
    found = estimate(load_recipe("w2s-math"), sizes=sizes)
    side = found.sampling["se"]
    assert side is not None
    assert side.flops is not None
    assert side.flops.low == 2 * 27_227_128_320 * (600 + 7500 * 80 + 15e6)
    assert side.speed is not None
    assert side.speed.sequences.high == 1024
    assert any("No configuration is at hand of google/gemma-2-9b" in said
               for said in found.assumptions)  # fmt: skip


def test_a_card_without_anything_has_no_sizes() -> None:
    recipe = load_recipe("w2s-math", ["pair.wc={id: ./none}", "match.kind=number"])
    assert sizes_of(recipe.pair.wc) is None
    planned = plan_of(recipe)
    assert planned.estimate is not None
    side = planned.estimate.sampling["wc"]
    assert side is not None
    assert side.flops is side.gpu_hours is None
    assert planned.estimate.gpu_hours is not None


@pytest.mark.parametrize(
    ("gpu", "wc", "se"), [("h100-sxm", 1, 1), ("l40s", 1, 2), ("a100-40gb", 1, 2), ("t4", 2, 8)]
)
def test_models_are_split_where_they_do_not_fit(gpu: str, wc: int, se: int) -> None:
    found = estimate(load_recipe("w2s-math"), gpu)
    sides = found.sampling["wc"], found.sampling["se"]
    assert [side.gpus_an_engine for side in sides if side] == [wc, se]
    said = [text for text in found.assumptions if "does not fit on 1 GPU" in text]
    assert len(said) == (wc > 1) + (se > 1)


def test_too_few_gpus_are_said_in_place_of_hours() -> None:
    recipe = load_recipe("w2s-math")
    # Finetuning the 27B model takes 218 GB at best (8 bytes a weight), of which 64 GB fit on one.
    few, enough = (plan_text(plan_of(recipe, Hardware(load_gpu("h100-sxm"), n))) for n in (2, 4))
    assert "2 are too few: some of this work takes at least 4 such GPUs" in few
    assert "GPUs busy" not in few
    assert "with all 4 GPUs busy" in enough and "too few" not in enough


def test_a_format_that_the_gpu_lacks_is_said() -> None:
    said = " ".join(estimate(load_recipe("w2s-math"), "t4").assumptions)
    assert "has no bfloat16, which engine.dtype asks for: counted as float16" in said
    automatic = load_recipe("w2s-math", ["engine.dtype=auto"])
    assert "engine.dtype asks for" not in " ".join(estimate(automatic, "t4").assumptions)


def test_settings_of_vllm_count() -> None:
    def side(*options: str) -> Any:
        return estimate(load_recipe("w2s-math", options)).sampling["se"]

    few = side("engine.options.max_num_seqs=16")
    assert few.speed.sequences == Range(16, 16)
    assert few.gpu_hours.low > side().gpu_hours.low
    unshared = side("engine.options.enable_prefix_caching=false")
    assert unshared.prompt_tokens.low == 75_000 * 680
    small = side("engine.options.quantization=awq", "engine.options.kv_cache_dtype=fp8")
    assert small.speed.sequences.low > 4 * side().speed.sequences.low
    assert side("engine.tensor_parallel_size=4").gpus_an_engine == 4


@pytest.mark.parametrize("name", recipe_names())
@pytest.mark.parametrize("gpu", ["b200", "t4"])
def test_every_recipe_has_an_estimate(name: str, gpu: str) -> None:
    planned = plan_of(load_recipe(name), Hardware(load_gpu(gpu), 4, 1.5))
    document = json.loads(json.dumps(planned.document(), allow_nan=False))["estimate"]
    totals = document["totals"]
    for key in ("prompt_tokens", "completion_tokens", "sampling_flops", "gpu_hours", "gpu_dollars"):
        assert 0 < totals[key]["low"] <= totals[key]["high"] <= totals[key]["at_most"], key
    assert document["gpu"]["name"] == load_gpu(gpu).name


def test_splits_of_unknown_size_leave_only_the_training() -> None:
    planned = plan_of(
        load_recipe("w2s-gsm8k", ["problems.train.count=null", "problems.test.count=null"])
    )
    found = planned.estimate
    assert found is not None
    assert found.sampling == {"wc": None, "se": None}
    assert found.test is found.detectable is None
    assert found.training_hours is not None
    assert planned.document()["estimate"]["totals"]["prompt_tokens"] is None


def test_a_broken_axolotl_file_does_not_stop_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path) -> dict[str, Any]:
        raise InputError("broken")

    monkeypatch.setattr("harness.training.base_file.read_base_file", broken)
    found = plan_of(load_recipe("w2s-math")).estimate
    assert found is not None
    assert any("cannot be read: counted as float32" in said for said in found.assumptions)
