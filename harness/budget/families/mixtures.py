"""Types with experts."""

from __future__ import annotations

from dataclasses import replace

from harness.budget.families.family import Family
from harness.budget.families.llama_like import OLMO2, QWEN2, QWEN3

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

_DEEPSEEK_V3 = replace(
    _DEEPSEEK_V2,
    defaults={
        **_DEEPSEEK_V2.defaults,
        "first_k_dense_replace": 3,
        "n_routed_experts": 256,
        "n_shared_experts": 1,
        "moe_intermediate_size": 2048,
        "num_experts_per_tok": 8,
    },
)

MIXTURES: dict[str, Family] = {
    "mixtral": Family(
        input_bias=False,
        output_bias=False,
        windows="every",
        experts="mixtral",
        defaults={"num_key_value_heads": 8, "num_experts": 8, "num_experts_per_tok": 2},
    ),
    "granitemoe": Family(
        experts="mixtral", defaults={"num_experts": 8, "num_experts_per_tok": 2}
    ),
    "olmoe": replace(
        OLMO2, experts="mixtral", defaults={"num_experts": 64, "num_experts_per_tok": 8}
    ),
    "flex_olmo": replace(
        OLMO2, experts="mixtral", defaults={"num_experts": 7, "num_experts_per_tok": 5}
    ),
    "minimax_m2": Family(
        input_bias=False,
        output_bias=False,
        query_key_norm="width",
        experts="mixtral",
        defaults={
            "num_key_value_heads": 8,
            "head_dim": 128,
            "num_experts": 256,
            "num_experts_per_tok": 8,
        },
    ),
    "phimoe": Family(
        vectors_per_norm=2,
        head_bias="lm_head_bias",
        windows="every",
        experts="mixtral",
        defaults={"num_key_value_heads": 8, "num_experts": 16, "num_experts_per_tok": 2},
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
    "qwen2_moe": replace(
        QWEN2,
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
        QWEN3,
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
    # The first DeepSeek MoE, whose code is on the Hub: its experts, and Llama's attention.
    "deepseek": Family(experts="deepseek", defaults={"first_k_dense_replace": 0}),
    "deepseek_v2": _DEEPSEEK_V2,
    "deepseek_v3": _DEEPSEEK_V3,
    "kimi_k2": _DEEPSEEK_V3,  # Whose code is a copy of DeepSeek-V3's.
    "glm4_moe": Family(
        query_key_norm="head",
        query_key_normed="use_qk_norm",
        output_bias=False,
        experts="deepseek",
        defaults={
            "num_key_value_heads": 8,
            "first_k_dense_replace": 1,
            "n_routed_experts": 128,
            "n_shared_experts": 1,
            "moe_intermediate_size": 1408,
            "num_experts_per_tok": 8,
        },
    ),
    "llama4_text": Family(
        windows="chunked",
        experts="llama4",
        defaults={
            "num_key_value_heads": 8,
            "head_dim": 128,
            "intermediate_size_mlp": 16384,
            "num_experts": 16,
            "num_experts_per_tok": 1,
            "interleave_moe_layer_step": 1,
            "no_rope_layer_interval": 4,
            "attention_chunk_size": 8192,
        },
    ),
}  # fmt: skip
