"""How vLLM must be started, also on a CPU, and how to say in one line why it did not start."""

from __future__ import annotations

import re
from typing import Any

HEAD_SIZES = (32, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512)
BLOCK_TOKENS = 128
LONGEST_REASON = 300
_SMALLEST_CACHE = 1 << 28
_MORE_BLOCKS = 64


def llm_arguments(request: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `vllm.LLM` for a request to load a model."""
    return {
        "model": request["model"],
        "revision": request["revision"],
        "dtype": request["dtype"],
        "max_model_len": request["max_model_len"],
        "max_num_seqs": request["max_num_seqs"],
        "tensor_parallel_size": request.get("tensor_parallel_size", 1),
        # A finetuned model's generation_config.json would change the decoding.
        "generation_config": "vllm",
        "disable_log_stats": True,
        **request.get("options", {}),
    }


def engine_arguments(arguments: dict[str, Any]) -> dict[str, Any]:
    """Those of the arguments of `vllm.LLM` that its EngineArgs take."""
    return {key: value for key, value in arguments.items() if key != "disable_log_stats"}


def finished_event(name: str, output: Any, seconds: float) -> dict[str, Any]:
    """The event for a finished `RequestOutput`.

    Raises:
        RuntimeError: the engine broke it off.
    """
    failed = [one for one in output.outputs if one.finish_reason in (None, "abort", "error")]
    if failed:
        raise RuntimeError(f"request {output.request_id} ended with an internal error")
    return {
        "event": "finished",
        "id": name,
        "prompt_tokens": len(output.prompt_token_ids),
        "cached_tokens": output.num_cached_tokens or 0,
        "seconds": round(seconds, 4),
        "outputs": [
            {
                "text": one.text,
                "finish_reason": one.finish_reason,
                "stop_reason": one.stop_reason,
                "completion_tokens": len(one.token_ids),
            }
            for one in sorted(output.outputs, key=lambda one: one.index)
        ],
    }


def cpu_arguments(arguments: dict[str, Any], cache_share: float) -> dict[str, Any]:
    """The arguments of `vllm.LLM` completed for a CPU.

    Args:
        arguments: what the harness asks for.
        cache_share: the part of the free memory that the KV cache may take.

    Raises:
        ValueError: CPU attention does not serve the model; vLLM would find out when the first
            request kills it.
    """
    from vllm.engine.arg_utils import EngineArgs

    if arguments["dtype"] == "auto":
        # vLLM would take bfloat16 even for float32 weights. On a CPU that is no faster, and
        # its results depend on which requests happen to run together.
        arguments = {**arguments, "dtype": "float32"}
    config = EngineArgs(**engine_arguments(arguments)).create_model_config()
    head_size = config.get_head_size()
    if head_size not in HEAD_SIZES and not config.use_mla:
        raise ValueError(
            f"attention heads of size {head_size} cannot be served on a CPU, only sizes "
            f"{', '.join(map(str, HEAD_SIZES))}"
        )
    length = config.max_model_len
    blocks = arguments["max_num_seqs"] * -(-length // BLOCK_TOKENS) + _MORE_BLOCKS
    wanted = blocks * BLOCK_TOKENS * _bytes_per_token(config)
    allowed = max(_SMALLEST_CACHE, int(_free_bytes() * cache_share))
    return {
        "enforce_eager": True,
        # A seeded request whose prompt is split into chunks kills the engine on a CPU.
        "enable_chunked_prefill": False,
        "max_num_batched_tokens": max(8192, length),
        # A cache no larger than what can be in use: every page of it is touched at the start.
        "kv_cache_memory_bytes": min(wanted, allowed),
        **arguments,
    }


def one_line(error: BaseException) -> str:
    """Why something failed, without the ceremony around it."""
    text = str(error).strip() or type(error).__name__
    if found := re.search(r"Value error, (.*?)(?= \[type=|$)", text, re.DOTALL):
        text = found[1]
    text = re.sub(r"\s*Supported architectures: .*", "", text, flags=re.DOTALL)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"


def _bytes_per_token(config: Any) -> int:
    """Size of keys and values of one token over all layers."""
    layers = config.hf_text_config.num_hidden_layers
    heads = config.get_total_num_kv_heads()
    return int(2 * layers * heads * config.get_head_size() * config.dtype.itemsize)


def _free_bytes() -> int:
    import psutil  # type: ignore[import-untyped]  # comes with vLLM

    return int(psutil.virtual_memory().available)
