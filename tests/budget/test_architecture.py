"""Exact counts against transformers and torch, brute force per token and layer, known cards."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.budget.architecture import Architecture, architecture_of
from harness.budget.families import FAMILIES
from harness.engines.environment import engine_python
from harness.micro import MODELS, model_folder
from harness.recipe import ModelCard
from tests.budget.shipped_cards import load_card

# What transformers 5.19 builds and torch's FlopCounterMode counts, by `count_with_transformers.py`
# beside it; tokens are fed one by one, so each meets exactly the context that it sees.
REFERENCE = json.loads(
    (Path(__file__).parent / "reference" / "transformers_counts.json").read_text(encoding="utf-8")
)["models"]
SMALL = [one for one in REFERENCE if one["step_flops"]]

GEMMA_2_9B = load_card("gemma-2-9b").config or {}
GEMMA_3 = {"model_type": "gemma3", "text_config": {
    "model_type": "gemma3_text", "hidden_size": 2560, "intermediate_size": 10240,
    "num_hidden_layers": 34, "sliding_window": 1024}}  # fmt: skip


def name_of(case: dict[str, Any]) -> str:
    return str(case["config"]["model_type"])


@pytest.mark.parametrize("case", REFERENCE, ids=name_of)
def test_parameters_are_those_that_transformers_builds(case: dict[str, Any]) -> None:
    assert Architecture.from_config(case["config"]).parameters == case["parameters"]


@pytest.mark.parametrize("case", SMALL, ids=name_of)
def test_steps_take_the_flops_that_torch_counts(case: dict[str, Any]) -> None:
    model, steps = Architecture.from_config(case["config"]), case["step_flops"]
    if FAMILIES[name_of(case)].latent:
        # transformers expands the whole cache again at every step; a first token is the same.
        assert model.prefill_flops(1) == steps[0]
        return
    for seen, flops in enumerate(steps):
        assert model.decode_flops(seen, 1) == flops
    assert model.decode_flops(5, len(steps) - 5) == sum(steps[5:])
    # A prompt reads the LM head once.
    head = 2 * model.head_weights
    assert model.prefill_flops(len(steps)) == sum(steps) - head * (len(steps) - 1)


def test_latent_attention_by_hand() -> None:
    """DeepSeek-V2's section 2.1 written out for one layer, folded while it completes."""
    case = next(one for one in SMALL if name_of(one) == "deepseek_v2")
    config = {**case["config"], "num_hidden_layers": 1, "first_k_dense_replace": 1}
    model = Architecture.from_config(config)
    hidden, heads, latent, rotary, plain, value, rank = 24, 6, 10, 4, 6, 5, 16
    matrices = (
        hidden * rank + rank * heads * (plain + rotary)  # queries
        + hidden * (latent + rotary)  # what is cached
        + latent * heads * plain  # folded into the query
        + latent * heads * value  # folded into the output
        + heads * value * hidden
        + 3 * hidden * 40
    )  # fmt: skip
    pairs = heads * (latent + rotary) + heads * latent
    for seen in (0, 7):
        expected = 2 * (matrices + pairs * (seen + 1) + 101 * hidden)
        assert model.decode_flops(seen, 1) == expected
    assert model.kv_cache_bytes(9) == 9 * (latent + rotary) * 2


# --- brute force: one token after the other through one layer after the other


def brute_force(config: dict[str, Any], windows: list[int | None], tokens: range) -> int:
    """FLOPs of tokens at these positions (0-based) of a Gemma-like model, without the LM head."""
    hidden, size = config["hidden_size"], config["head_dim"]
    heads, shared = config["num_attention_heads"], config["num_key_value_heads"]
    flops = 0
    for position in tokens:
        for window in windows:
            seen = [key for key in range(position + 1) if window is None or position - key < window]
            flops += 2 * hidden * size * (heads + 2 * shared) + 2 * heads * size * hidden
            flops += sum(2 * size * heads for _ in seen) * 2  # QKᵀ, then AV
            flops += 3 * 2 * hidden * config["intermediate_size"]
    return flops


@given(
    st.integers(1, 40), st.integers(0, 40), st.integers(1, 12), st.integers(1, 4),
    st.sampled_from([1, 2, 4]),
)  # fmt: skip
def test_prompt_completion_and_cache_by_brute_force(
    prompt: int, completion: int, window: int, layers: int, shared: int
) -> None:
    config = {
        "model_type": "gemma2", "hidden_size": 12, "num_hidden_layers": layers, "head_dim": 6,
        "num_attention_heads": 4, "num_key_value_heads": shared, "intermediate_size": 20,
        "vocab_size": 50, "sliding_window": window,
    }  # fmt: skip
    windows = [window if layer % 2 == 0 else None for layer in range(layers)]
    model = Architecture.from_config(config)
    head = 2 * 50 * 12
    assert model.prefill_flops(prompt) == brute_force(config, windows, range(prompt)) + head
    decoded = brute_force(config, windows, range(prompt, prompt + completion))
    assert model.decode_flops(prompt, completion) == decoded + completion * head
    kept = [prompt if one is None else min(prompt, one) for one in windows]
    assert model.kv_cache_bytes(prompt) == sum(kept) * 2 * shared * 6 * 2


@given(st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 3000))
def test_a_completion_can_be_cut_anywhere(prompt: int, first: int, second: int) -> None:
    model = Architecture.from_config(GEMMA_2_9B)
    whole = model.decode_flops(prompt, first + second)
    assert whole == model.decode_flops(prompt, first) + model.decode_flops(prompt + first, second)


# --- known models


@pytest.mark.parametrize("name", ["gemma-2-9b", "gemma-2-27b", "gemma-7b"])
def test_cards_agree_with_their_own_counts(name: str) -> None:
    card = load_card(name)
    model = architecture_of(card)
    assert model.parameters == card.parameters.total
    assert model.non_embedding_parameters == card.parameters.non_embedding


def test_gemma_2_9b_over_a_prompt_and_a_completion() -> None:
    """2P a token up to the attention over the context, which 2P leaves out."""
    model = Architecture.from_config(GEMMA_2_9B)
    norms = (42 * 4 + 1) * 3584
    matrices = 9_241_705_984 - norms  # The tied table is multiplied once, as the LM head.
    attention = 42 * 2 * 16 * 256
    assert model.decode_flops(0, 1) == 2 * (matrices + attention)
    assert model.decode_flops(700, 250) / (2 * 9_241_705_984 * 250) == pytest.approx(1.03, abs=0.01)
    assert model.kv_cache_bytes(8192) == 21 * (8192 + 4096) * 2 * 8 * 256 * 2
    assert model.weight_bytes() == 2 * 9_241_705_984


@pytest.mark.parametrize("name", MODELS)
def test_embedded_models_are_read_from_their_folders(name: str) -> None:
    card = load_card(f"micro-{name}")
    assert card.config is None
    assert architecture_of(card).parameters == card.parameters.total
    folder = ModelCard(id=str(model_folder(name)))
    assert architecture_of(folder) == architecture_of(card)


def test_mixtral_is_as_large_and_as_active_as_published() -> None:
    """46.7 B parameters of which a token uses 12.9 B (Jiang et al., 2024)."""
    case = next(one for one in REFERENCE if name_of(one) == "mixtral" and not one["step_flops"])
    model = Architecture.from_config(case["config"])
    assert round(model.parameters / 1e9, 1) == 46.7
    assert round(model.active_parameters / 1e9, 1) == 12.9
    # FLOPs of a token follow the active parameters; the embeddings are looked up.
    per_token = 2 * (model.active_parameters - 32_000 * 4096)
    assert model.decode_flops(0, 1) == pytest.approx(per_token, rel=1e-3)


def test_deepseek_v3_as_published() -> None:
    """671 B parameters, 37 B active, 70 kB of cache a token (DeepSeek-AI, 2024)."""
    case = next(one for one in REFERENCE if name_of(one) == "deepseek_v3" and not one["step_flops"])
    model = Architecture.from_config(case["config"])
    assert round(model.parameters / 1e9) == 671
    assert round(model.active_parameters / 1e9, 1) == pytest.approx(37.6)
    assert model.kv_cache_bytes(1) == 61 * 576 * 2


def test_gemma_3_has_five_windows_for_one_full_layer_and_omits_what_is_default() -> None:
    model = Architecture.from_config(GEMMA_3)
    windows = [layer.attention.window for layer in model.layers]
    assert windows[:6] == [1024] * 5 + [None]
    assert sum(window is None for window in windows) == 5
    assert model.parameters == 3_880_263_168
    assert model.tied


def test_windows_of_mistral_and_qwen() -> None:
    base = {"hidden_size": 8, "num_hidden_layers": 4, "num_attention_heads": 2, "vocab_size": 9,
            "num_key_value_heads": 2, "intermediate_size": 8}  # fmt: skip

    def windows(**keys: Any) -> list[int | None]:
        model = Architecture.from_config({**base, **keys})
        return [layer.attention.window for layer in model.layers]

    assert windows(model_type="mistral", sliding_window=4) == [4] * 4
    assert windows(model_type="mistral", sliding_window=None) == [None] * 4
    qwen = {"model_type": "qwen2", "sliding_window": 4, "max_window_layers": 3}
    assert windows(**qwen, use_sliding_window=False) == [None] * 4
    assert windows(**qwen, use_sliding_window=True) == [None, None, None, 4]
    layers = ["full_attention", "sliding_attention"] * 2
    assert windows(model_type="gemma2", sliding_window=4, layer_types=layers) == [None, 4] * 2


def test_without_a_type_it_is_read_as_llama() -> None:
    config = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 9,
              "intermediate_size": 16}  # fmt: skip
    assert Architecture.from_config(config) == Architecture.from_config(
        {**config, "model_type": "llama"}
    )


def test_of_multimodal_models_the_text_part_counts() -> None:
    case = next(one for one in SMALL if name_of(one) == "qwen2")
    text = {key: value for key, value in case["config"].items() if key != "model_type"}
    for config in (
        {"model_type": "qwen2_5_vl", **text, "vision_config": {"hidden_size": 5}},
        {"model_type": "qwen2_5_vl", "text_config": {"model_type": "qwen2_5_vl_text", **text}},
        {"model_type": "llava", "text_config": {"model_type": "qwen2", **text}},
    ):
        assert Architecture.from_config(config).parameters == case["parameters"]
    tied = {"model_type": "llava", "tie_word_embeddings": True, "text_config": case["config"]}
    assert Architecture.from_config(tied).tied


@pytest.mark.engines
def test_the_reference_is_what_transformers_and_torch_still_count() -> None:
    """Under the interpreter of vLLM's environment, whose transformers serves the models."""
    python = engine_python("vllm")
    chosen = [one for one in SMALL if name_of(one) in ("falcon", "gemma2", "mixtral", "opt")]
    script = Path(__file__).parent / "reference" / "count_with_transformers.py"
    answer = subprocess.run(
        [python, script],
        input=json.dumps([one["config"] for one in chosen]),
        capture_output=True,
        text=True,
        check=True,
    )
    counts = json.loads(answer.stdout)["counts"]
    assert counts == [{key: one[key] for key in ("parameters", "step_flops")} for one in chosen]
