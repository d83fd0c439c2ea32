"""Reads a config.json into an `Architecture`: sizes from the file, the rest from its model type.

The file may come from the Hub, so it is a stranger's: every number is checked, and all that is
wrong with it is reported at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from harness.budget.architecture import Architecture
from harness.budget.config_keys import ConfigKeys
from harness.budget.context_windows import windows_of
from harness.budget.families import FAMILIES, OTHER_THAN_ATTENTION, TEXT_TYPES, Family
from harness.budget.layer_counts import attention_of, feed_forward_of, norm_of, norms_of
from harness.budget.layers import Layer
from harness.errors import InputError, Issues

# Where multimodal files keep the language model: as transformers has it, InternVL, DeepSeek-VL.
_TEXT_PARTS = ("text_config", "llm_config", "language_config")


class _TextPart(NamedTuple):
    values: Mapping[str, Any]
    model_type: str
    within: bool


def read_configuration(config: Mapping[str, Any]) -> Architecture:
    """The architecture that a config.json describes; see `Architecture.from_config`."""
    values, model_type, within = _text_part(config)
    if model_type not in FAMILIES:
        raise _unknown(model_type)
    family = FAMILIES[model_type]
    issues = Issues()
    keys = ConfigKeys(values, family, issues, within=within)
    architecture = _architecture(keys, family, issues)
    issues.raise_if_any(f"its config.json does not describe a {model_type} model:")
    return architecture


def _unknown(model_type: str) -> InputError:
    if model_type in OTHER_THAN_ATTENTION:
        return InputError(
            f"its config.json is of a {model_type} model, which has layers other than attention "
            "(linear attention, state spaces or convolutions); their FLOPs and cache are not "
            "counted.",
            "Match by another kind: compute (2P a token, by the card's parameters; of a mixture of "
            "experts by parameters.active), price, tokens or gpu_seconds.",
        )
    return InputError(
        f"the model_type {model_type!r} of its config.json is not known; known are: "
        f"{', '.join(sorted(FAMILIES))}.",
        "Where its layers are those of a known type, put its config.json as `config` into the "
        "card and name that type as `model_type`.",
    )


def _text_part(config: Mapping[str, Any]) -> _TextPart:
    """The text part of a config.json, and its model type; Llama's if the file names none."""
    inner = next((config[key] for key in _TEXT_PARTS if isinstance(config.get(key), Mapping)), None)
    if inner is None:
        values, model_type = config, config.get("model_type")
    else:
        # Composite files keep at the top what holds for the whole model.
        shared = {key: config[key] for key in ("tie_word_embeddings",) if key in config}
        values = {**inner, **shared}
        model_type = inner.get("model_type") or config.get("model_type")
    name = str(model_type or "llama")
    return _TextPart(values, TEXT_TYPES.get(name, name), inner is not None)


def _architecture(keys: ConfigKeys, family: Family, issues: Issues) -> Architecture:
    hidden, vocabulary = keys.count("hidden_size"), keys.count("vocab_size")
    positions = 0
    if family.positions:
        positions = keys.count("max_position_embeddings") + family.position_offset
    width = hidden
    if family.ends == "opt":
        width = keys.optional("word_embed_proj_dim") or hidden
    count = keys.count("num_hidden_layers")
    windows = windows_of(keys, family, count, issues)
    norms = norms_of(keys, family)
    layers = tuple(
        Layer(
            attention_of(keys, family, windows[index]), feed_forward_of(keys, family, index), norms
        )
        for index in range(count if not len(issues) else 1)
    )
    return Architecture(
        layers=layers,
        embedding_parameters=vocabulary * width + positions * hidden,
        head_weights=vocabulary * width,
        tied=keys.switch("tie_word_embeddings", family.tied),
        norm_weights=_norms_outside(keys, family) * norm_of(keys, family),
        projection_weights=0 if width == hidden else 2 * width * hidden,
        head_vector_weights=vocabulary * keys.says(family.head_bias),
    )


def _norms_outside(keys: ConfigKeys, family: Family) -> int:
    """How many norms there are outside the layers."""
    match family.ends:
        case "bloom":
            return 2
        case "opt":
            dropped = keys.switch("_remove_final_layer_norm", False)
            return int(keys.switch("do_layer_norm_before", True) and not dropped)
    return 1
