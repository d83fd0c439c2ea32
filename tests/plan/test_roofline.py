"""The roofline: worked out by hand, and never slower on a better GPU."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.plan.amounts import Range
from harness.plan.generating import (
    Draws,
    completion_tokens,
    generation_flops,
    gpu_hours,
    prompt_tokens_read,
)
from harness.plan.roofline import (
    FASTEST,
    SLOWEST,
    Efficiency,
    Engine,
    Generation,
    gpus_needed,
    step_seconds,
    timing,
)
from tests.plan.reference_models import Decoder

# 1 G parameters; 2 · 10 · 4 · 100 · 2 = 16,000 bytes of cache a token.
MODEL = Decoder(10**9, 10, 8, 4, 100)
# A rate of 100 TFLOP/s and 1 TB/s: 100 FLOPs for each byte.
ENGINE = Engine(MODEL, 1e14, 1e12, 10e9, 1, 2.0, 2)
IDEAL = Efficiency(1, 1, 1, 0, 0, True)


def test_a_step_of_one_sequence_reads_the_weights_and_its_cache() -> None:
    assert step_seconds(ENGINE, 1, 1000, IDEAL) == pytest.approx((2e9 + 1000 * 16_000) / 1e12)


def test_a_step_of_many_short_sequences_is_bound_by_the_rate() -> None:
    # 2P and, for two tokens of context and the token itself, 4 · layers · heads · size each.
    flops = 500 * (2e9 + 3 * 4 * 10 * 8 * 100)
    assert step_seconds(ENGINE, 500, 2, IDEAL) == pytest.approx(flops / 1e14)


def test_without_overlap_linear_layers_and_attention_add_up() -> None:
    apart = replace(IDEAL, overlapping=False)
    linear = 500 * (2e9 + 32_000) / 1e14  # by the rate
    attention = 500 * 1000 * 16_000 / 1e12  # by the bandwidth
    assert step_seconds(ENGINE, 500, 1000, apart) == pytest.approx(linear + attention)
    assert step_seconds(ENGINE, 500, 1000, IDEAL) == pytest.approx(max(
        500 * (2e9 + 1001 * 32_000) / 1e14, (2e9 + 500 * 1000 * 16_000) / 1e12))  # fmt: skip


def test_several_gpus_share_a_step_and_lose_some_of_it() -> None:
    alone = step_seconds(ENGINE, 10, 500, IDEAL)
    four = replace(ENGINE, gpus=4)
    assert step_seconds(four, 10, 500, IDEAL) == pytest.approx(alone / 4)
    assert step_seconds(four, 10, 500, replace(IDEAL, parallel=0.7)) == pytest.approx(
        alone / 4 / 0.7
    )


def test_memory_bounds_the_batch() -> None:
    # 8 GB are left beside 2 GB of weights: 8e9 / (1,000 · 16,000) = 500 sequences.
    work = Generation(10_000, 0, 1000, 1000, 0, 0, 100_000)
    found = timing(ENGINE, work, IDEAL)
    assert found.sequences == pytest.approx(500)
    step = step_seconds(ENGINE, 500, 500, IDEAL)
    assert found.seconds == pytest.approx(10_000 / 500 * 1000 * step)
    assert timing(ENGINE, replace(work, at_once=64), IDEAL).sequences == 64
    assert timing(ENGINE, replace(work, samples=3), IDEAL).sequences == 3


def test_prompts_take_their_flops_at_the_rate() -> None:
    work = Generation(1, 0, 1, 0, 4e15, 0, 1)
    assert timing(ENGINE, work, IDEAL).seconds == pytest.approx(40)
    assert timing(ENGINE, work, replace(IDEAL, compute=0.5)).seconds == pytest.approx(80)


def test_the_bound_changes_with_the_batch() -> None:
    # A step's 2 GFLOP a sequence take as long as reading 2 GB from a hundred sequences on.
    assert timing(ENGINE, Generation(50, 0, 1, 2, 0, 0, 50), IDEAL).bound == "memory"
    assert timing(ENGINE, Generation(500, 0, 1, 2, 0, 0, 500), IDEAL).bound == "compute"


def test_how_many_gpus_hold_a_model() -> None:
    assert gpus_needed(ENGINE, 1000, IDEAL) == 1
    # 40 GB of weights on GPUs of 10 GB: four hold them, and have no room for a sequence.
    large = replace(ENGINE, model=replace(MODEL, parameters=20 * 10**9))
    assert gpus_needed(large, 1000, IDEAL) == 8
    assert gpus_needed(replace(large, gpus=3), 1000, IDEAL) == 6
    assert gpus_needed(replace(large, memory=1e6), 1000, IDEAL) is None


def test_experts_that_nobody_uses_are_not_read() -> None:
    class Mixture(Decoder):
        active_parameters = 10**8

    engine = replace(ENGINE, model=Mixture(10**9, 10, 8, 4, 100))
    few, many = (step_seconds(engine, count, 0, IDEAL) for count in (1, 50))
    assert few == pytest.approx(2e8 / 1e12, rel=0.05)
    assert many == pytest.approx(2e9 / 1e12, rel=0.05)


# --- draws


DRAWS = Draws(100, Range(1000, 1000), Range(400, 600), Range(50, 80), 200, 1000, True, 256)


def test_prompt_tokens_once_a_problem_or_once_a_sample() -> None:
    assert prompt_tokens_read(DRAWS).low == 400 + 100 * 50
    assert prompt_tokens_read(DRAWS).high == 1000 * 680
    assert prompt_tokens_read(replace(DRAWS, shared=False)).low == 1000 * 450
    assert completion_tokens(DRAWS).low == completion_tokens(DRAWS).high == 200_000
    assert completion_tokens(DRAWS).at_most == 1_000_000


def test_flops_of_prompts_and_completions_by_hand() -> None:
    # In closed form: a token of context costs 32,000 FLOPs, a token 2 GFLOP.
    def prefill(tokens: int) -> float:
        return 2e9 * tokens + 32_000 * tokens * (tokens + 1) / 2

    def decode(prompt: int, completion: int) -> float:
        return prefill(prompt + completion) - prefill(prompt)

    flops = generation_flops(MODEL, DRAWS)
    least = prefill(400) + 100 * (prefill(450) - prefill(400))
    assert flops.low == pytest.approx(least + 1000 * decode(450, 200))
    assert flops.high == pytest.approx(1000 * (prefill(680) + decode(680, 200)))
    assert flops.at_most == pytest.approx(1000 * (prefill(680) + decode(680, 1000)))


positive = st.floats(1, 1e4)
draws_of = st.builds(
    lambda problems, per, least, examples, question, completion, shared, at_once: Draws(
        problems,
        Range(problems * min(per, least), problems * per),
        Range(examples, 1.5 * examples),
        Range(question, 1.5 * question),
        completion,
        math.ceil(completion * 2),
        shared,
        at_once,
    ),
    st.integers(1, 10_000), st.integers(1, 100), st.integers(1, 100), st.floats(0, 2000),
    positive, positive, st.booleans(), st.integers(1, 2000),
)  # fmt: skip
engines = st.builds(
    Engine, st.just(MODEL), st.floats(1e12, 1e16), st.floats(1e10, 1e14), st.floats(4e9, 1e12),
    st.integers(1, 8), st.sampled_from([1.0, 2.0, 4.0]), st.sampled_from([1, 2, 4]),
)  # fmt: skip


@given(engines, draws_of, st.integers(1, 16), st.floats(1, 10))
def test_a_better_gpu_is_never_slower(
    engine: Engine, draws: Draws, copies: int, factor: float
) -> None:
    if engine.room(SLOWEST) <= 0:
        return
    hours, _ = gpu_hours(engine, draws, copies)
    for better in (
        replace(engine, bandwidth=factor * engine.bandwidth),
        replace(engine, flops=factor * engine.flops),
        replace(engine, memory=factor * engine.memory),
    ):
        found, _ = gpu_hours(better, draws, copies)
        for before, after in zip(
            (hours.low, hours.high, hours.at_most), (found.low, found.high, found.at_most),
            strict=True,
        ):  # fmt: skip
            assert after <= before * (1 + 1e-9)


@given(engines, draws_of)
def test_more_samples_and_longer_ones_never_take_less(engine: Engine, draws: Draws) -> None:
    if engine.room(SLOWEST) <= 0:
        return
    hours, _ = gpu_hours(engine, draws, 1)
    twice = replace(
        draws, problems=2 * draws.problems,
        samples=Range(2 * draws.samples.low, 2 * draws.samples.high),
    )  # fmt: skip
    longer = replace(draws, completion=1.5 * draws.completion)
    for more in (twice, longer):
        found, _ = gpu_hours(engine, more, 1)
        assert found.low >= hours.low * (1 - 1e-9)
        assert found.high >= hours.high * (1 - 1e-9)


@given(engines, draws_of, st.integers(1, 16))
def test_no_estimate_beats_the_peaks(engine: Engine, draws: Draws, copies: int) -> None:
    if engine.room(FASTEST) <= 0 or engine.room(SLOWEST) <= 0:
        return
    hours, speed = gpu_hours(engine, draws, copies)
    computed = generation_flops(MODEL, draws).low / engine.flops / 3600
    assert hours.low >= computed * 0.999
    assert speed.sequences.low <= speed.sequences.high
    assert speed.tokens_per_second.low <= speed.tokens_per_second.high * (1 + 1e-9)
