"""What a model type means beyond its config.json: which parts it has, and values left out there.

A config.json names sizes; whether the feed-forward is gated, where biases and norms sit and which
layers have windows is in the model's code. `Family` holds that; the tables beside it hold one entry
a type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Windows = Literal["none", "every", "even", "pattern", "above", "even_below", "chunked"]
Experts = Literal["none", "mixtral", "qwen", "deepseek", "llama4"]
Ends = Literal["plain", "bloom", "opt"]

Said = bool | str | tuple[str, ...]
"""Yes, no, or the key of the config.json that says so, or keys of which one is enough; no, where
neither the file nor `defaults` say anything."""


@dataclass(frozen=True)
class Family:
    """The models of one type.

    Attributes:
        latent: whether attention keeps latents in place of keys and values (DeepSeek).
        multi_query: whether all heads share one head of keys and values, whatever
            `num_key_value_heads` is; never so with `new_decoder_architecture` (Falcon 40B).
        gated: whether the feed-forward has a gate, so three matrices in place of two.
        expansion: width of the feed-forward over the hidden size, where the file has none.
        norms: norms of the hidden width in a layer.
        shared_norm: whether attention and feed-forward run side by side behind one norm; Falcon's
            `num_ln_in_parallel_attn` gives each its own all the same.
        vectors_per_norm: 0 for a norm without weights, 1 for a weight, 2 for weight and bias.
        weighted_norms: whether norms have weights and biases at all.
        query_key_norm: norms of queries and keys: none, over each head, or over the full width.
        query_key_normed: whether these are in force.
        input_bias: biases of query, key and value.
        output_bias: bias of attention's output.
        feed_forward_bias: biases of a feed-forward without experts.
        head_bias: whether the LM head has one.
        sinks: whether each head has a learned sink.
        positions: whether positions are embedded by a table.
        position_offset: rows of that table beyond `max_position_embeddings`.
        ends: what is between embeddings, layers and LM head: a last norm; Bloom's norm after the
            embeddings too; or OPT's embeddings that may be narrower than its layers, and its last
            norm only where layers begin with theirs.
        tied: whether the LM head shares the token embeddings, if the file does not say.
        windows: which layers have one, if the file does not list `layer_types`: none, every one,
            every second from the first, all but each n-th (`sliding_window_pattern`), those from
            `max_window_layers` on, or every second one before that; or chunks of the context in
            place of windows, in layers with rotary positions (Llama 4).
        window_switch: whether windows are only in force with `use_sliding_window`.
        experts: whose keys describe the experts.
        expert_bias: whether experts and router have biases.
        defaults: of keys that a file may leave out.
        text_defaults: of sizes that only the text part of a multimodal file leaves out.
        renamed: our name of a key → the file's, which wins where a file has both.
    """

    latent: bool = False
    multi_query: Said = False
    gated: bool = True
    expansion: int | None = None
    norms: int = 2
    shared_norm: Said = False
    vectors_per_norm: int = 1
    weighted_norms: Said = True
    query_key_norm: Literal["none", "head", "width"] = "none"
    query_key_normed: Said = True
    input_bias: Said = "attention_bias"
    output_bias: Said = "attention_bias"
    feed_forward_bias: Said = False
    head_bias: Said = False
    sinks: bool = False
    positions: bool = False
    position_offset: int = 0
    ends: Ends = "plain"
    tied: bool = False
    windows: Windows = "none"
    window_switch: bool = False
    experts: Experts = "none"
    expert_bias: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    text_defaults: Mapping[str, Any] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
