"""Plain `LLM.generate` of the requests of a file; runs in vLLM's environment.

    raw_generate.py WORKERS_FOLDER LOAD.json REQUESTS.json CPU_CACHE_SHARE
    raw_generate.py --random-model FOLDER TOKENIZER_FOLDER PARAMETERS

LOAD is what the harness asks its worker to load, so that both run with the same flags;
REQUESTS is a list of objects with prompt, n, seed, temperature, top_p, max_tokens, stop. The last
line on stdout is a JSON object: tokens, seconds. The second form writes a Llama with random
weights of about so many parameters, for machines whose GPU a tiny model cannot fill.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any


def generate(load: dict[str, Any], requests: list[dict[str, Any]], share: float) -> dict[str, Any]:
    """Tokens drawn, and the seconds that it took; loading does not count."""
    from vllm import LLM, SamplingParams
    from vllm.platforms import current_platform
    from vllm_loading import cpu_arguments, llm_arguments  # type: ignore[import-not-found]

    arguments = llm_arguments(load)
    if current_platform.is_cpu():
        arguments = cpu_arguments(arguments, share)
    llm = LLM(**arguments)
    llm.generate(requests[0]["prompt"], SamplingParams(max_tokens=1), use_tqdm=False)
    params = [
        SamplingParams(**{key: value for key, value in one.items() if key != "prompt"})
        for one in requests
    ]
    started = time.perf_counter()
    outputs = llm.generate([one["prompt"] for one in requests], params, use_tqdm=False)
    seconds = time.perf_counter() - started
    tokens = sum(len(one.token_ids) for output in outputs for one in output.outputs)
    return {"tokens": tokens, "seconds": seconds}


def write_random_model(folder: Path, tokenizer: Path, parameters: int) -> None:
    """A Llama of about so many parameters, with a tokenizer that is there."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    hidden, layers = 1280, max(1, round(parameters / (16 * 1280**2)))
    vocabulary = json.loads((tokenizer / "config.json").read_text())["vocab_size"]
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=4 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        num_key_value_heads=hidden // 64,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tokenizer / name, folder)


def main(arguments: list[str]) -> None:
    """Runs one of the two forms."""
    if arguments[0] == "--random-model":
        write_random_model(Path(arguments[1]), Path(arguments[2]), int(arguments[3]))
        return
    workers, load, requests, share = arguments
    sys.path.insert(0, workers)
    result = generate(
        json.loads(Path(load).read_text()), json.loads(Path(requests).read_text()), float(share)
    )
    sys.stdout.write("\n" + json.dumps(result) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
