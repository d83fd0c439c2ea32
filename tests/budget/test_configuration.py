"""What is not a known model's config.json is refused, all of it at once, with the way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.budget.architecture import Architecture, architecture_of
from harness.errors import InputError
from harness.recipe import ModelCard
from tests.budget.shipped_cards import load_card
from tests.budget.test_architecture import GEMMA_2_9B, REFERENCE, SMALL, name_of


def test_all_that_is_missing_or_wrong_is_named_at_once() -> None:
    config = {"model_type": "llama", "hidden_size": "large", "num_attention_heads": 6,
              "num_key_value_heads": 4, "vocab_size": True, "num_hidden_layers": 10**6,
              "tie_word_embeddings": "yes"}  # fmt: skip
    with pytest.raises(InputError, match="does not describe a llama model") as refusal:
        Architecture.from_config(config)
    found = {issue.where: issue.message for issue in refusal.value.issues}
    assert set(found) >= {
        "hidden_size", "vocab_size", "num_hidden_layers", "intermediate_size",
        "num_key_value_heads", "tie_word_embeddings",
    }  # fmt: skip
    assert found["intermediate_size"].startswith("is missing")
    assert found["num_hidden_layers"] == "is 1000000, expected a whole number from 1 to 10,000."


def test_keys_are_named_as_the_file_names_them() -> None:
    with pytest.raises(InputError) as refusal:
        Architecture.from_config({"model_type": "gpt2", "n_embd": 8, "n_head": 2})
    assert {issue.where for issue in refusal.value.issues} == {
        "n_layer", "n_positions", "vocab_size",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"model_type": "lama"},
            "'lama' of its config.json is not known; known are: arcee, baichuan,",
        ),
        ({"layer_types": ["full_attention"]}, "has 1 entries for 42 layers"),
        ({"layer_types": ["linear_attention"] * 42}, "has linear_attention"),
        ({"model_type": "qwen3_next"}, "a qwen3_next model, which has layers other than attention"),
        ({"num_attention_heads": 5, "head_dim": None}, "no multiple of num_attention_heads 5"),
    ],
)
def test_other_models_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as refusal:
        Architecture.from_config({**GEMMA_2_9B, **changes})
    assert words in str(refusal.value)


def test_a_hybrid_is_refused_with_the_other_matches() -> None:
    with pytest.raises(InputError) as refusal:
        Architecture.from_config({**GEMMA_2_9B, "model_type": "nemotron_h"})
    assert "compute (2P a token" in refusal.value.advice


@pytest.mark.parametrize(
    ("changes", "where", "words"),
    [
        ({"no_rope_layers": [1, 0]}, "no_rope_layers", "has 2 entries for 4 layers"),
        ({"no_rope_layers": [1] * 4, "attention_chunk_size": None}, "attention_chunk_size",
         "is missing, and no_rope_layers has chunked_attention"),
        ({"layer_types": ["sliding_attention"] * 4}, "layer_types", "and chunked_attention."),
    ],
)  # fmt: skip
def test_what_llama_4_lists_must_fit(changes: dict[str, Any], where: str, words: str) -> None:
    case = next(one for one in SMALL if name_of(one) == "llama4_text")
    with pytest.raises(InputError) as refusal:
        Architecture.from_config({**case["config"], **changes})
    assert [issue.where for issue in refusal.value.issues] == [where]
    assert words in refusal.value.issues[0].message


def test_more_experts_picked_than_there_are() -> None:
    case = next(one for one in SMALL if name_of(one) == "mixtral")
    with pytest.raises(InputError, match="there are 5 experts"):
        Architecture.from_config({**case["config"], "num_experts_per_tok": 6})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(REFERENCE), st.data())
def test_any_value_of_any_key_is_read_or_refused(case: dict[str, Any], data: st.DataObject) -> None:
    config = case["config"]
    key = data.draw(st.sampled_from([*config, "layer_types", "sliding_window", "text_config"]))
    try:
        model = Architecture.from_config({**config, key: data.draw(JSON)})
        assert model.prefill_flops(10) > 0
    except InputError:
        pass


def test_a_model_that_is_nowhere_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"gemini-1\.5-pro is neither a folder nor on the Hub"
    ) as no:
        architecture_of(load_card("gemini-1.5-pro"))
    assert "into the card as `config`" in no.value.advice
    with pytest.raises(InputError, match=r"config\.json is not there"):
        architecture_of(ModelCard(id=str(tmp_path)))
    (tmp_path / "config.json").write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="is not a JSON object"):
        architecture_of(ModelCard(id=str(tmp_path)))
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read as JSON"):
        architecture_of(ModelCard(id=str(tmp_path)))
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="does not describe a llama model") as empty:
        architecture_of(ModelCard(id=str(tmp_path)))
    assert empty.value.message.startswith(str(tmp_path))


def test_a_hub_that_does_not_answer_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match=r"the Hub did not give the config.json of nobody/no-such"):
        architecture_of(ModelCard(id="nobody/no-such-model"))
