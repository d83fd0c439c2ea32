"""Types whose norms have biases or whose feed-forward has no gate, as GPT has them; no experts.

Whether attention and feed-forward run one after the other or side by side, and whether positions
are rotary or slopes (ALiBi), changes no count but that of the norms.
"""

from __future__ import annotations

from dataclasses import replace

from harness.budget.families.family import Family

_BIASED = Family(
    gated=False, vectors_per_norm=2, input_bias=True, output_bias=True, feed_forward_bias=True
)
_GPT2 = replace(
    _BIASED,
    expansion=4,
    positions=True,
    tied=True,
    renamed={
        "hidden_size": "n_embd",
        "num_hidden_layers": "n_layer",
        "num_attention_heads": "n_head",
        "intermediate_size": "n_inner",
        "max_position_embeddings": "n_positions",
    },
)
_GPTJ = replace(
    _GPT2, norms=1, input_bias=False, output_bias=False, head_bias=True, positions=False, tied=False
)

GPT_LIKE: dict[str, Family] = {
    "gpt2": _GPT2,
    "gpt_bigcode": replace(_GPT2, multi_query="multi_query", defaults={"multi_query": True}),
    "gptj": _GPTJ,
    "codegen": _GPTJ,
    "gpt_neox": replace(
        _BIASED,
        input_bias="attention_bias",
        output_bias="attention_bias",
        defaults={"attention_bias": True},
    ),
    "bloom": replace(
        _BIASED,
        expansion=4,
        ends="bloom",
        tied=True,
        # `n_inner` is in its files and not in its code.
        renamed={
            "hidden_size": "n_embed",
            "num_hidden_layers": "n_layer",
            "num_attention_heads": "n_head",
        },
    ),
    "opt": Family(
        gated=False,
        vectors_per_norm=2,
        weighted_norms="layer_norm_elementwise_affine",
        input_bias="enable_bias",
        output_bias="enable_bias",
        feed_forward_bias="enable_bias",
        positions=True,
        position_offset=2,
        ends="opt",
        tied=True,
        defaults={
            "enable_bias": True,
            "layer_norm_elementwise_affine": True,
            "do_layer_norm_before": True,
        },
        renamed={"intermediate_size": "ffn_dim"},
    ),
    "falcon": Family(
        multi_query="multi_query",
        gated=False,
        expansion=4,
        shared_norm="parallel_attn",
        vectors_per_norm=2,
        input_bias="bias",
        output_bias="bias",
        feed_forward_bias="bias",
        tied=True,
        defaults={"multi_query": True, "parallel_attn": True},
        renamed={"num_key_value_heads": "num_kv_heads", "intermediate_size": "ffn_hidden_size"},
    ),
    "starcoder2": replace(
        _BIASED, tied=True, windows="every", defaults={"num_key_value_heads": 2}
    ),
    "phi": replace(_BIASED, norms=1, head_bias=True),
    "stablelm": Family(
        shared_norm="use_parallel_residual",
        vectors_per_norm=2,
        query_key_norm="width",
        query_key_normed="qk_layernorm",
        input_bias="use_qkv_bias",
        output_bias=False,
        defaults={"num_key_value_heads": 32},
    ),
    "nemotron": Family(gated=False, vectors_per_norm=2, feed_forward_bias="mlp_bias"),
    "arcee": Family(gated=False, feed_forward_bias="mlp_bias"),
}  # fmt: skip
