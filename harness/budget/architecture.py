"""Exact parameters, FLOPs and cache of a language model, from its config.json alone.

What is counted, so that it can be computed again:

* A multiply-add is 2 FLOPs. Counted are all matrix products: projections of attention,
  feed-forward, router, LM head, and in attention QKᵀ and AV over the visible context.
* Not counted: embedding look-ups (they read, they do not multiply), norms, softmax, activations,
  rotary positions, biases, residual sums, soft caps and sampling.
* A token takes one pass through all layers, whether it is of the prompt or of the completion, as
  in Eq. 1 of the paper. An engine can save the last token of a completion that pass.
* A token sees itself and all tokens before it, or those within the layer's window or chunk.
* The LM head runs once for a prompt (only its last position is read) and once a completion token.
* Of experts, those that the router picks and the shared ones are counted.
* Latent attention (DeepSeek) expands keys and values once for a prompt; while it completes, it
  works on the cached latents with the expansion folded into query and output (absorbed), which
  multiplies the same weights and reads wider keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.budget.layers import Layer
from harness.recipe import ModelCard

FLOPS_PER_MULTIPLY_ADD = 2


@dataclass(frozen=True)
class Architecture:
    """A decoder-only language model.

    Attributes:
        layers: its blocks, from the first on.
        embedding_parameters: token and position embeddings.
        head_weights: weights of the LM head, hidden size × vocabulary; the same numbers as the
            token embeddings where `tied`.
        head_vector_weights: its bias.
        tied: whether the LM head has no weights of its own.
        norm_weights: of norms outside the layers, as that before the LM head.
        projection_weights: of matrices between embeddings and layers of different widths.
    """

    layers: tuple[Layer, ...]
    embedding_parameters: int
    head_weights: int
    tied: bool
    norm_weights: int
    projection_weights: int = 0
    head_vector_weights: int = 0

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Architecture:
        """The architecture that a config.json describes; of a multimodal one the text part.

        Args:
            config: the keys of config.json.

        Raises:
            InputError: the model type is not known, or keys are missing or do not fit; all of
                them are named.
        """
        from harness.budget.configuration import read_configuration

        return read_configuration(config)

    @property
    def parameters(self) -> int:
        """All parameters; tied embeddings count once."""
        return self._outside + sum(layer.parameters for layer in self.layers)

    @property
    def active_parameters(self) -> int:
        """All parameters but those of experts that a token is not sent to."""
        return self._outside + sum(layer.active_parameters for layer in self.layers)

    @property
    def non_embedding_parameters(self) -> int:
        """All parameters without token and position embeddings, and without an untied LM head."""
        around = self.norm_weights + self.projection_weights
        return around + sum(layer.parameters for layer in self.layers)

    def prefill_flops(self, tokens: int, cached_tokens: int = 0) -> int:
        """FLOPs of a prompt's pass, the LM head at its last position included.

        Args:
            tokens: of the prompt; 0 costs nothing.
            cached_tokens: how many of them, from the first on, a cache holds already.
        """
        if tokens <= 0:
            return 0
        cached = min(cached_tokens, tokens)
        attention = sum(
            layer.attention.prefill_width
            * (layer.attention.pairs(tokens) - layer.attention.pairs(cached))
            for layer in self.layers
        )
        products = (tokens - cached) * self.multiply_adds_per_token + attention + self.head_weights
        return FLOPS_PER_MULTIPLY_ADD * products

    def decode_flops(self, prompt_tokens: int, completion_tokens: int) -> int:
        """FLOPs of a completion's tokens, one pass each, over the context before them.

        Args:
            prompt_tokens: in the cache at the start.
            completion_tokens: of one completion.
        """
        attention = sum(
            layer.attention.decode_width
            * (
                layer.attention.pairs(prompt_tokens + completion_tokens)
                - layer.attention.pairs(prompt_tokens)
            )
            for layer in self.layers
        )
        products = (
            completion_tokens * (self.multiply_adds_per_token + self.head_weights) + attention
        )
        return FLOPS_PER_MULTIPLY_ADD * products

    def kv_cache_bytes(self, tokens: int, bytes_per_value: int = 2) -> int:
        """Bytes of the KV cache of one sequence; a layer with a window keeps no more than that.

        Args:
            tokens: prompt and completion so far.
            bytes_per_value: 2 for bfloat16 and float16, 1 for an 8-bit cache.
        """
        values = sum(
            layer.attention.cached_values * layer.attention.kept_tokens(tokens)
            for layer in self.layers
        )
        return values * bytes_per_value

    def weight_bytes(self, bytes_per_weight: int = 2) -> int:
        """Bytes of all weights, 2 each in bfloat16 and float16."""
        return self.parameters * bytes_per_weight

    @property
    def multiply_adds_per_token(self) -> int:
        """Multiply-adds of a token in all matrices, without the LM head and context."""
        return self.projection_weights + sum(layer.multiply_adds for layer in self.layers)

    @property
    def _outside(self) -> int:
        """Parameters outside the layers."""
        own_head = 0 if self.tied else self.head_weights
        around = self.norm_weights + self.projection_weights
        return self.embedding_parameters + own_head + self.head_vector_weights + around


def architecture_of(card: ModelCard) -> Architecture:
    """The architecture of a card's model.

    Reads the card's own `config`; else the config.json of a folder or an embedded model; else
    that of the Hub at the card's revision (through huggingface_hub's cache).

    Raises:
        InputError: there is no config.json to be had, or it cannot be read as a language model's.
    """
    from harness.budget.config_sources import config_of
    from harness.errors import InputError

    config = config_of(card)
    try:
        return Architecture.from_config(config)
    except InputError as error:
        raise InputError(f"{card.id}: {error.message}", error.advice, error.issues) from None
