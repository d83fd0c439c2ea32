"""Reads a config.json into an `Architecture`: sizes from the file, the rest from its model type.

The file may come from the Hub, so it is a stranger's: every number is checked, and all that is
wrong with it is reported at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.budget.architecture import Architecture
from harness.budget.config_keys import ConfigKeys
from harness.budget.families import FAMILIES, TEXT_TYPES, Family
from harness.budget.layers import Attention, FeedForward, Layer
from harness.errors import InputError, Issues

_WINDOWED, _FULL = "sliding_attention", "full_attention"


def read_configuration(config: Mapping[str, Any]) -> Architecture:
    """The architecture that a config.json describes; see `Architecture.from_config`."""
    values, model_type = _text_part(config)
    if model_type not in FAMILIES:
        raise InputError(
            f"the model_type {model_type!r} of its config.json is not known; known are: "
            f"{', '.join(sorted(FAMILIES))}.",
            "Where its layers are those of a known type, put its config.json as `config` into the "
            "card and name that type as `model_type`.",
        )
    family = FAMILIES[model_type]
    issues = Issues()
    keys = ConfigKeys(values, family, issues)
    architecture = _architecture(keys, family, issues)
    issues.raise_if_any(f"its config.json does not describe a {model_type} model:")
    return architecture


def _text_part(config: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """The text part of a config.json, and its model type; Llama's if the file names none."""
    inner = config.get("text_config")
    if not isinstance(inner, Mapping):
        values, model_type = config, config.get("model_type")
    else:
        # Composite files keep at the top what holds for the whole model.
        shared = {key: config[key] for key in ("tie_word_embeddings",) if key in config}
        values = {**inner, **shared}
        model_type = inner.get("model_type") or config.get("model_type")
    name = str(model_type or "llama")
    return values, TEXT_TYPES.get(name, name)


def _architecture(keys: ConfigKeys, family: Family, issues: Issues) -> Architecture:
    hidden, vocabulary = keys.count("hidden_size"), keys.count("vocab_size")
    positions = keys.count("max_position_embeddings") if family.positions else 0
    count = keys.count("num_hidden_layers")
    windows = _windows(keys, family, count, issues)
    norms = family.norms * family.vectors_per_norm * hidden
    attention = _latent_attention if family.latent else _attention
    layers = tuple(
        Layer(attention(keys, family, windows[index]), _feed_forward(keys, family, index), norms)
        for index in range(count if not len(issues) else 1)
    )
    return Architecture(
        layers=layers,
        embedding_parameters=(vocabulary + positions) * hidden,
        head_weights=vocabulary * hidden,
        tied=keys.switch("tie_word_embeddings", family.tied),
        norm_weights=family.vectors_per_norm * hidden,
        head_vector_weights=vocabulary if family.head_bias else 0,
    )


def _windows(
    keys: ConfigKeys, family: Family, layers: int, issues: Issues
) -> list[int | None] | Mapping[int, int | None]:
    """The window of each layer, None where it sees the whole context."""
    if family.window_switch and not keys.switch("use_sliding_window", False):
        return [None] * layers
    listed = keys.listed("layer_types")
    window = keys.optional("sliding_window")
    if listed is None:
        if window is None:
            return [None] * layers
        return [window if _is_windowed(keys, family, index) else None for index in range(layers)]
    if strange := sorted({str(one) for one in listed} - {_WINDOWED, _FULL}):
        issues.add("layer_types", f"has {', '.join(strange)}; known are {_FULL} and {_WINDOWED}.")
    if len(listed) != layers:
        issues.add("layer_types", f"has {len(listed)} entries for {layers} layers.")
    if _WINDOWED in listed and window is None:
        issues.add("sliding_window", f"is missing, and layer_types has {_WINDOWED}.")
    windows = [window if one == _WINDOWED else None for one in listed]
    return [*windows, *[None] * (layers - len(windows))]


def _is_windowed(keys: ConfigKeys, family: Family, index: int) -> bool:
    match family.windows:
        case "every":
            return True
        case "even":
            return index % 2 == 0
        case "pattern":
            return (index + 1) % keys.count("sliding_window_pattern") != 0
        case "above":
            return index >= keys.size("max_window_layers")
        case "even_below":
            return index % 2 == 0 and index < keys.size("max_window_layers")
    return False


def _attention(keys: ConfigKeys, family: Family, window: int | None) -> Attention:
    """Multi-head attention, of which several heads may share keys and values (GQA)."""
    hidden, heads = keys.count("hidden_size"), keys.count("num_attention_heads")
    shared = keys.optional("num_key_value_heads") or heads
    size = keys.optional("head_dim") or keys.quotient("hidden_size", "num_attention_heads")
    keys.divides("num_key_value_heads", shared, "num_attention_heads", heads)
    queries, cached = heads * size, 2 * shared * size
    declared = keys.switch("attention_bias", False)
    biases = (queries + cached) * _said(family.input_bias, declared)
    biases += hidden * _said(family.output_bias, declared)
    norms = {"none": 0, "head": 2 * size, "width": queries + cached // 2}[family.query_key_norm]
    return Attention(
        matrix_weights=hidden * (2 * queries + cached),
        vector_weights=biases + norms + (heads if family.sinks else 0),
        prefill_width=2 * queries,
        decode_width=2 * queries,
        cached_values=cached,
        window=window,
    )


def _latent_attention(keys: ConfigKeys, _family: Family, window: int | None) -> Attention:
    """Multi-head latent attention (DeepSeek-V2, section 2.1)."""
    hidden, heads = keys.count("hidden_size"), keys.count("num_attention_heads")
    latent, rotary = keys.count("kv_lora_rank"), keys.count("qk_rope_head_dim")
    plain, value = keys.count("qk_nope_head_dim"), keys.count("v_head_dim")
    query_rank, query = keys.optional("q_lora_rank"), plain + rotary
    queries = heads * query
    matrices = hidden * queries if query_rank is None else query_rank * (hidden + queries)
    matrices += hidden * (latent + rotary) + latent * heads * (plain + value)
    matrices += heads * value * hidden
    biases = (query_rank or 0) + latent + rotary + hidden
    return Attention(
        matrix_weights=matrices,
        vector_weights=latent + (query_rank or 0)
        + (biases if keys.switch("attention_bias", False) else 0),
        prefill_width=heads * (query + value),
        decode_width=heads * (2 * latent + rotary),
        cached_values=latent + rotary,
        window=window,
    )  # fmt: skip


def _feed_forward(keys: ConfigKeys, family: Family, index: int) -> FeedForward:
    hidden = keys.count("hidden_size")
    matrices = 3 if family.gated else 2
    if not _has_experts(keys, family, index):
        inner = keys.optional("intermediate_size") if family.positions else None
        inner = inner or (4 * hidden if family.positions else keys.count("intermediate_size"))
        weights = matrices * hidden * inner
        has_bias = _said(family.feed_forward_bias, keys.switch("mlp_bias", False))
        biases = ((matrices - 1) * inner + hidden) * has_bias
        return FeedForward(weights, weights, biases, biases)
    experts, picked = keys.experts()
    inner = keys.count("intermediate_size" if family.experts == "mixtral"
                       else "moe_intermediate_size")  # fmt: skip
    always = hidden * experts + _shared_experts(keys, family, matrices * hidden)
    one, bias = matrices * hidden * inner, (matrices - 1) * inner + hidden
    return FeedForward(
        matrix_weights=always + experts * one,
        active_weights=always + picked * one,
        vector_weights=(experts * bias + experts) if family.expert_bias else 0,
        active_vector_weights=(picked * bias + experts) if family.expert_bias else 0,
    )


def _has_experts(keys: ConfigKeys, family: Family, index: int) -> bool:
    match family.experts:
        case "mixtral":
            return True
        case "qwen":
            step = keys.optional("decoder_sparse_step") or 1
            return index not in (keys.listed("mlp_only_layers") or ()) and (index + 1) % step == 0
        case "deepseek":
            return index >= keys.size("first_k_dense_replace")
    return False


def _shared_experts(keys: ConfigKeys, family: Family, per_unit: int) -> int:
    """Weights of the experts that every token goes through, with their gate."""
    if family.experts == "deepseek":
        shared = keys.size("n_shared_experts")
        return per_unit * keys.count("moe_intermediate_size") * shared
    if family.experts == "qwen" and "shared_expert_intermediate_size" in family.defaults:
        inner = keys.size("shared_expert_intermediate_size")
        return per_unit * inner + (keys.count("hidden_size") if inner else 0)
    return 0


def _said(fixed: bool | None, declared: bool) -> bool:
    return declared if fixed is None else fixed
