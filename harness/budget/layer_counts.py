"""Attention and feed-forward of one layer, counted from a config.json and its model type."""

from __future__ import annotations

from harness.budget.config_keys import ConfigKeys
from harness.budget.families import Family
from harness.budget.layers import Attention, FeedForward


def attention_of(keys: ConfigKeys, family: Family, window: int | None) -> Attention:
    """The attention of a layer that sees so much of the context."""
    if family.latent:
        return _latent_attention(keys, window)
    return _multi_head_attention(keys, family, window)


def feed_forward_of(keys: ConfigKeys, family: Family, index: int) -> FeedForward:
    """The feed-forward of layer `index`, from 0 on."""
    if _has_experts(keys, family, index):
        return _mixture(keys, family)
    hidden, matrices = keys.count("hidden_size"), 3 if family.gated else 2
    if family.experts == "llama4":
        inner = keys.count("intermediate_size_mlp")
    elif family.expansion:
        inner = keys.optional("intermediate_size") or family.expansion * hidden
    else:
        inner = keys.count("intermediate_size")
    weights = matrices * hidden * inner
    biases = ((matrices - 1) * inner + hidden) * keys.says(family.feed_forward_bias)
    return FeedForward(weights, weights, biases, biases)


def norms_of(keys: ConfigKeys, family: Family) -> int:
    """Weights of the norms of the hidden width in a layer."""
    norms = family.norms
    if keys.says(family.shared_norm):
        of_falcon = 2 if keys.switch("new_decoder_architecture", False) else 1
        norms = 2 if (keys.optional("num_ln_in_parallel_attn") or of_falcon) == 2 else 1
    return norms * norm_of(keys, family)


def norm_of(keys: ConfigKeys, family: Family) -> int:
    """Weights of one norm of the hidden width."""
    vectors = family.vectors_per_norm * keys.says(family.weighted_norms)
    return vectors * keys.count("hidden_size")


def _multi_head_attention(keys: ConfigKeys, family: Family, window: int | None) -> Attention:
    """Multi-head attention, of which several heads may share keys and values (GQA)."""
    hidden, heads = keys.count("hidden_size"), keys.count("num_attention_heads")
    shared = _key_value_heads(keys, family, heads)
    size = keys.optional("head_dim") or keys.quotient("hidden_size", "num_attention_heads")
    queries, cached = heads * size, 2 * shared * size
    biases = (queries + cached) * keys.says(family.input_bias)
    biases += hidden * keys.says(family.output_bias)
    norms = {"none": 0, "head": 2 * size, "width": queries + cached // 2}[family.query_key_norm]
    norms *= keys.says(family.query_key_normed)
    return Attention(
        matrix_weights=hidden * (2 * queries + cached),
        vector_weights=biases + norms + (heads if family.sinks else 0),
        prefill_width=2 * queries,
        decode_width=2 * queries,
        cached_values=cached,
        window=window,
        chunked=family.windows == "chunked",
    )


def _key_value_heads(keys: ConfigKeys, family: Family, heads: int) -> int:
    grouped = keys.switch("new_decoder_architecture", False)
    if keys.says(family.multi_query) and not grouped:
        return 1
    shared = keys.optional("num_key_value_heads") or heads
    keys.divides("num_key_value_heads", shared, "num_attention_heads", heads)
    return shared


def _latent_attention(keys: ConfigKeys, window: int | None) -> Attention:
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


def _has_experts(keys: ConfigKeys, family: Family, index: int) -> bool:
    match family.experts:
        case "mixtral":
            return True
        case "qwen":
            step = keys.optional("decoder_sparse_step") or 1
            return index not in (keys.listed("mlp_only_layers") or ()) and (index + 1) % step == 0
        case "deepseek":
            step = keys.optional("moe_layer_freq") or 1
            return index >= keys.size("first_k_dense_replace") and index % step == 0
        case "llama4":
            listed = keys.listed("moe_layers")
            if listed is not None:
                return index in listed
            return (index + 1) % keys.count("interleave_moe_layer_step") == 0
    return False


def _mixture(keys: ConfigKeys, family: Family) -> FeedForward:
    """A router, the experts that it picks from, and those that every token goes through."""
    hidden, matrices = keys.count("hidden_size"), 3 if family.gated else 2
    experts, picked = keys.experts()
    inner = keys.count("intermediate_size" if family.experts in ("mixtral", "llama4")
                       else "moe_intermediate_size")  # fmt: skip
    always = hidden * experts + _shared_experts(keys, family, matrices * hidden)
    one, bias = matrices * hidden * inner, (matrices - 1) * inner + hidden
    return FeedForward(
        matrix_weights=always + experts * one,
        active_weights=always + picked * one,
        vector_weights=(experts * bias + experts) if family.expert_bias else 0,
        active_vector_weights=(picked * bias + experts) if family.expert_bias else 0,
    )


def _shared_experts(keys: ConfigKeys, family: Family, per_unit: int) -> int:
    """Weights of the experts that every token goes through, with their gate."""
    if family.experts == "llama4":
        return per_unit * keys.count("intermediate_size")
    if family.experts == "deepseek":
        shared = keys.size("n_shared_experts")
        return per_unit * keys.count("moe_intermediate_size") * shared
    if family.experts == "qwen" and "shared_expert_intermediate_size" in family.defaults:
        inner = keys.size("shared_expert_intermediate_size")
        return per_unit * inner + (keys.count("hidden_size") if inner else 0)
    return 0
