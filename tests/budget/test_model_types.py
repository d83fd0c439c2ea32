"""What single model types bring: published counts, code on the Hub only, chunks, odd spellings."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.budget.architecture import Architecture
from harness.budget.cost_models import SampleCost
from harness.budget.families import FAMILIES
from harness.budget.measured_flops import SampleLengths, measured_flops
from harness.errors import InputError
from tests.budget.test_architecture import REFERENCE, SMALL, name_of

# Files of types whose code is on the Hub and not in transformers, as the Hub has them.
INTERNLM2_7B = {"model_type": "internlm2", "bias": False, "hidden_size": 4096,
    "intermediate_size": 14336, "num_attention_heads": 32, "num_hidden_layers": 32,
    "num_key_value_heads": 8, "vocab_size": 92544, "tie_word_embeddings": False}  # fmt: skip
CHATGLM3_6B = {"model_type": "chatglm", "add_bias_linear": False, "add_qkv_bias": True,
    "ffn_hidden_size": 13696, "hidden_size": 4096, "kv_channels": 128,
    "multi_query_attention": True, "multi_query_group_num": 2, "num_attention_heads": 32,
    "num_layers": 28, "padded_vocab_size": 65024, "tie_word_embeddings": False}  # fmt: skip
DEEPSEEK_MOE_16B = {"model_type": "deepseek", "attention_bias": False, "first_k_dense_replace": 1,
    "hidden_size": 2048, "intermediate_size": 10944, "moe_intermediate_size": 1408,
    "moe_layer_freq": 1, "n_routed_experts": 64, "n_shared_experts": 2, "num_attention_heads": 16,
    "num_experts_per_tok": 6, "num_hidden_layers": 28, "num_key_value_heads": 16,
    "tie_word_embeddings": False, "vocab_size": 102400}  # fmt: skip
BAICHUAN_2_7B = {"model_type": "baichuan", "hidden_size": 4096, "intermediate_size": 11008,
    "num_attention_heads": 32, "num_hidden_layers": 32, "vocab_size": 125696,
    "tie_word_embeddings": False}  # fmt: skip
EXAONE_DEEP_7B = {"model_type": "exaone", "head_dim": 128, "hidden_size": 4096,
    "intermediate_size": 14336, "num_attention_heads": 32, "num_key_value_heads": 8,
    "num_layers": 32, "vocab_size": 102400, "tie_word_embeddings": False}  # fmt: skip
INTERNLM3_8B = {"model_type": "internlm3", "bias": False, "qkv_bias": False, "head_dim": 128,
    "hidden_size": 4096, "intermediate_size": 10240, "num_attention_heads": 32,
    "num_hidden_layers": 48, "num_key_value_heads": 2, "vocab_size": 128512}  # fmt: skip
KIMI_K2 = {"model_type": "kimi_k2", "first_k_dense_replace": 1, "hidden_size": 7168,
    "intermediate_size": 18432, "kv_lora_rank": 512, "moe_intermediate_size": 2048,
    "n_routed_experts": 384, "n_shared_experts": 1, "num_attention_heads": 64,
    "num_experts_per_tok": 8, "num_hidden_layers": 61, "num_key_value_heads": 64,
    "num_nextn_predict_layers": 0, "q_lora_rank": 1536, "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64, "v_head_dim": 128, "vocab_size": 163840}  # fmt: skip
FROM_THE_HUB = {"baichuan", "chatglm", "deepseek", "exaone", "internlm", "internlm2", "internlm3",
                "kimi_k2"}  # fmt: skip


def real(model_type: str, **keys: Any) -> Architecture:
    """A model of real size among those that transformers was asked for."""
    found = [one["config"] for one in REFERENCE if name_of(one) == model_type
             and not one["step_flops"] and keys.items() <= one["config"].items()]  # fmt: skip
    assert len(found) == 1
    return Architecture.from_config(found[0])


def small(model_type: str, **changes: Any) -> Architecture:
    """The first small model of a type, changed."""
    case = next(one for one in SMALL if name_of(one) == model_type)
    return Architecture.from_config({**case["config"], **changes})


def test_every_known_type_was_held_against_transformers_or_its_matrices() -> None:
    assert {name_of(case) for case in SMALL} | FROM_THE_HUB == set(FAMILIES)


# --- published counts, as far as they are known to the last digit or to the digits given


@pytest.mark.parametrize(
    ("model", "published"),
    [
        (real("bloom"), 559_214_592),  # bloom-560m's card
        (real("opt", hidden_size=1024), 331_196_416),  # opt-350m
        (real("opt", hidden_size=2048), 1_315_758_080),  # opt-1.3b
        (real("gpt_neox"), 6_857_302_016),  # Pythia 6.9B, table 1
        (real("cohere"), 34_980_831_232),  # c4ai-command-r-v01
        (real("glm"), 9_399_951_360),  # glm-4-9b
        (Architecture.from_config(INTERNLM2_7B), 7_737_708_544),
        (Architecture.from_config(CHATGLM3_6B), 6_243_584_000),
        (Architecture.from_config(BAICHUAN_2_7B), 7_505_973_248),
        (Architecture.from_config(EXAONE_DEEP_7B), 7_818_448_896),
        (Architecture.from_config(INTERNLM3_8B), 8_804_241_408),
        (Architecture.from_config(DEEPSEEK_MOE_16B), 16_375_728_128),
    ],
)
def test_parameters_as_published(model: Architecture, published: int) -> None:
    assert model.parameters == published


@pytest.mark.parametrize(
    ("model", "total", "active", "digits"),
    [
        (real("olmoe"), 6.9, 1.3, 1),
        (real("phimoe"), 41.9, 6.6, 1),
        (real("granitemoe"), 1.3, 0.4, 1),
        (real("llama4_text", num_local_experts=128), 401, 17, 0),
        (Architecture.from_config(DEEPSEEK_MOE_16B), 16.4, 2.8, 1),
        (Architecture.from_config(KIMI_K2), 1026, 33, 0),
    ],
)
def test_active_parameters_as_published(
    model: Architecture, total: float, active: float, digits: int
) -> None:
    assert round(model.parameters / 1e9, digits) == total
    assert round(model.active_parameters / 1e9, digits) == active


def test_nemotron_4_340b_within_and_without_its_embeddings() -> None:
    """9.4 B parameters of embeddings and 331.6 B others (NVIDIA, 2024, section 2.2)."""
    model = real("nemotron")
    assert round(model.non_embedding_parameters / 1e9, 1) == 331.6
    assert round((model.parameters - model.non_embedding_parameters) / 1e9, 1) == 9.4


def test_pythia_without_its_embeddings() -> None:
    assert real("gpt_neox").non_embedding_parameters == 6_444_163_072


# --- types whose code is on the Hub: the tensors of their checkpoints, written out


SMALLER = {"hidden_size": 24, "intermediate_size": 40, "vocab_size": 101, "num_attention_heads": 6,
           "head_dim": 4, "num_hidden_layers": 1, "num_layers": 1}  # fmt: skip
NORMS, QKV, OUT, FUSED = [(24,), (24,)], (24 + 2 * 2 * 4,), (24,), (2 * 40,)
SEPARATE = [(24,), (8,), (8,), (24,), (40,), (40,), (24,)]


@pytest.mark.parametrize(
    ("config", "heads", "vectors"),
    [
        ({**INTERNLM2_7B, "num_key_value_heads": 2}, 2, NORMS),
        ({**INTERNLM2_7B, "num_key_value_heads": 2, "bias": True}, 2, [*NORMS, QKV, OUT]),
        ({"model_type": "internlm"}, 6, [*NORMS, (24,), (24,), (24,), (24,)]),
        (INTERNLM3_8B, 2, NORMS),
        ({**INTERNLM3_8B, "qkv_bias": True}, 2, [*NORMS, QKV]),
        ({**INTERNLM3_8B, "qkv_bias": True, "bias": True}, 2, [*NORMS, *SEPARATE]),
        ({**CHATGLM3_6B, "ffn_hidden_size": 40, "padded_vocab_size": 101, "kv_channels": 4}, 2,
         [*NORMS, QKV]),
        ({**CHATGLM3_6B, "ffn_hidden_size": 40, "padded_vocab_size": 101, "kv_channels": 4,
          "add_qkv_bias": False, "add_bias_linear": True}, 2, [*NORMS, QKV, OUT, FUSED, OUT]),
        (BAICHUAN_2_7B, 6, NORMS),
        ({**EXAONE_DEEP_7B, "num_key_value_heads": 2}, 2, NORMS),
    ],
)  # fmt: skip
def test_dense_types_of_the_hub_by_hand(
    config: dict[str, Any], heads: int, vectors: list[tuple[int]]
) -> None:
    """Their tensors, one layer; fused ones as one."""
    model = Architecture.from_config({**config, **SMALLER})
    shapes = [(24 + 2 * heads * 4, 24), (24, 24), (2 * 40, 24), (24, 40)]
    weights = sum(rows * columns for rows, columns in shapes)
    outside = 2 * 101 * 24 + 24
    assert model.parameters == weights + sum(size for (size,) in vectors) + outside
    for seen in (0, 6):
        attention = 2 * 6 * 4 * (seen + 1)
        assert model.decode_flops(seen, 1) == 2 * (weights + attention + 101 * 24)
    assert model.kv_cache_bytes(5) == 5 * 2 * heads * 4 * 2


def test_the_first_deepseek_by_hand() -> None:
    config = {**DEEPSEEK_MOE_16B, "hidden_size": 24, "intermediate_size": 40, "vocab_size": 101,
              "moe_intermediate_size": 8, "n_routed_experts": 5, "num_experts_per_tok": 2,
              "num_hidden_layers": 3, "num_attention_heads": 6,
              "num_key_value_heads": 6}  # fmt: skip
    model = Architecture.from_config(config)
    attention, dense, expert, router = 4 * 24 * 24, 3 * 24 * 40, 3 * 24 * 8, 5 * 24
    outside = 2 * 101 * 24 + 24 + 3 * 2 * 24
    assert model.parameters == 3 * attention + dense + 2 * (7 * expert + router) + outside
    met = 3 * attention + dense + 2 * (4 * expert + router)
    assert model.decode_flops(0, 1) == 2 * (met + 3 * 2 * 24 + 101 * 24)
    twice = Architecture.from_config({**config, "moe_layer_freq": 2})
    assert twice.parameters == 3 * attention + 2 * dense + 7 * expert + router + outside


def test_kimi_k2_is_counted_as_deepseek_v3() -> None:
    as_deepseek = {**KIMI_K2, "model_type": "deepseek_v3"}
    assert Architecture.from_config(KIMI_K2) == Architecture.from_config(as_deepseek)


def test_both_spellings_of_glm_4_are_one_model() -> None:
    first = Architecture.from_config({**CHATGLM3_6B, "num_layers": 40, "padded_vocab_size": 151552})
    assert first == real("glm")


# --- chunks (Llama 4)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 20))
def test_chunks_by_brute_force(prompt: int, completion: int, chunk: int) -> None:
    """A token sees the keys before it that fall into its chunk, in layers with rotary positions."""
    model = small("llama4_text", attention_chunk_size=chunk, no_rope_layers=[1, 0, 1, 1])
    per_pair, head, size = 2 * 2, 6, 8
    matrices = 2 * (model.multiply_adds_per_token + model.head_weights)
    flops = sum(
        matrices + per_pair * head * size * sum(
            (not chunked) or key // chunk == query // chunk
            for chunked in (True, False, True, True) for key in range(query + 1)
        )
        for query in range(prompt, prompt + completion)
    )  # fmt: skip
    assert model.decode_flops(prompt, completion) == flops
    kept = 3 * min(prompt, chunk) + prompt
    assert model.kv_cache_bytes(prompt) == kept * 2 * 2 * size * 2
    lengths = SampleLengths(np.array([0]), np.array([prompt]), np.array([completion]))
    assert measured_flops(model, lengths, "none") == SampleCost(Fraction(flops))
    read = Fraction(flops + model.prefill_flops(prompt))
    assert measured_flops(model, lengths, "every") == SampleCost(read)


def test_llama_4_lists_its_layers_or_counts_them() -> None:
    scout, maverick = (real("llama4_text", num_local_experts=one) for one in (16, 128))
    windows = [layer.attention.window for layer in scout.layers]
    assert windows == [8192, 8192, 8192, None] * 12
    # Every second layer of Maverick is dense.
    sizes = [layer.feed_forward.matrix_weights for layer in maverick.layers]
    assert sizes[:2] * 24 == sizes
    assert sizes[0] == 3 * 5120 * 16384
    listed = small("llama4_text", layer_types=["full_attention", "chunked_attention"] * 2,
                   attention_chunk_size=5, moe_layers=[3])  # fmt: skip
    assert [layer.attention.window for layer in listed.layers] == [None, 5, None, 5]
    kinds = [layer.feed_forward.matrix_weights for layer in listed.layers]
    assert kinds[:3] == [3 * 24 * 56] * 3 != kinds[3:]


# --- heads, layers and keys as files have them


def test_falcon_7b_keeps_one_head_and_40b_eight() -> None:
    assert real("falcon", hidden_size=4544).kv_cache_bytes(1) == 32 * 2 * 64 * 2
    assert real("falcon", hidden_size=8192).kv_cache_bytes(1) == 60 * 2 * 8 * 64 * 2


def test_narrow_embeddings_are_multiplied_into_the_layers() -> None:
    """OPT-350m embeds in 512 numbers, and its layers have 1024."""
    model = real("opt", hidden_size=1024)
    assert model.head_weights == 50272 * 512
    wide = 50272 * 1024 + 2050 * 1024 + model.non_embedding_parameters
    assert wide - model.parameters == 50272 * 512
    assert model.projection_weights == 2 * 512 * 1024


def test_bloom_and_falcon_in_other_words() -> None:
    bloom = {"model_type": "bloom", "vocab_size": 250880, "hidden_size": 1024,
             "num_hidden_layers": 24, "n_head": 16}  # fmt: skip
    assert Architecture.from_config(bloom) == real("bloom")
    falcon = {"model_type": "falcon", "vocab_size": 65024, "hidden_size": 4544,
              "num_hidden_layers": 32, "num_attention_heads": 71}  # fmt: skip
    assert Architecture.from_config(falcon) == real("falcon", hidden_size=4544)


def test_the_text_part_of_a_multimodal_file_leaves_out_what_is_default() -> None:
    """LLaVA 1.5 names no size but the vocabulary; Pixtral leaves out its heads."""
    llava = {"model_type": "llava", "text_config": {"model_type": "llama", "vocab_size": 32064}}
    # Llama 2 7B, and two times 64 more token embeddings.
    assert Architecture.from_config(llava).parameters == 6_738_415_616 + 2 * 64 * 4096
    pixtral = {"model_type": "llava", "text_config": {
        "model_type": "mistral", "head_dim": 128, "hidden_size": 5120, "intermediate_size": 14336,
        "num_hidden_layers": 40, "num_key_value_heads": 8, "sliding_window": None,
        "vocab_size": 131072}}  # fmt: skip
    assert Architecture.from_config(pixtral).parameters == 12_247_782_400  # Mistral Nemo
    ministral = {"model_type": "mistral3", "text_config": {"model_type": "ministral3"}}
    assert Architecture.from_config(ministral) == real("ministral3")
    with pytest.raises(InputError, match="hidden_size: is missing"):
        Architecture.from_config({"model_type": "llava", "text_config": {"model_type": "granite"}})


def test_the_text_part_by_the_names_that_there_are() -> None:
    case = next(one for one in SMALL if name_of(one) == "qwen2")
    inner = case["config"]
    for key in ("text_config", "llm_config", "language_config"):
        for outer in ("llava", "internvl_chat", "mistral3"):
            model = Architecture.from_config({"model_type": outer, key: inner})
            assert model.parameters == case["parameters"]
    text = {key: value for key, value in inner.items() if key != "model_type"}
    for outer, same in (("mistral3", "mistral"), ("llama4", "llama4_text")):
        named = Architecture.from_config({**text, "model_type": same})
        assert Architecture.from_config({"model_type": outer, "text_config": text}) == named
