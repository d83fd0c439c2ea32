"""Estimated times against what others have measured: nothing here was run by us.

Sources, read on 2026-11-25:

* NVIDIA, TensorRT-LLM 1.0, docs/source/performance/perf-overview.md: Llama 3.1 8B, Llama 3.3
  70B and Llama 3.1 405B in fp8, weights and KV cache, all requests at once.
* NVIDIA, TensorRT-LLM 0.6.1, docs/source/performance.md: GPT-J 6B and LLaMA 7B, batches as given.
* Neural Magic, nm-vllm, benchmark of commit 2054c1a: Llama 2 7B on an A10G.
* J. Musgrave, vLLM throughput-latency sweep on A100 (75 tokens a second), and Yobitel,
  InferenceBench, concurrency sweep (6.48 ms a token): Llama 3.1 8B, one request at a time.
* Lambda, vllm-benchmark, results/prompt_320/1xH100-80GB-SXM: Mistral 7B, vLLM 0.5.4.

The rows of TensorRT-LLM 0.6.1 for models with grouped-query attention on several GPUs are left
out: they were slower than the slowest engine here (15 % of the roofline), and those of version
1.0 for the same kind of model are not.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.budget.architecture import Architecture
from harness.plan.amounts import Amount, Range
from harness.plan.generating import Draws, gpu_hours
from harness.plan.gpus import load_gpu
from harness.plan.roofline import FASTEST, SLOWEST, Engine, gpus_needed, step_seconds
from tests.plan.reference_models import (
    GPT_J_6B,
    LLAMA_2_7B,
    LLAMA_3_8B,
    LLAMA_3_70B,
    LLAMA_3_405B,
    MISTRAL_7B,
    Decoder,
)
from tests.plan.test_model_sizes import LLAMA

LENGTHS = ((128, 128), (128, 2048), (128, 4096), (500, 2000), (1000, 1000), (1000, 2000),
           (2048, 128), (2048, 2048), (5000, 500), (20000, 2000))  # fmt: skip
REQUESTS = (30_000, 3000, 1500, 3000, 3000, 1500, 3000, 1500, 1500, 1000)
# Completion tokens a second of all GPUs together, in the order of LENGTHS.
TENSORRT_1_0 = (
    (LLAMA_3_8B, "h200", 1,
     (27_911, 26_221, 18_027, 20_770, 17_744, 16_828, 3538, 12_194, 3902, 1804)),
    (LLAMA_3_8B, "h100-sxm", 1,
     (28_312, 22_714, 14_325, 17_660, 15_220, 13_899, 3450, 9305, 3459, 1351)),
    (LLAMA_3_70B, "h200", 1, (3803, 4336, 2872, 3666, 2909, 2994, 442, 2003, 566, 283)),
    (LLAMA_3_70B, "h100-sxm", 2, (6378, 6651, 4199, 5222, 4205, 4146, 762, 3082, 898, 437)),
    (LLAMA_3_405B, "h200", 8, (3814, 5348, 4741, 4724, 3330, 3722, 456, 2948, 650, 505)),
    (LLAMA_3_405B, "h100-sxm", 8, (3627, 4340, 3116, 3994, 2919, 2895, 453, 2296, 610, 345)),
)  # fmt: skip
# Bytes a value, batch, prompt, completion, completion tokens a second of one GPU.
TENSORRT_0_6 = (
    (GPT_J_6B, "h100-sxm", 1, 1024, 128, 128, 26_150),
    (GPT_J_6B, "h100-sxm", 1, 120, 128, 2048, 8011),
    (GPT_J_6B, "h100-sxm", 1, 64, 2048, 128, 2551),
    (GPT_J_6B, "h100-sxm", 1, 64, 2048, 2048, 3327),
    (LLAMA_2_7B, "h100-sxm", 1, 768, 128, 128, 19_694),
    (LLAMA_2_7B, "h100-sxm", 1, 112, 128, 2048, 6818),
    (LLAMA_2_7B, "h100-sxm", 1, 80, 2048, 128, 2244),
    (LLAMA_2_7B, "h100-sxm", 1, 48, 2048, 2048, 2740),
    (GPT_J_6B, "l40s", 1, 64, 128, 128, 3630),
    (GPT_J_6B, "l40s", 1, 64, 128, 2048, 1859),
    (GPT_J_6B, "l40s", 1, 32, 2048, 128, 616),
    (GPT_J_6B, "l40s", 1, 32, 2048, 2048, 757),
    (LLAMA_2_7B, "l40s", 1, 64, 128, 128, 3240),
    (LLAMA_2_7B, "l40s", 1, 64, 128, 2048, 1622),
    (LLAMA_2_7B, "l40s", 1, 32, 2048, 128, 581),
    (LLAMA_2_7B, "l40s", 1, 16, 2048, 2048, 531),
    (GPT_J_6B, "a100-80gb", 2, 512, 128, 128, 6374),
    (GPT_J_6B, "a100-80gb", 2, 60, 2048, 128, 670),
    (LLAMA_2_7B, "a100-80gb", 2, 384, 128, 128, 5586),
    (LLAMA_2_7B, "a100-80gb", 2, 60, 128, 2048, 1928),
    (LLAMA_2_7B, "a100-80gb", 2, 52, 2048, 128, 591),
)


def engine(model: Decoder, gpu: str, gpus: int, value_bytes: int, share: float) -> Engine:
    card = load_gpu(gpu)
    flops = card.flops("fp8" if value_bytes == 1 else "float16")
    assert flops is not None
    return Engine(model, flops, card.bandwidth, share * card.memory, gpus, value_bytes, value_bytes)


def draws(requests: int, prompt: float, completion: float, longest: int, at_once: int) -> Draws:
    return Draws(requests, Range(requests, requests), Range(0, 0), Range(prompt, prompt),
                 completion, longest, False, at_once)  # fmt: skip


def measured_hours(requests: int, completion: float, tokens_per_second: float, gpus: int) -> float:
    return requests * completion / tokens_per_second * gpus / 3600


def assert_between(hours: float, estimate: Amount) -> None:
    assert estimate.low <= hours <= estimate.high, (estimate.low / hours, estimate.high / hours)


@pytest.mark.parametrize(("model", "gpu", "gpus", "speeds"), TENSORRT_1_0)
def test_tensorrt_llm_at_its_own_batches(
    model: Decoder, gpu: str, gpus: int, speeds: tuple[int, ...]
) -> None:
    run = engine(model, gpu, gpus, 1, 0.95)
    for (prompt, completion), requests, speed in zip(LENGTHS, REQUESTS, speeds, strict=True):
        work = draws(requests, prompt, completion, completion, 2048)
        estimate, _ = gpu_hours(run, work, 1)
        assert_between(measured_hours(requests, completion, speed, gpus), estimate)


@pytest.mark.parametrize(
    ("model", "gpu", "value_bytes", "batch", "prompt", "completion", "speed"), TENSORRT_0_6
)
def test_tensorrt_llm_at_given_batches(
    model: Decoder, gpu: str, value_bytes: int, batch: int, prompt: int, completion: int, speed: int
) -> None:
    # A hundred batches, so that the last completion, which ends alone, plays no part.
    work = draws(100 * batch, prompt, completion, completion, batch)
    estimate, timing = gpu_hours(engine(model, gpu, 1, value_bytes, 1.0), work, 1)
    assert_between(measured_hours(100 * batch, completion, speed, 1), estimate)
    assert timing.sequences.high <= batch


@pytest.mark.parametrize(("gpu", "speeds"), [row[1::2] for row in TENSORRT_1_0[:2]])
def test_the_real_architecture_is_as_near(gpu: str, speeds: tuple[int, ...]) -> None:
    run = engine(LLAMA_3_8B, gpu, 1, 1, 0.95)
    run = replace(run, model=Architecture.from_config(LLAMA))
    for (prompt, completion), requests, speed in zip(LENGTHS, REQUESTS, speeds, strict=True):
        estimate, _ = gpu_hours(run, draws(requests, prompt, completion, completion, 2048), 1)
        assert_between(measured_hours(requests, completion, speed, 1), estimate)


def test_vllm_on_a_small_gpu() -> None:
    """1,000 prompts of 256 tokens with 128 new ones each: 3.80 a second."""
    estimate, speed = gpu_hours(
        engine(LLAMA_2_7B, "a10g", 1, 2, 0.9), draws(1000, 256, 128, 128, 256), 1
    )
    assert_between(1000 / 3.80 / 3600, estimate)
    assert speed.bound == "memory"


def test_vllm_on_a_burst_of_conversations() -> None:
    """320 requests at once, 73,671 tokens of prompts and 72,094 of answers: 12.54 s."""
    work = draws(320, 73_671 / 320, 72_094 / 320, 1028, 256)
    estimate, _ = gpu_hours(engine(MISTRAL_7B, "h100-sxm", 1, 2, 0.9), work, 1)
    assert_between(12.54 / 3600, estimate)


@pytest.mark.parametrize(("gpu", "seconds"), [("a100-40gb", 1 / 75), ("h100-sxm", 0.00648)])
def test_vllm_with_one_sequence(gpu: str, seconds: float) -> None:
    """Llama 3.1 8B in half precision, token by token."""
    one = engine(LLAMA_3_8B, gpu, 1, 2, 0.9)
    assert step_seconds(one, 1, 1088, FASTEST) < seconds < step_seconds(one, 1, 1088, SLOWEST)


def test_what_fits_where_it_was_served() -> None:
    """Lambda's table of GPUs that served a model (80 GB each), half precision or fp8."""
    for model, value_bytes, fits in (
        (MISTRAL_7B, 2, 1), (LLAMA_3_8B, 1, 1), (LLAMA_3_70B, 1, 2), (LLAMA_3_405B, 1, 8),
    ):  # fmt: skip
        one = engine(model, "h100-sxm", 1, value_bytes, 0.9)
        assert gpus_needed(one, 8192, SLOWEST) == fits
