"""Counts parameters and FLOPs of models as transformers builds and torch runs them.

Runs under an interpreter with torch and transformers (an engine's environment), not the
harness's; imports nothing of the harness. Reads a JSON list of config.json documents from stdin
and writes for each: its parameters, and the FLOPs of single-token steps, one list entry a step.

    python count_with_transformers.py < configs.json
"""

from __future__ import annotations

import json
import sys
from typing import Any

STEPS = 13


def count(config: dict[str, Any]) -> dict[str, Any]:
    """Parameters; and FLOPs of each of STEPS steps from an empty cache, where it is small."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import AutoConfig, AutoModelForCausalLM

    values = {key: value for key, value in config.items() if key != "model_type"}
    built = AutoConfig.for_model(config["model_type"], **values)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(built)
    parameters = sum(one.numel() for one in model.parameters())
    if parameters > 10_000_000:
        return {"parameters": parameters, "step_flops": None}
    torch.manual_seed(0)
    built._attn_implementation = "eager"
    built._experts_implementation = "eager"
    model = AutoModelForCausalLM.from_config(built, dtype=torch.float32).eval()
    cache, steps = None, []
    for token in range(STEPS):
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            output = model(torch.tensor([[token]]), past_key_values=cache, use_cache=True)
        cache = output.past_key_values
        steps.append(counter.get_total_flops())
    return {"parameters": parameters, "step_flops": steps}


def main() -> None:
    """Counts every configuration of stdin."""
    import torch
    import transformers

    counts = [count(config) for config in json.load(sys.stdin)]
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    sys.stdout.write(json.dumps({"versions": versions, "counts": counts}))


if __name__ == "__main__":
    main()
