"""Types with a gated feed-forward and norms without biases, as Llama has them, and no experts."""

from __future__ import annotations

from dataclasses import replace

from harness.budget.families.family import Family

_PLAIN = Family(feed_forward_bias="mlp_bias")
_LLAMA = replace(
    _PLAIN,
    text_defaults={
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "vocab_size": 32_000,
    },
)
_MISTRAL = Family(
    input_bias=False,
    output_bias=False,
    windows="every",
    defaults={"num_key_value_heads": 8, "sliding_window": 4096},
    text_defaults={**_LLAMA.text_defaults, "intermediate_size": 14336},
)
QWEN2 = Family(
    input_bias=True,
    output_bias=False,
    windows="above",
    window_switch=True,
    defaults={"num_key_value_heads": 32, "sliding_window": 4096, "max_window_layers": 28},
)
QWEN3 = replace(
    QWEN2,
    input_bias="attention_bias",
    output_bias="attention_bias",
    query_key_norm="head",
    defaults={**QWEN2.defaults, "head_dim": 128},
)
OLMO2 = Family(query_key_norm="width")

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
_COHERE = Family(
    norms=1, query_key_norm="width", query_key_normed="use_qk_norm", tied=True
)  # fmt: skip
_GLM = Family(
    output_bias=False,
    defaults={"num_key_value_heads": 2, "head_dim": 128, "attention_bias": True},
)
_INTERNLM = Family(input_bias="bias", output_bias="bias", defaults={"bias": True})

LLAMA_LIKE: dict[str, Family] = {
    "llama": _LLAMA,
    "granite": _PLAIN,
    "smollm3": replace(_PLAIN, tied=True, window_switch=True, defaults={"num_key_value_heads": 4}),
    "helium": replace(_PLAIN, output_bias=False, defaults={"num_key_value_heads": 20}),
    "hunyuan_v1_dense": replace(_PLAIN, query_key_norm="head", feed_forward_bias=False),
    "seed_oss": replace(
        _PLAIN,
        output_bias="attention_out_bias",
        defaults={"num_key_value_heads": 8, "head_dim": 128, "attention_bias": True},
    ),
    "ernie4_5": Family(
        input_bias="use_bias",
        output_bias="use_bias",
        feed_forward_bias="use_bias",
        tied=True,
        defaults={"num_key_value_heads": 2, "head_dim": 128},
    ),
    "mistral": _MISTRAL,
    "ministral": _MISTRAL,
    "ministral3": replace(
        _MISTRAL,
        defaults={"num_key_value_heads": 8, "head_dim": 128},
        text_defaults={
            **_MISTRAL.text_defaults,
            "num_hidden_layers": 34,
            "vocab_size": 131_072,
        },
    ),
    "phi3": Family(input_bias=False, output_bias=False, windows="every"),
    "qwen2": QWEN2,
    "qwen3": QWEN3,
    "gemma": _GEMMA,
    "gemma2": _GEMMA2,
    "gemma3_text": _GEMMA3,
    "olmo": Family(vectors_per_norm=0),
    "olmo2": OLMO2,
    "olmo3": replace(
        OLMO2, windows="pattern", defaults={"sliding_window": 4096, "sliding_window_pattern": 4}
    ),
    "exaone4": Family(
        input_bias=False,
        output_bias=False,
        query_key_norm="head",
        windows="pattern",
        defaults={
            "num_key_value_heads": 32,
            "sliding_window": 4096,
            "sliding_window_pattern": 4,
        },
    ),
    "cohere": _COHERE,
    "cohere2": replace(
        _COHERE,
        query_key_norm="none",
        windows="pattern",
        defaults={"sliding_window": 4096, "sliding_window_pattern": 4},
    ),
    "glm": _GLM,
    "glm4": replace(_GLM, norms=4),
    # The code of these is on the Hub only.
    "baichuan": Family(input_bias=False, output_bias=False),
    "exaone": Family(
        input_bias=False, output_bias=False, renamed={"num_hidden_layers": "num_layers"}
    ),
    "internlm": _INTERNLM,
    "internlm2": _INTERNLM,
    "internlm3": Family(input_bias="qkv_bias", output_bias="bias", feed_forward_bias="bias"),
    # ChatGLM 2, 3 and the first files of GLM-4; the first ChatGLM has other keys and is refused.
    "chatglm": Family(
        input_bias=("add_qkv_bias", "add_bias_linear"),
        output_bias="add_bias_linear",
        feed_forward_bias="add_bias_linear",
        renamed={
            "num_hidden_layers": "num_layers",
            "intermediate_size": "ffn_hidden_size",
            "vocab_size": "padded_vocab_size",
            "num_key_value_heads": "multi_query_group_num",
            "head_dim": "kv_channels",
        },
    ),
}  # fmt: skip
