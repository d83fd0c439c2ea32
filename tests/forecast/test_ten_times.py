"""What ten times the money brings, and pilots whose problems have different numbers of samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.forecast.forecasting import ten_times_samples, usual_samples
from harness.forecast.ten_times import money
from harness.plan.gpus import load_gpu
from tests.comparison.pools_for_tests import card, graded_pool, numbered
from tests.forecast.pilots_for_tests import by_hand
from tests.forecast.planning_for_tests import planned, random_pool, shown

PRICES = [{"date": "2024-08-12", "source": "a list", "input": 1.0, "output": 4.0}]
EIGHT_BILLION = {"total": 8_000_000_000}


def test_multiples_are_of_what_was_drawn() -> None:
    ragged = by_hand(["a....."] * 199 + ["."])  # 1,195 samples
    assert usual_samples(ragged) == (1, 6, 12, 18, 60)
    assert ten_times_samples(ragged) == 60
    # A tenth of the problems was drawn: so many times the money, and the samples of a problem.
    assert usual_samples(by_hand(["a..."] * 5 + [""] * 45)) == (1, 4, 8, 12, 40)
    assert ten_times_samples(by_hand(["a..."] * 5 + [""] * 45)) == 4
    # Adaptive: what was drawn, not what may be drawn of a problem.
    assert ten_times_samples(by_hand(["a"] * 8 + ["....", "...a"], enough=1)) == 16


def test_a_ragged_pilot_keeps_its_check_and_its_power_law(tmp_path: Path) -> None:
    source = np.random.default_rng(0)
    letters = ["".join(np.where(source.random(6) < rate, "c", "w"))
               for rate in source.beta(0.5, 1, 39)]  # fmt: skip
    problems = numbered(40)
    pool = graded_pool(tmp_path / "pool", dict(zip(problems, [*letters, "w"], strict=True)))
    (document,) = planned("--pilot", pool)["pilots"]
    assert document["measured_up_to"] == 1
    assert document["held_back"]["problems"] == 39
    assert (document["held_back"]["fitted_on"], document["held_back"]["forecast_at"]) == (3, 6)
    came = sum("c" in one for one in letters) / 39
    assert document["held_back"]["coverage"]["came"] == pytest.approx(came)
    assert document["fit"]["power_law"]["problems"] == 39
    assert document["fit"]["power_law"]["up_to"] == 6
    last = document["forecasts"][-1]
    assert last["times"] == pytest.approx(last["samples"] / 235)
    assert last["times"] == pytest.approx(10, rel=0.05)
    text = shown("--pilot", pool)
    assert "samples of 39 problems, it forecast" in text and "235 were drawn" in text


def test_one_sentence_says_what_ten_times_the_money_brings(tmp_path: Path) -> None:
    rates = np.random.default_rng(0).beta(0.5, 1, 50).tolist()
    pool = random_pool(
        tmp_path / "pool", rates, 4, 0, model_card=card(prices=PRICES), tokens=25
    )  # fmt: skip
    (document,) = planned("--pilot", pool, "--budgets", "8")["pilots"]
    assert [row["k"] for row in document["forecasts"]] == [8]
    found = document["ten_times"]
    assert (found["k"], found["samples"], found["times"]) == (40, 2000, 10)
    measured = planned("--pilot", pool)["pilots"][0]["forecasts"][1]
    for name in ("coverage", "diversity_all"):
        one = found[name]
        assert one["now"] == pytest.approx(measured[name]["value"])
        assert one["now"] <= one["low"] <= one["value"] <= one["high"]
    coverage = found["coverage"]
    said = found["sentence"]
    assert said.startswith("10 times the samples (40 a problem, 2,000 in all; $0.21) would bring")
    assert f"from {100 * coverage['now']:.1f} % to {100 * coverage['value']:.1f} %" in said
    assert said in shown("--pilot", pool, "--budgets", "8")
    # 25 tokens of output at $4 a million; a prompt of 30 at $1, once for 4 samples.
    sample = document["sample"]
    assert sample["prompt_dollars"] == pytest.approx(30 / 4 / 1e6)
    assert sample["dollars"] == pytest.approx((100 + 30 / 4) / 1e6)
    assert "$0.000100 for output and $0.000008 for prompts" in sample["source"]
    assert "once for a request of 4 samples" in sample["source"]


def test_gpu_hours_on_the_gpus_that_were_named(tmp_path: Path) -> None:
    pool = random_pool(
        tmp_path / "pool", [0.2, 0.6] * 20, 4, 0, tokens=250,
        model_card=card(parameters=EIGHT_BILLION, config={"model_type": "unknown"}),
    )  # fmt: skip
    named = ("--pilot", pool, "--gpu", "h200", "--gpus", "4", "--gpu-price", "3")
    (document,) = planned(*named)["pilots"]
    assert document["gpu"]["gpus"] == 4
    assert document["gpu"]["completion_tokens"] == 250
    assert document["gpu"]["prompt_tokens"] == {"low": 30, "high": 30}
    flops = load_gpu("h200").flops("bfloat16")
    assert flops is not None
    for row in document["forecasts"]:
        hours, dollars = row["gpu_hours"], row["gpu_dollars"]
        # 2P FLOPs a token at the peak rate is the least that it can take.
        assert hours["high"] > hours["low"] > row["samples"] * 250 * 16e9 / flops / 3600
        assert dollars == pytest.approx({end: 3 * value for end, value in hours.items()})
    sentence = document["ten_times"]["sentence"]
    assert "GPU-hours, " in sentence and "dollars for GPUs)" in sentence
    text = shown(*named)
    assert "4 × NVIDIA H200" in text and "completions of 250.0" in text
    without = planned("--pilot", pool)["pilots"][0]
    assert without["gpu"] is without["forecasts"][0]["gpu_hours"] is None


def test_gpus_that_nothing_is_known_for_are_not_passed_over(tmp_path: Path) -> None:
    bare = random_pool(tmp_path / "bare", [0.2, 0.6] * 10, 3, 0)
    assert "No GPU-hours: the pool holds no card" in shown("--pilot", bare, "--gpus", "2")
    uncounted = random_pool(
        tmp_path / "uncounted", [0.2, 0.6] * 10, 3, 0, tokens=None,
        model_card=card(parameters=EIGHT_BILLION),
    )  # fmt: skip
    assert "without counts of completion tokens" in shown("--pilot", uncounted, "--gpu", "h200")


def test_small_sums_are_not_nothing() -> None:
    assert [money(one) for one in (0.0, 0.000123, 0.21, 1234.5)] == [
        "$0.00", "$0.00012", "$0.21", "$1,234.50"
    ]  # fmt: skip
