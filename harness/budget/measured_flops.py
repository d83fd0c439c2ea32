"""Exact FLOPs of many samples at once, over the lengths that each of them really had."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.budget.architecture import FLOPS_PER_MULTIPLY_ADD, Architecture


def flops_of_samples(
    architecture: Architecture,
    prompt_tokens: NDArray[np.int64],
    completion_tokens: NDArray[np.int64],
) -> int:
    """Exact FLOPs of many completions, each over its own context; prompts are not in it.

    The same as the sum of `Architecture.decode_flops`, without a loop over the samples.

    Args:
        architecture: of the model.
        prompt_tokens: (samples,) lengths of their prompts.
        completion_tokens: (samples,) their own lengths.
    """
    prompts, completions = prompt_tokens.astype(np.int64), completion_tokens.astype(np.int64)
    widths: dict[int | None, int] = {}
    for layer in architecture.layers:
        attention = layer.attention
        widths[attention.window] = widths.get(attention.window, 0) + attention.decode_width
    products = int(completions.sum()) * (
        architecture.multiply_adds_per_token + architecture.head_weights
    )
    for window, width in widths.items():
        pairs = _pairs(prompts + completions, window) - _pairs(prompts, window)
        products += width * int(pairs.sum())
    return FLOPS_PER_MULTIPLY_ADD * products


def _pairs(tokens: NDArray[np.int64], window: int | None) -> NDArray[np.int64]:
    """`Attention.pairs` over an array."""
    inside = tokens if window is None else np.minimum(tokens, window)
    return inside * (inside + 1) // 2 + (tokens - inside) * inside
