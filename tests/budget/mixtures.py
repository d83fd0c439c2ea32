"""A mixture of experts and a dense model beside it, with their parameters written out."""

from __future__ import annotations

from typing import Any

from harness.recipe import ModelCard

# Mixtral 8x7B: 32 layers of 8 experts, of which a token goes to 2, and its router.
_ATTENTION = 4096 * (2 * 32 * 128 + 2 * 8 * 128)
_EXPERT = 3 * 4096 * 14336
_REST = 2 * 32_000 * 4096 + 4096 + 32 * (_ATTENTION + 8 * 4096 + 2 * 4096)
MIXTRAL_TOTAL = _REST + 32 * 8 * _EXPERT
MIXTRAL_ACTIVE = _REST + 32 * 2 * _EXPERT
MIXTRAL_EMBEDDINGS = 2 * 32_000 * 4096
MIXTRAL_CONFIG: dict[str, Any] = {
    "model_type": "mixtral", "vocab_size": 32_000, "hidden_size": 4096,
    "intermediate_size": 14_336, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "num_local_experts": 8, "num_experts_per_tok": 2,
    "sliding_window": None, "tie_word_embeddings": False,
}  # fmt: skip

_LAYER = 8192 * (2 * 64 * 128 + 2 * 8 * 128) + 3 * 8192 * 28_672 + 2 * 8192
LLAMA_TOTAL = 2 * 128_256 * 8192 + 8192 + 80 * _LAYER
LLAMA_CONFIG: dict[str, Any] = {
    "model_type": "llama", "vocab_size": 128_256, "hidden_size": 8192,
    "intermediate_size": 28_672, "num_hidden_layers": 80, "num_attention_heads": 64,
    "num_key_value_heads": 8, "tie_word_embeddings": False,
}  # fmt: skip

# Its experts are told, its layers are not known: linear attention between the others.
HYBRID_CONFIG: dict[str, Any] = {
    "model_type": "qwen3_next", "num_experts": 512, "num_experts_per_tok": 10,
}  # fmt: skip


def mixtral(*, config: dict[str, Any] | None = MIXTRAL_CONFIG, **counts: int) -> ModelCard:
    """Mixtral 8x7B with these parameter counts, `total` if none are given."""
    return ModelCard.model_validate(
        {
            "id": "mistralai/Mixtral-8x7B-v0.1",
            "parameters": counts or {"total": MIXTRAL_TOTAL},
            "config": config,
        }
    )


def llama() -> ModelCard:
    """Llama 3 70B."""
    return ModelCard.model_validate(
        {
            "id": "meta-llama/Meta-Llama-3-70B",
            "parameters": {"total": LLAMA_TOTAL},
            "config": LLAMA_CONFIG,
        }
    )
