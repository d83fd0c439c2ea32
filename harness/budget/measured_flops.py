"""Exact FLOPs of many samples at once, over the lengths that each of them really had.

Attention grows with the square of a length, so samples of unequal lengths cost more than as many
samples of their mean length.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.budget.architecture import FLOPS_PER_MULTIPLY_ADD, Architecture

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def decode_flops_of_samples(
    architecture: Architecture, prompt_tokens: Ints, completion_tokens: Ints
) -> Floats:
    """(samples,) exact FLOPs of completions, each over its own context; prompts are not in it.

    Each is `Architecture.decode_flops` of that sample, rounded to a double.

    Args:
        architecture: of the model.
        prompt_tokens: (samples,) lengths of their prompts.
        completion_tokens: (samples,) their own lengths.
    """
    prompts, completions = prompt_tokens.astype(np.int64), completion_tokens.astype(np.int64)
    weights = architecture.multiply_adds_per_token + architecture.head_weights
    products = completions.astype(np.float64) * weights
    for window, width in _widths(architecture, decoding=True).items():
        pairs = _pairs(prompts + completions, window) - _pairs(prompts, window)
        products += pairs.astype(np.float64) * width
    return FLOPS_PER_MULTIPLY_ADD * products


def prefill_flops_of_prompts(architecture: Architecture, prompt_tokens: Ints) -> Floats:
    """(prompts,) exact FLOPs of reading prompts of which no cache holds anything.

    Each is `Architecture.prefill_flops` of that prompt, rounded to a double.

    Args:
        architecture: of the model.
        prompt_tokens: (prompts,) their lengths.
    """
    prompts = prompt_tokens.astype(np.int64)
    products = prompts.astype(np.float64) * architecture.multiply_adds_per_token
    products += (prompts > 0) * float(architecture.head_weights)
    for window, width in _widths(architecture, decoding=False).items():
        products += _pairs(prompts, window).astype(np.float64) * width
    return FLOPS_PER_MULTIPLY_ADD * products


def _widths(architecture: Architecture, *, decoding: bool) -> dict[int | None, int]:
    """Multiply-adds a pair of query and key in all layers of one window."""
    widths: dict[int | None, int] = {}
    for attention in (layer.attention for layer in architecture.layers):
        width = attention.decode_width if decoding else attention.prefill_width
        widths[attention.window] = widths.get(attention.window, 0) + width
    return widths


def _pairs(tokens: Ints, window: int | None) -> Ints:
    """`Attention.pairs` over an array."""
    inside = tokens if window is None else np.minimum(tokens, window)
    return inside * (inside + 1) // 2 + (tokens - inside) * inside
