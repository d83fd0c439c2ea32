"""The estimate of w2s-math, worked out a second time by hand."""

from __future__ import annotations

import math

import pytest

from harness.plan.amounts import Amount, Range
from harness.recipe.loading import load_recipe
from tests.plan.reference_estimates import HOUR, estimate


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
    assert strong.gpu_hours.low == pytest.approx(8 * 27_227_128_320 * 192_000 * 280 / best)
    assert strong.gpu_hours.high == pytest.approx(8 * 27_227_128_320 * 192_000 * 300 / worst)
    assert strong.gpu_hours.at_most == pytest.approx(8 * 27_227_128_320 * 192_000 * 2048 / worst)
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
    books, problems = 2 * 7500 * 230, 2 * 7500
    least = 300_000 * 5 + 60e6 * 2 * 0.2 + books + problems * 400
    pools = 300_000 * 30 + 60e6 * 4.5 * 0.5 + books + problems * 2000
    assert found.disk_bytes is not None
    # Six cells of each model, in bfloat16.
    assert found.disk_bytes.low == pytest.approx(7 * weights + least)
    assert found.disk_bytes.high == pytest.approx(7 * weights + pools)
    longer = 300_000 * 824 * 4.5 * 0.5
    assert found.disk_bytes.at_most == pytest.approx(7 * weights + pools + longer)


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
