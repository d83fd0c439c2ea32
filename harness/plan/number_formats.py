"""In which number format a model is served or trained on a GPU, and how many bytes it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.plan.gpus import GpuCard
from harness.recipe.schema import Engine

_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "fp8": 1}
_HALF = ("bfloat16", "float16", "float32")
# Bytes a weight of vLLM's quantizations; the 4-bit ones with a scale and a zero for 128 weights.
_QUANTIZED = {
    "fp8": 1.0,
    "experts_int8": 1.0,
    "awq": 0.53,
    "awq_marlin": 0.53,
    "gptq": 0.53,
    "gptq_marlin": 0.53,
    "bitsandbytes": 0.53,
}


@dataclass(frozen=True)
class NumberFormat:
    """A format for computing, and the sizes of what is stored.

    Attributes:
        name: format of the computation.
        flops: dense FLOP/s of one GPU in it.
        weight_bytes: bytes of a weight.
        value_bytes: bytes of a value of the KV cache.
        remarks: what the plan has to say about the choice, one sentence each.
    """

    name: str
    flops: float
    weight_bytes: float
    value_bytes: int
    remarks: tuple[str, ...] = ()


def serving_format(engine: Engine, gpu: GpuCard) -> NumberFormat:
    """How vLLM serves a model with these settings."""
    name, flops, remarks = _supported(engine.dtype, gpu, "engine.dtype")
    weight_bytes: float = _BYTES[name]
    value_bytes = (
        1 if str(engine.options.get("kv_cache_dtype", "")).startswith("fp8") else _BYTES[name]
    )
    quantization = engine.options.get("quantization")
    if quantization in _QUANTIZED:
        weight_bytes = _QUANTIZED[quantization]
    elif quantization is not None:
        remarks += (
            f"How large weights are under quantization {quantization!r} is not known here: "
            f"counted as {name}.",
        )
    if quantization == "fp8" and (fast := gpu.flops("fp8")) is not None:
        name, flops = "fp8", fast
    return NumberFormat(name, flops, weight_bytes, value_bytes, remarks)


def training_format(base: Mapping[str, Any], gpu: GpuCard) -> NumberFormat:
    """How Axolotl trains a model with a base file's settings."""
    if base.get("bf16") in (True, "auto", "full"):
        wanted = "bfloat16"
    elif base.get("fp16"):
        wanted = "float16"
    else:
        wanted = "float32"
    name, flops, remarks = _supported(wanted, gpu, "the base Axolotl file")
    return NumberFormat(name, flops, _BYTES[name], _BYTES[name], remarks)


def _supported(wanted: str, gpu: GpuCard, asked_by: str) -> tuple[str, float, tuple[str, ...]]:
    """The format, or the nearest that the GPU has."""
    candidates = _HALF if wanted == "auto" else (wanted, *_HALF)
    for name in candidates:
        flops = gpu.flops(name)
        if flops is None:
            continue
        if name == wanted or wanted == "auto":
            return name, flops, ()
        remark = (
            f"The {gpu.name} has no {wanted}, which {asked_by} asks for: counted as {name}; "
            "it would be refused there."
        )
        return name, flops, (remark,)
    raise AssertionError("every GPU card has float32")
