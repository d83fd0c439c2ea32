"""Estimates: a recipe's worked out a second time, and every kind of recipe gets one."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InputError
from harness.plan import plan_of
from harness.plan.amounts import Amount, Range
from harness.plan.estimate import Estimate, estimate_of
from harness.plan.gpus import load_gpu
from harness.plan.known import Known, known_of
from harness.plan.model_sizes import CountedModel, ModelSizes, sizes_of
from harness.plan.prompt_lengths import PromptLengths
from harness.plan.serving import Hardware
from harness.recipe import Recipe
from harness.recipe.catalogue import recipe_names
from harness.recipe.loading import load_recipe
from tests.plan.reference_models import Decoder

HOUR = 3600
GEMMA_9B = Decoder(9_241_705_984, 42, 16, 8, 256)
GEMMA_27B = Decoder(27_227_128_320, 46, 32, 16, 128)
GEMMA_7B = Decoder(8_537_680_896, 28, 16, 16, 256)
LENGTHS = PromptLengths(Range(600, 600), Range(80, 100), exact=False, unknown=())
SIZES = {
    "google/gemma-2-9b": ModelSizes(GEMMA_9B, counted=False),
    "google/gemma-2-27b": ModelSizes(GEMMA_27B, counted=False),
    "google/gemma-7b": ModelSizes(GEMMA_7B, counted=False),
}
LOCAL_SERVERS = ["execution.endpoints.wc.url=http://127.0.0.1:1/v1",
                 "execution.endpoints.se.url=http://127.0.0.1:2/v1"]  # fmt: skip


def estimate(
    recipe: Recipe, gpu: str = "h100-sxm", gpus: int | None = None, price: float | None = None,
    sizes: dict[str, ModelSizes] = SIZES,
) -> Estimate:  # fmt: skip
    """The estimate of a recipe of the paper, with known lengths and sizes."""
    planned = plan_of(recipe)
    known = Known(sizes, dict.fromkeys(sizes, LENGTHS), dict.fromkeys(sizes, LENGTHS),
                  known_of(recipe).axolotl)  # fmt: skip
    return estimate_of(recipe, known, planned.problems, planned.pools, planned.cells,
                       Hardware(load_gpu(gpu), gpus, price))  # fmt: skip


# --- w2s-math, a second time


def test_the_strong_pool_of_w2s_math_by_hand() -> None:
    """27B in bfloat16 on an H100: 75,000 completions of 200 tokens, 10 a problem."""
    side = estimate(load_recipe("w2s-math")).sampling["se"]
    assert side is not None
    weights, cache = 2 * 27_227_128_320, 2 * 46 * 16 * 128 * 2
    parameters, pair = 27_227_128_320, 4 * 46 * 32 * 128
    # At best: examples are read once and each question once.
    prompt = 680
    read = lambda tokens: 2 * parameters * tokens + pair * tokens * (tokens + 1) / 2  # noqa: E731
    prefill = read(600) + 7500 * (read(680) - read(600))
    # 90 % of 80 GB less 2 %; a sequence holds a tenth of its question and half of its completion.
    batch = (80e9 * 0.9 * 0.98 - weights) / (cache * (80 / 10 + 100))
    context = prompt + 100
    step = max(
        (weights + batch * context * cache) / (0.85 * 3.35e12),
        batch * (2 * parameters + pair * (context + 1)) / (0.8 * 989.4e12),
    )
    seconds = prefill / (0.8 * 989.4e12) + 75_000 * 200 / batch * (step + 0.0002)
    assert side.gpu_hours is not None
    assert side.gpu_hours.low == pytest.approx(seconds / HOUR, rel=1e-3)
    # At worst: every sample reads its whole prompt, and holds it with all of its completion.
    prompt, prefill = 700, 75_000 * read(700)
    batch = (80e9 * 0.9 * 0.92 - weights) / (cache * 900)
    step = max(weights / (0.5 * 3.35e12), batch * 2 * parameters / (0.3 * 989.4e12)) + max(
        batch * 800 * cache / (0.5 * 3.35e12), batch * pair * 800 / (0.3 * 989.4e12)
    )
    alone = weights / (0.5 * 3.35e12) + (700 + 512) * cache / (0.5 * 3.35e12) + 0.005
    seconds = prefill / (0.3 * 989.4e12) + 75_000 * 200 / batch * (step + 0.005) + 1024 * alone
    assert side.gpu_hours.high == pytest.approx(seconds / HOUR, rel=1e-3)
    assert side.gpus_an_engine == 1
    assert side.prompt_tokens.low == 600 + 7500 * 80
    assert side.prompt_tokens.high == 75_000 * 700
    assert (side.completion_tokens.low, side.completion_tokens.at_most) == (15e6, 76.8e6)


def test_the_trainings_of_w2s_math_by_hand() -> None:
    found = estimate(load_recipe("w2s-math"))
    by_group = {(group.paradigm, group.budget): group for group in found.training}
    assert len(by_group) == 6
    strong = by_group["se_lm", "high"]
    # 6,000 steps of 32 rows: prompts of 80 to 100 tokens and 200 more; 8P with checkpointing.
    assert strong.tokens == Amount(192_000 * 280, 192_000 * 300, 192_000 * 2048)
    assert strong.flops_per_parameter == 8
    assert strong.gpu_hours is not None
    best, worst = 0.5 * 989.4e12 * HOUR, 0.15 * 989.4e12 * HOUR
    assert strong.gpu_hours.low == pytest.approx(8 * 27e9 * 192_000 * 280 / best)
    assert strong.gpu_hours.high == pytest.approx(8 * 27e9 * 192_000 * 300 / worst)
    assert strong.gpu_hours.at_most == pytest.approx(8 * 27e9 * 192_000 * 2048 / worst)
    # 16 bytes a parameter in float32, 8 in bfloat16, on GPUs of 80 GB of which 64 are used.
    assert strong.state_bytes == Range(8 * 27_227_128_320, 16 * 27_227_128_320)
    assert strong.least_gpus == Range(math.ceil(217.8 / 64), math.ceil(435.6 / 64))
    assert strong.sharded
    assert found.training_hours is not None
    assert found.training_hours.low == pytest.approx(
        3 * sum(group.gpu_hours.low for group in found.training if group.gpu_hours)
    )


def test_the_test_of_w2s_math_by_hand() -> None:
    found = estimate(load_recipe("w2s-math"))
    test = found.test
    assert test is not None
    assert test.models == 21
    assert test.prompt_tokens.high == 21 * 500 * 100
    assert test.completion_tokens == Amount(21 * 500 * 200, 21 * 500 * 200, 21 * 500 * 1024)
    assert test.engine_starts == 21
    assert found.engine_starts == 23
    assert found.start_hours == Amount(23 * 20 / HOUR, 23 * 300 / HOUR, 23 * 300 / HOUR)
    assert found.gpu_hours is not None
    parts = (found.sampling_hours, found.training_hours, found.test_hours, found.start_hours)
    assert found.gpu_hours.high == pytest.approx(sum(part.high for part in parts if part))


def test_the_disk_of_w2s_math_by_hand() -> None:
    found = estimate(load_recipe("w2s-math"))
    weights = 2 * (9_241_705_984 + 27_227_128_320 + 8_537_680_896)
    assert found.base_model_bytes == weights
    pools = 300_000 * 250 + 60e6 * 4
    assert found.disk_bytes is not None
    # Six cells of each model, in bfloat16.
    assert found.disk_bytes.low == found.disk_bytes.high == pytest.approx(7 * weights + pools)
    assert found.disk_bytes.at_most == pytest.approx(7 * weights + pools + 300_000 * 824 * 4)


def test_the_paper_could_not_have_shown_its_gaps() -> None:
    found = estimate(load_recipe("w2s-math")).detectable
    assert found is not None
    assert found.paired_points is not None
    assert found.unpaired_points is not None
    assert 4 < found.paired_points.low < found.paired_points.high < found.unpaired_points < 9


def test_money_and_hours() -> None:
    found = estimate(load_recipe("w2s-math"), gpus=8, price=2.5)
    assert found.gpu_hours is not None
    assert found.gpu_dollars == found.gpu_hours.times(2.5)
    assert found.hours == found.gpu_hours.times(1 / 8)
    assert found.least_gpus == 4
    small = estimate(load_recipe("w2s-math"), gpus=2)
    assert small.hours is None
    assert any("2 are too few GPUs: the work needs at least 4" in said
               for said in small.assumptions)  # fmt: skip


# --- other recipes


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
    sizes = {name: ModelSizes(CountedModel(sized.costs.parameters), counted=True)
             for name, sized in SIZES.items()}  # fmt: skip
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
