"""Pools that are compared by what their samples cost, against sums by hand."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from harness.budget.architecture import Architecture
from harness.comparison.costs import CostSettings
from harness.errors import InputError
from harness.micro import model_folder
from tests.comparison.pools_for_tests import card, compared, graded_pool, problem

A, B = problem("a", "1"), problem("b", "1")
SMALL = card(id="small", parameters={"total": 8_030_000_000}, prices=[
    {"date": "2024-05-01", "source": "test", "output": 1.05},
    {"date": "2024-08-12", "source": "test", "output": 0.3, "input": 0.075},
])  # fmt: skip
LARGE = card(id="large", parameters={"total": 3 * 8_030_000_000}, prices=[
    {"date": "2024-05-01", "source": "test", "output": 10.5, "input": 3.5},
])  # fmt: skip


@pytest.fixture
def priced(tmp_path: Path) -> tuple[Path, Path]:
    """40 WC samples of 10 tokens and 2 SE samples of 20 for each of two problems."""
    wc = graded_pool(tmp_path / "wc", {A: "cw" * 20, B: "w" * 40}, model_card=SMALL, tokens=10)
    se = graded_pool(tmp_path / "se", {A: "cc", B: "cw"}, model_card=LARGE, tokens=20)
    return wc, se


def test_compute_takes_both_sides_to_be_equally_long(priced: tuple[Path, Path]) -> None:
    match = compared(*priced, kind="compute", budget="1")["match"]
    assert match["ratio"] == 3
    assert match["samples_per_problem"] == {"wc": 3, "se": 1}
    # 2 problems × 1 sample × 15 tokens × 2P FLOPs.
    assert match["cost"]["se"] == match["cost"]["wc"] == 2 * 15 * 2 * 24_090_000_000
    assert match["cost"]["unit"] == "flop"


def test_measured_lengths_enter_tokens_and_price(priced: tuple[Path, Path]) -> None:
    assert compared(*priced, kind="tokens")["match"]["ratio"] == 2
    # 35 by the price of a token (paper, section on price), and SE's completions twice as long.
    assert compared(*priced, kind="price", budget="0.5")["match"]["ratio"] == pytest.approx(70)
    early = CostSettings(price_date=datetime.date(2024, 6, 1))
    match = compared(*priced, kind="price", budget="1", settings=early)["match"]
    assert match["ratio"] == pytest.approx(20)
    with_prompts = CostSettings(prompts="every")
    match = compared(*priced, kind="price", budget="0.1", settings=with_prompts)["match"]
    assert match["ratio"] == pytest.approx((20 * 10.5 + 30 * 3.5) / (10 * 0.3 + 30 * 0.075))


def test_exact_flops_are_those_of_the_real_lengths(tmp_path: Path) -> None:
    """One long sample costs more than its share of the mean length; the other pool has none."""
    verdicts = {A: "cwcw", B: "wwww"}
    config = json.loads((model_folder("wc") / "config.json").read_text(encoding="utf-8"))
    small = {**SMALL, "config": config}
    wc = graded_pool(tmp_path / "wc", verdicts, model_card=small)
    se = graded_pool(tmp_path / "se", verdicts, model_card=small, tokens=[1, 1, 1, 37])
    model = Architecture.from_config(config)
    alike = model.prefill_flops(30) + model.decode_flops(30, 10)
    mixed = sum(model.prefill_flops(30) + model.decode_flops(30, one) for one in (1, 1, 1, 37)) / 4
    match = compared(wc, se, kind="compute_exact", budget="1")["match"]
    assert match["ratio"] == pytest.approx(mixed / alike, rel=1e-12) and match["ratio"] > 1.001
    assert match["cost"]["se"] == pytest.approx(2 * mixed)
    once = CostSettings(prompts="once")
    match = compared(wc, se, kind="compute_exact", budget="2", settings=once)["match"]
    assert match["cost"]["se"] == pytest.approx(2 * (2 * mixed - model.prefill_flops(30)))


def test_a_budget_in_dollars_names_its_cost_model(priced: tuple[Path, Path]) -> None:
    # Of 2 problems, each SE sample 20 tokens at 10.5 dollars a million.
    document = compared(*priced, kind=None, budget=f"{2 * 20 * 10.5e-6 / 2:.8f}usd")
    assert document["match"]["kind"] == "price"
    assert document["match"]["samples_per_problem"]["se"] == pytest.approx(0.5)
    assert document["match"]["samples_per_problem"]["wc"] == pytest.approx(35)


def test_cost_models_stand_side_by_side_and_may_disagree(priced: tuple[Path, Path]) -> None:
    found = compared(*priced, kind="number", budget="1")["cost_models"]
    models = {one["kind"]: one for one in found["models"]}
    assert set(models) == {"number", "compute", "price", "tokens"}
    assert models["compute"]["samples_per_problem"] == {"wc": 3, "se": 1}
    assert models["price"]["limited_by_pool"]
    assert models["price"]["samples_per_problem"]["wc"] == 40
    assert "config" in found["refused"]["compute_exact"]
    assert "tokens_per_gpu_second" in found["refused"]["gpu_seconds"]
    assert models["number"]["winner"] == "se"
    assert found["winner_changes"] == (len({one["winner"] for one in models.values()}) > 1)


def test_seconds_of_imported_samples_are_no_time_of_a_server(tmp_path: Path) -> None:
    """Their requests may have run side by side, elsewhere."""
    pools = {
        engine: [
            graded_pool(
                tmp_path / engine / side,
                {A: "cw"},
                seconds=2.0,
                identity={"engine": {"name": engine}},
            )
            for side in ("wc", "se")
        ]
        for engine in ("vllm", "import")
    }
    assert compared(*pools["vllm"], kind="gpu_seconds")["match"]["ratio"] == pytest.approx(
        1, rel=0.1
    )
    with pytest.raises(InputError, match="gpu_seconds") as refusal:
        compared(*pools["import"], kind="gpu_seconds")
    assert all("imported" in str(issue) for issue in refusal.value.issues)


def test_a_pool_without_card_says_what_a_match_needs(tmp_path: Path) -> None:
    wc = graded_pool(tmp_path / "wc", {A: "cw"}, model_card=SMALL, tokens=None)
    se = graded_pool(tmp_path / "se", {A: "cc"}, tokens=None)
    with pytest.raises(InputError) as refusal:
        compared(wc, se, kind=None)
    assert "SE: " in str(refusal.value) and "--se-card" in str(refusal.value)
    assert "--match number" in refusal.value.advice
    cards = {"wc": None, "se": "gemma-2-27b"}
    match = compared(wc, se, kind=None, cards=cards)["match"]
    assert match["ratio"] == pytest.approx(27_227_128_320 / 8_030_000_000)
    with pytest.raises(InputError, match="no token counts"):
        compared(wc, se, kind=None, cards=cards, budget="1e18flop")


def test_a_budget_in_another_unit_than_the_match_is_refused(priced: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match="a match by compute counts FLOPs"):
        compared(*priced, kind="compute", budget="20usd")
