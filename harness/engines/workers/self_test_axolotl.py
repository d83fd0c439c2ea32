"""Does Axolotl work here? Imports its trainer and lets it validate a small configuration.

python self_test_axolotl.py cpu|cuda [--no-gpu]

The last line on stdout is a JSON document; status 1 and a traceback say what does not work.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from importlib import metadata

PACKAGES = ("axolotl", "torch", "transformers", "datasets", "accelerate", "peft", "trl")
CONFIGURATION = {
    "base_model": "self-test",
    "learning_rate": 1e-3,
    "datasets": [{"path": "rows.jsonl", "ds_type": "json", "type": "alpaca"}],
    "output_dir": "model",
    "micro_batch_size": 1,
    "gradient_accumulation_steps": 1,
    "num_epochs": 1,
    "optimizer": "adamw_torch",
    "bf16": False,
    "fp16": False,
    "tf32": False,
}
CAPABILITIES = {
    "bf16": False,
    "fp8": False,
    "tf32": False,
    "n_gpu": 1,
    "n_node": 1,
    "compute_capability": None,
}


def main() -> int:
    """Runs the test and reports."""
    variant, gpu = sys.argv[1], "--no-gpu" not in sys.argv
    os.environ.update(
        AXOLOTL_DO_NOT_TRACK="1",
        DO_NOT_TRACK="1",
        HF_HUB_OFFLINE="1",
        TOKENIZERS_PARALLELISM="false",
        OMP_NUM_THREADS="1",
    )
    started = time.monotonic()
    import multiprocess
    import torch
    from axolotl.cli.train import do_cli  # noqa: F401
    from axolotl.utils.config import validate_config
    from axolotl.utils.dict import DictDefault

    # A wheel of another Python version imports, and fails when `axolotl train` prepares rows.
    multiprocess.get_context("spawn").Lock()
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
    checked = validate_config(
        DictDefault(CONFIGURATION),
        capabilities=CAPABILITIES,
        env_capabilities={"torch_version": torch.__version__.partition("+")[0]},
    )
    if checked.learning_rate != CONFIGURATION["learning_rate"]:
        sys.stderr.write(f"validation changed the learning rate to {checked.learning_rate}\n")
        return 1
    report["seconds"] = round(time.monotonic() - started, 1)
    found = {name: metadata.version(name) for name in PACKAGES}
    sys.stdout.write(json.dumps({"versions": found, **report}) + "\n")
    sys.stdout.flush()
    os._exit(0)  # nothing may hold up the exit


if __name__ == "__main__":
    sys.exit(main())
