"""The model types whose config.json can be counted, and those that cannot.

Each entry was held against the parameters that transformers builds for the type, or, where the
type's code is on the Hub only, against its matrices written out (`tests/budget`). Defaults are
those of the type's configuration class, since transformers leaves out values that equal them.
"""

from __future__ import annotations

from harness.budget.families.family import Family, Said
from harness.budget.families.gpt_like import GPT_LIKE
from harness.budget.families.llama_like import LLAMA_LIKE
from harness.budget.families.mixtures import MIXTURES

__all__ = ["FAMILIES", "OTHER_THAN_ATTENTION", "TEXT_TYPES", "Family", "Said"]

FAMILIES: dict[str, Family] = {**LLAMA_LIKE, **GPT_LIKE, **MIXTURES}

# The type of the text part of multimodal models, where it has another name or none of its own.
TEXT_TYPES = {
    "gemma3": "gemma3_text",
    "llama4": "llama4_text",
    "llava": "llama",
    "llava_next": "llama",
    "mistral3": "mistral",
    "qwen2_vl": "qwen2",
    "qwen2_vl_text": "qwen2",
    "qwen2_5_vl": "qwen2",
    "qwen2_5_vl_text": "qwen2",
    "qwen3_vl": "qwen3",
    "qwen3_vl_text": "qwen3",
    "qwen3_vl_moe": "qwen3_moe",
    "qwen3_vl_moe_text": "qwen3_moe",
}

# Types with layers that read no context of keys and values, or not only: linear attention, state
# spaces, convolutions. What a token costs there is another count than any here.
OTHER_THAN_ATTENTION = frozenset({
    "bamba", "falcon_h1", "falcon_mamba", "granitemoehybrid", "jamba", "kimi_linear", "lfm2",
    "lfm2_moe", "mamba", "mamba2", "minimax", "nemotron_h", "olmo_hybrid", "qwen3_5",
    "qwen3_5_moe", "qwen3_5_moe_text", "qwen3_5_text", "qwen3_next", "recurrent_gemma", "rwkv",
    "xlstm", "zamba", "zamba2",
})  # fmt: skip
