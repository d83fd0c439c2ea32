"""Draws a pool's samples by plain vLLM, one request a sample; runs in vLLM's environment.

    reference_generate.py MODEL PLAN.json OUT.json

PLAN is a list of [prompt, seed]; the texts are written in its order.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ.update(
    VLLM_ENABLE_V1_MULTIPROCESSING="0",
    VLLM_CPU_OMP_THREADS_BIND="0",
    OMP_NUM_THREADS="1",
    TORCHDYNAMO_DISABLE="1",
    VLLM_NO_USAGE_STATS="1",
    HF_HUB_OFFLINE="1",
)


def main(model: str, plan: str, out: str) -> None:
    from vllm import LLM, SamplingParams

    asked = json.loads(Path(plan).read_text())
    llm = LLM(
        model,
        dtype="float32",
        enforce_eager=True,
        enable_chunked_prefill=False,
        max_num_batched_tokens=8192,
        kv_cache_memory_bytes=1 << 28,
        generation_config="vllm",
    )
    params = [SamplingParams(seed=seed, temperature=0.7, max_tokens=48) for _, seed in asked]
    outputs = llm.generate([prompt for prompt, _ in asked], params, use_tqdm=False)
    Path(out).write_text(json.dumps([output.outputs[0].text for output in outputs]))


if __name__ == "__main__":
    main(*sys.argv[1:])
