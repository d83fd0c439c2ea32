"""What a model type means beyond its config.json: which parts it has, and values left out there.

A config.json names sizes; whether the feed-forward is gated, where biases and norms sit and which
layers have windows is in the model's code. Each entry was held against the parameters that
transformers builds for the type (`tests/budget/test_architecture.py`). Defaults are those of the
type's configuration class, since transformers leaves out values that equal them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Windows = Literal["none", "every", "even", "pattern", "above", "even_below"]
Experts = Literal["none", "mixtral", "qwen", "deepseek"]


@dataclass(frozen=True)
class Family:
    """The models of one type.

    Attributes:
        latent: whether attention keeps latents in place of keys and values (DeepSeek).
        gated: whether the feed-forward has a gate, so three matrices in place of two.
        norms: norms of the hidden width in a layer.
        vectors_per_norm: 1 for a weight, 2 for weight and bias.
        query_key_norm: norms of queries and keys: none, over each head, or over the full width.
        input_bias: biases of query, key and value; None: as `attention_bias` says.
        output_bias: bias of attention's output; None: as `attention_bias` says.
        feed_forward_bias: None: as `mlp_bias` says.
        head_bias: whether the LM head has one.
        sinks: whether each head has a learned sink.
        positions: whether positions are embedded by a table.
        tied: whether the LM head shares the token embeddings, if the file does not say.
        windows: which layers have one, if the file does not list `layer_types`: none, every one,
            every second from the first, all but each n-th (`sliding_window_pattern`), those from
            `max_window_layers` on, or every second one before that.
        window_switch: whether windows are only in force with `use_sliding_window`.
        experts: whose keys describe the experts.
        expert_bias: whether experts and router have biases.
        defaults: of keys that a file may leave out.
        renamed: our name of a key → the file's.
    """

    latent: bool = False
    gated: bool = True
    norms: int = 2
    vectors_per_norm: int = 1
    query_key_norm: Literal["none", "head", "width"] = "none"
    input_bias: bool | None = None
    output_bias: bool | None = None
    feed_forward_bias: bool | None = False
    head_bias: bool = False
    sinks: bool = False
    positions: bool = False
    tied: bool = False
    windows: Windows = "none"
    window_switch: bool = False
    experts: Experts = "none"
    expert_bias: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)


_LLAMA = Family(feed_forward_bias=None)
_MISTRAL = Family(
    input_bias=False,
    output_bias=False,
    windows="every",
    defaults={"num_key_value_heads": 8, "sliding_window": 4096},
)
_QWEN2 = Family(
    input_bias=True,
    output_bias=False,
    windows="above",
    window_switch=True,
    defaults={"num_key_value_heads": 32, "sliding_window": 4096, "max_window_layers": 28},
)
_QWEN3 = replace(
    _QWEN2,
    input_bias=None,
    output_bias=None,
    query_key_norm="head",
    defaults={**_QWEN2.defaults, "head_dim": 128},
)
_GEMMA = Family(tied=True, defaults={"num_key_value_heads": 16, "head_dim": 256})
_GEMMA2 = Family(
    tied=True,
    norms=4,
    windows="even",
    defaults={"num_key_value_heads": 4, "head_dim": 256, "sliding_window": 4096},
)
_GEMMA3 = replace(
    _GEMMA2,
    query_key_norm="head",
    windows="pattern",
    defaults={
        **_GEMMA2.defaults,
        "num_attention_heads": 8,
        "vocab_size": 262_208,
        "sliding_window_pattern": 6,
    },
)
_OLMO2 = Family(query_key_norm="width")
_DEEPSEEK_V2 = Family(
    latent=True,
    experts="deepseek",
    defaults={
        "first_k_dense_replace": 0,
        "n_routed_experts": 64,
        "n_shared_experts": 2,
        "moe_intermediate_size": 1407,
        "q_lora_rank": 1536,
        "kv_lora_rank": 512,
        "qk_rope_head_dim": 64,
        "qk_nope_head_dim": 128,
        "v_head_dim": 128,
    },
)

FAMILIES: dict[str, Family] = {
    "llama": _LLAMA,
    "granite": _LLAMA,
    "smollm3": replace(_LLAMA, tied=True, window_switch=True, defaults={"num_key_value_heads": 4}),
    "mistral": _MISTRAL,
    "mixtral": Family(
        input_bias=False,
        output_bias=False,
        windows="every",
        experts="mixtral",
        defaults={"num_key_value_heads": 8, "num_experts": 8, "num_experts_per_tok": 2},
    ),
    "phi3": Family(input_bias=False, output_bias=False, windows="every"),
    "qwen2": _QWEN2,
    "qwen3": _QWEN3,
    "qwen2_moe": replace(
        _QWEN2,
        windows="even_below",
        experts="qwen",
        defaults={
            "num_key_value_heads": 16,
            "sliding_window": 4096,
            "max_window_layers": 28,
            "moe_intermediate_size": 1408,
            "shared_expert_intermediate_size": 5632,
            "num_experts": 60,
            "num_experts_per_tok": 4,
        },
    ),
    "qwen3_moe": replace(
        _QWEN3,
        windows="every",
        experts="qwen",
        defaults={
            "num_key_value_heads": 4,
            "sliding_window": 4096,
            "moe_intermediate_size": 768,
            "num_experts": 128,
            "num_experts_per_tok": 8,
        },
    ),
    "gemma": _GEMMA,
    "gemma2": _GEMMA2,
    "gemma3_text": _GEMMA3,
    "olmo2": _OLMO2,
    "olmo3": replace(
        _OLMO2, windows="pattern", defaults={"sliding_window": 4096, "sliding_window_pattern": 4}
    ),
    "gpt_oss": Family(
        input_bias=True,
        output_bias=True,
        sinks=True,
        windows="even",
        experts="mixtral",
        expert_bias=True,
        defaults={"num_key_value_heads": 8, "head_dim": 64, "sliding_window": 128,
                  "num_experts": 128, "num_experts_per_tok": 4},
    ),
    "deepseek_v2": _DEEPSEEK_V2,
    "deepseek_v3": replace(
        _DEEPSEEK_V2,
        defaults={
            **_DEEPSEEK_V2.defaults,
            "first_k_dense_replace": 3,
            "n_routed_experts": 256,
            "n_shared_experts": 1,
            "moe_intermediate_size": 2048,
            "num_experts_per_tok": 8,
        },
    ),
    "gpt_neox": Family(
        gated=False,
        vectors_per_norm=2,
        feed_forward_bias=True,
        defaults={"attention_bias": True},
    ),
    "gpt2": Family(
        gated=False,
        vectors_per_norm=2,
        input_bias=True,
        output_bias=True,
        feed_forward_bias=True,
        positions=True,
        tied=True,
        renamed={
            "hidden_size": "n_embd",
            "num_hidden_layers": "n_layer",
            "num_attention_heads": "n_head",
            "intermediate_size": "n_inner",
            "max_position_embeddings": "n_positions",
        },
    ),
    "starcoder2": Family(
        gated=False,
        vectors_per_norm=2,
        input_bias=True,
        output_bias=True,
        feed_forward_bias=True,
        tied=True,
        windows="every",
        defaults={"num_key_value_heads": 2},
    ),
    "phi": Family(
        gated=False,
        norms=1,
        vectors_per_norm=2,
        input_bias=True,
        output_bias=True,
        feed_forward_bias=True,
        head_bias=True,
    ),
}  # fmt: skip

# The type of the text part of multimodal models, where it has another name or none of its own.
TEXT_TYPES = {
    "gemma3": "gemma3_text",
    "qwen2_vl": "qwen2",
    "qwen2_vl_text": "qwen2",
    "qwen2_5_vl": "qwen2",
    "qwen2_5_vl_text": "qwen2",
    "qwen3_vl": "qwen3",
    "qwen3_vl_text": "qwen3",
}
