"""Active parameters: Mixtral by hand, every known type, and cards that say too little."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.accounts.costs import rates_of
from harness.budget import unit_costs
from harness.budget.architecture import Architecture
from harness.budget.cost_models import CostModel, TokenMeans, sample_cost
from harness.budget.parameters import flop_parameters, mixture_of, with_active_parameters
from harness.errors import InputError
from harness.generators.origin import draw_document
from harness.recipe import ModelCard
from harness.recipe.cards import Parameters
from harness.recipe.catalogue import card_names
from harness.recipe.schema import Match, Pair
from tests.budget.mixtures import (
    HYBRID_CONFIG,
    LLAMA_CONFIG,
    LLAMA_TOTAL,
    MIXTRAL_ACTIVE,
    MIXTRAL_CONFIG,
    MIXTRAL_EMBEDDINGS,
    MIXTRAL_TOTAL,
    llama,
    mixtral,
)
from tests.budget.shipped_cards import load_card
from tests.budget.test_architecture import REFERENCE, name_of
from tests.generators.jobs_for_tests import job

ALL: dict[str, int] = {
    "total": MIXTRAL_TOTAL, "non_embedding": MIXTRAL_TOTAL - MIXTRAL_EMBEDDINGS,
    "nominal": 47_000_000_000,
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: Any) -> None:
        raise AssertionError("a match by parameters asked the Hub")

    monkeypatch.setattr("harness.budget.config_sources._hub_file", asked)


def test_the_numbers_are_those_that_were_published() -> None:
    """46.7B and 12.9B: the authors' announcement of Mixtral 8x7B; 70.6B: Llama 3."""
    assert (MIXTRAL_TOTAL, MIXTRAL_ACTIVE) == (46_702_792_704, 12_879_925_248)
    assert LLAMA_TOTAL == 70_553_706_496


def test_a_match_by_compute_counts_what_a_token_meets() -> None:
    costs = unit_costs(Match(kind="compute"), Pair(wc=mixtral(), se=llama()))
    assert (costs.wc, costs.se) == (2 * 12_879_925_248, 2 * 70_553_706_496)
    assert float(costs.ratio) == pytest.approx(5.478, abs=5e-4)
    means = TokenMeans(completion=100)
    cost = sample_cost(CostModel("compute"), mixtral(), means).per_sample
    assert cost == 100 * 2 * MIXTRAL_ACTIVE


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("total", MIXTRAL_ACTIVE),
        ("non_embedding", MIXTRAL_ACTIVE - MIXTRAL_EMBEDDINGS),
        ("nominal", MIXTRAL_ACTIVE),
    ],
)
@pytest.mark.parametrize("said_by", ["config", "card"])
def test_each_count_of_a_card_has_its_active_part(which: str, expected: int, said_by: str) -> None:
    card = mixtral(**ALL)
    if said_by == "card":
        card = mixtral(config=None, **ALL, active=MIXTRAL_ACTIVE)
    found = flop_parameters(card, which)
    assert (found.count, found.stored) == (expected, ALL[which])
    assert found.remark is not None and f"{expected:,} of its {ALL[which]:,}" in found.remark
    assert found.advice is None


def test_the_card_has_the_last_word() -> None:
    assert flop_parameters(mixtral(total=47, active=13), "total").count == 13
    # All of them: no mixture, whatever its config.json says.
    same = flop_parameters(mixtral(total=47, nominal=50, active=47), "nominal")
    assert (same.count, same.remark) == (50, None)


def test_a_nominal_count_of_what_a_token_meets_stays() -> None:
    card = mixtral(total=30_532_122_624, nominal=3_000_000_000, active=3_345_000_000)
    assert flop_parameters(card, "nominal").count == 3_000_000_000


def test_a_folder_is_read_and_a_kept_card_no_longer_needs_it(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(MIXTRAL_CONFIG))
    card = ModelCard(id=str(tmp_path), parameters=Parameters(total=MIXTRAL_TOTAL))
    assert flop_parameters(card, "total").count == MIXTRAL_ACTIVE
    kept = ModelCard.model_validate(with_active_parameters(card).model_dump(mode="json"))
    (tmp_path / "config.json").unlink()
    assert flop_parameters(kept, "total").count == MIXTRAL_ACTIVE
    assert flop_parameters(card, "total").count == MIXTRAL_TOTAL


@pytest.mark.parametrize("case", REFERENCE, ids=name_of)
def test_every_known_type(case: dict[str, Any]) -> None:
    architecture = Architecture.from_config(case["config"])
    card = ModelCard(
        id="org/name",
        parameters=Parameters(total=case["parameters"]),
        config=case["config"],
    )
    found = flop_parameters(card, "total")
    assert found.count == architecture.active_parameters
    assert (found.remark is None) == (architecture.active_parameters == architecture.parameters)
    # A token is multiplied with no more than it meets.
    multiplied = architecture.multiply_adds_per_token + architecture.head_weights
    assert multiplied <= found.count


@pytest.mark.parametrize("name", card_names())
def test_shipped_cards_are_dense_and_written_as_ever(name: str) -> None:
    card = load_card(name)
    assert mixture_of(card) is None
    assert with_active_parameters(card) is card
    assert set(card.parameters.model_dump()) == {"total", "non_embedding", "nominal"}


def test_written_only_where_it_is_said() -> None:
    assert Parameters(total=9, active=4).model_dump()["active"] == 4
    assert "active" not in json.loads(Parameters(total=9).model_dump_json())


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.booleans() | st.none()))
def test_whatever_a_config_says_a_dense_count_stays(config: dict[str, Any]) -> None:
    card = ModelCard(id="org/name", parameters=Parameters(total=7), config=config)
    assert flop_parameters(card, "total").count == 7


@pytest.mark.parametrize("name", ["./none", "micro:none", "~nobody-at-all/x", "a\0b", "x" * 5000])
def test_ids_that_are_no_folders(name: str) -> None:
    card = ModelCard(id=name, parameters=Parameters(total=7))
    assert flop_parameters(card, "total").count == 7


# --- mixtures of which too little is known: all counts, and that is said


@pytest.mark.parametrize(
    ("config", "counts", "which", "why"),
    [
        (HYBRID_CONFIG, {"total": 80}, "total", "layers other than attention"),
        ({"model_type": "dbrx", "ffn_config": {"moe_num_experts": 16}}, {"total": 80}, "total",
         "'dbrx' of its config.json is not known"),
        ({"model_type": "hunyuan_v1_moe", "num_experts": [1, 16]}, {"total": 80}, "total",
         "is not known"),
        ({**MIXTRAL_CONFIG, "hidden_size": "wide"}, {"total": 80}, "total", "does not describe"),
        (MIXTRAL_CONFIG, {"total": 7_000_000_000}, "total", "more than `total`, 7,000,000,000"),
        (None, {"non_embedding": 80, "active": 10}, "non_embedding", "parameters.total"),
    ],
)  # fmt: skip
def test_what_cannot_be_worked_out_is_said(
    config: dict[str, Any] | None, counts: dict[str, int], which: str, why: str
) -> None:
    found = flop_parameters(mixtral(config=config, **counts), which)
    assert found.count == found.stored == counts[which]
    assert found.remark is not None and "is a mixture of experts" in found.remark
    assert why in found.remark
    assert found.advice is not None and "parameters.active" in found.advice
    assert found.sentences == (f"{found.remark}. {found.advice}",)


@pytest.mark.parametrize(
    "config", [{"model_type": "granitemoehybrid", "num_local_experts": 0}, {"model_type": "mamba"},
               {"model_type": "new", "num_experts": 1}, {**LLAMA_CONFIG, "num_experts": None}]
)  # fmt: skip
def test_no_experts_no_remark(config: dict[str, Any]) -> None:
    found = flop_parameters(mixtral(config=config, total=80), "total")
    assert (found.count, found.remark) == (80, None)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"total": 46, "active": 47}, "`active` is 47; a token cannot meet more than `total`, 46"),
        ({"total": 46, "non_embedding": 40, "active": 6}, "the embeddings"),
        ({"active": 0}, "greater than 0"),
    ],
)
def test_cards_that_contradict_themselves_are_refused(counts: dict[str, int], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Parameters.model_validate(counts)


def test_a_card_without_the_count_is_refused_as_ever() -> None:
    with pytest.raises(InputError, match=r"does not say how many it has \(it has: no count\)"):
        flop_parameters(mixtral(config=None, active=13), "total")


def test_a_pools_account_counts_them_too() -> None:
    rates = rates_of(mixtral())
    assert rates.flops(1000) == 2 * MIXTRAL_ACTIVE * 1000
    assert len(rates.remarks) == 1 and "12,879,925,248" in rates.remarks[0]
    assert rates_of(llama()).remarks == ()


def test_a_drawn_pool_keeps_them(tmp_path: Path) -> None:
    """So that its account does not change where the model's folder is not."""
    (tmp_path / "config.json").write_text(json.dumps(MIXTRAL_CONFIG))
    card = ModelCard(id=str(tmp_path), parameters=Parameters(total=MIXTRAL_TOTAL))
    drawn = draw_document(job(tmp_path / "pool", card=card))
    assert drawn["model"]["parameters"] == {
        "total": MIXTRAL_TOTAL, "non_embedding": None, "nominal": None, "active": MIXTRAL_ACTIVE,
    }  # fmt: skip
    dense = draw_document(job(tmp_path / "pool", card=llama()))
    assert dense["model"] == llama().model_dump(mode="json")
