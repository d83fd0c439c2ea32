"""Sizes of models: from a card, a folder, the Hub's cache, and where there is nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.budget.architecture import Architecture
from harness.budget.config_sources import _hub_file
from harness.plan import model_sizes
from harness.plan.model_sizes import CountedModel, sizes_of
from harness.recipe import ModelCard
from harness.recipe.cards import Parameters
from tests.plan.reference_models import LLAMA_3_8B, LLAMA_3_70B, MISTRAL_7B, Decoder

LLAMA = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 128256,
         "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
         "num_attention_heads": 32, "num_key_value_heads": 8, "max_position_embeddings": 131072,
         "tie_word_embeddings": False}  # fmt: skip
LARGE = {**LLAMA, "hidden_size": 8192, "intermediate_size": 28672, "num_hidden_layers": 80,
         "num_attention_heads": 64}  # fmt: skip
MISTRAL = {**LLAMA, "model_type": "mistral", "vocab_size": 32768, "sliding_window": None}


@pytest.fixture
def without_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:1")
    _hub_file.cache_clear()
    yield
    _hub_file.cache_clear()


def card(name: str, config: dict[str, object] | None = None, total: int | None = 7) -> ModelCard:
    return ModelCard(id=name, parameters=Parameters(total=total), config=config)


@pytest.mark.parametrize(
    ("config", "reference"), [(LLAMA, LLAMA_3_8B), (LARGE, LLAMA_3_70B), (MISTRAL, MISTRAL_7B)]
)
def test_a_configuration_gives_the_published_sizes(
    config: dict[str, object], reference: Decoder
) -> None:
    sizes = sizes_of(card("org/name", config))
    assert sizes is not None
    assert not sizes.counted
    assert sizes.costs.parameters == reference.parameters
    assert sizes.costs.kv_cache_bytes(1000, 2) == reference.kv_cache_bytes(1000, 2)
    # Embeddings are looked up, not multiplied with, and the head sees one token of a prompt.
    for exact, rough in (
        (sizes.costs.prefill_flops(1000), reference.prefill_flops(1000)),
        (sizes.costs.decode_flops(1000, 200), reference.decode_flops(1000, 200)),
    ):
        assert 0.85 * rough < exact <= rough


def test_a_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(LLAMA))
    sizes = sizes_of(card(str(tmp_path)))
    assert sizes is not None
    assert isinstance(sizes.costs, Architecture)


def test_without_the_hub_its_cache_is_read(
    tmp_path: Path, without_hub: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert sizes_of(card("org/none")) == model_sizes.ModelSizes(CountedModel(7, 7), counted=True)
    repository = tmp_path / "models--org--name"
    snapshot = repository / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    (snapshot / "config.json").write_text(json.dumps(LLAMA))
    sizes = sizes_of(card("org/name"))
    assert sizes is not None
    assert not sizes.counted
    (snapshot / "config.json").write_text("no JSON")
    assert sizes_of(card("org/name")) == model_sizes.ModelSizes(CountedModel(7, 7), counted=True)


@pytest.mark.parametrize("name", ["a/b/c", "hosted", "./none", "micro:none", "org/na me"])
@pytest.mark.parametrize("total", [7, None])
def test_whatever_is_wrong_a_plan_goes_on(
    name: str, total: int | None, without_hub: None, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    sizes = sizes_of(card(name, total=total))
    assert sizes == (None if total is None else model_sizes.ModelSizes(CountedModel(7, 7), True))


def test_a_configuration_that_makes_no_sense_is_not_used(without_hub: None) -> None:
    sizes = sizes_of(card("org/name", {"model_type": "llama", "hidden_size": "wide"}))
    assert sizes == model_sizes.ModelSizes(CountedModel(7, 7), counted=True)


def test_only_parameters_mean_two_flops_for_each() -> None:
    model = CountedModel(7, 7)
    assert model.prefill_flops(10) == model.decode_flops(99, 10) == 140
    assert (model.active_parameters, model.kv_cache_bytes(99)) == (7, 0)
