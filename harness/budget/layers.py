"""Layers of a decoder as counts: the weights that a token meets, and the context that it reads.

Pure values. One multiply-add is 2 FLOPs throughout the budget package.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attention:
    """The attention of one layer.

    Attributes:
        matrix_weights: weights of the projections, each one multiply-add a token.
        vector_weights: biases and norms, which count as parameters and not as FLOPs.
        prefill_width: multiply-adds a pair of query and key in a prompt: heads × (head size of
            keys + head size of values), for QKᵀ and AV.
        decode_width: the same while completing; other than `prefill_width` only for latent
            attention, which then works on the cached latents.
        cached_values: numbers that the KV cache keeps a token.
        window: a token sees itself and the window − 1 tokens before it; all of them if None.
        chunked: whether the context is cut into chunks of `window` tokens instead, and a token
            sees those of its chunk (Llama 4).
    """

    matrix_weights: int
    vector_weights: int
    prefill_width: int
    decode_width: int
    cached_values: int
    window: int | None = None
    chunked: bool = False

    def pairs(self, tokens: int) -> int:
        """Pairs of query and visible key of so many tokens, causal: Σ min(i, window).

        Of chunks it is Σ (1 + (i − 1) mod window).
        """
        if self.window is None or tokens <= self.window:
            return tokens * (tokens + 1) // 2
        whole = self.window * (self.window + 1) // 2
        if self.chunked:
            chunks, rest = divmod(tokens, self.window)
            return chunks * whole + rest * (rest + 1) // 2
        return whole + (tokens - self.window) * self.window

    def kept_tokens(self, tokens: int) -> int:
        """Tokens whose keys and values a cache holds; the most so far, where chunks free it."""
        return tokens if self.window is None else min(tokens, self.window)


@dataclass(frozen=True)
class FeedForward:
    """The feed-forward part of one layer, plain, gated, or a mixture of experts.

    Attributes:
        matrix_weights: weights of all matrices, those of every expert and the router included.
        active_weights: weights that one token meets: the router, the shared experts, and as
            many experts as the router picks.
        vector_weights: biases of all of it.
        active_vector_weights: those that one token meets.
    """

    matrix_weights: int
    active_weights: int
    vector_weights: int = 0
    active_vector_weights: int = 0


@dataclass(frozen=True)
class Layer:
    """One block: attention, feed-forward, and the norms around them."""

    attention: Attention
    feed_forward: FeedForward
    norm_weights: int

    @property
    def parameters(self) -> int:
        """All parameters of the layer."""
        return self._around + self.feed_forward.matrix_weights + self.feed_forward.vector_weights

    @property
    def active_parameters(self) -> int:
        """The parameters that one token meets."""
        feed_forward = self.feed_forward
        return self._around + feed_forward.active_weights + feed_forward.active_vector_weights

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds a token in the layer's matrices; attention over the context is apart."""
        return self.attention.matrix_weights + self.feed_forward.active_weights

    @property
    def _around(self) -> int:
        return self.attention.matrix_weights + self.attention.vector_weights + self.norm_weights
