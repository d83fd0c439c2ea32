"""What the sampling benchmark needs around vLLM's server: its health, its counters, lm-eval."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from harness.generators.jobs import PoolJob

SERVER_START_SECONDS = 300.0


def served_model(url: str) -> str:
    """The name of the server's model."""
    with urllib.request.urlopen(f"{url}/models", timeout=30) as answer:
        return str(json.load(answer)["data"][0]["id"])


def generated_tokens(url: str) -> int:
    """What the server has generated since its start."""
    with urllib.request.urlopen(url.removesuffix("/v1") + "/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return round(
        sum(
            float(line.rpartition(" ")[2])
            for line in lines
            if line.startswith("vllm:generation_tokens_total")
        )
    )


def wait_until_healthy(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Waits until the server answers; ends the benchmark if it never does."""
    deadline = time.monotonic() + SERVER_START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the server does not start:\n{log.read_text()[-3000:]}") from None
            time.sleep(0.5)


def lm_eval_task(prompts: list[str], job: PoolJob) -> dict[str, Any]:
    """A task of lm-eval that draws the job's samples of the prompts, and scores nothing."""
    from datasets import Dataset, DatasetDict

    return {
        "task": "sampling_benchmark",
        "custom_dataset": lambda **_: DatasetDict(
            test=Dataset.from_list([{"prompt": prompt} for prompt in prompts])
        ),
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{prompt}}",
        "doc_to_target": "",
        "process_results": lambda document, results: {"length": len(results[0])},
        "metric_list": [{"metric": "length", "aggregation": "mean", "higher_is_better": True}],
        "repeats": job.samples_per_problem,
        "generation_kwargs": {
            "until": list(job.decoding.stop),
            "do_sample": True,
            "temperature": job.decoding.temperature,
            "max_gen_toks": job.decoding.max_tokens,
        },
    }
