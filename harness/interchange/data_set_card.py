"""The README of an exported pool: what `load_dataset` needs to read it, and where it is from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from harness.interchange.export_layout import PROBLEM_TABLE, SAMPLE_TABLE


def data_set_card(manifest: Mapping[str, Any]) -> str:
    """README.md of the folder.

    Args:
        manifest: what `pool.json` holds.
    """
    configs: list[dict[str, Any]] = [
        {"config_name": name, "data_files": [{"split": "train", "path": file}]}
        for name, file in (("samples", SAMPLE_TABLE), ("problems", PROBLEM_TABLE))
    ]
    configs[0]["default"] = True
    metadata = {"tags": ["synthetic", "reasoning", "w2s-harness"], "configs": configs}
    header = yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True)
    return f"""---
{header}---

# A pool of {manifest["samples"]:,} samples for {manifest["problems"]:,} problems

Completions of one model under one decoding configuration, as w2s-harness \
{manifest["harness"]} keeps them. `pool.json` says which, and holds the pool's digest.

```python
from datasets import load_dataset
samples = load_dataset("PATH_OR_ID", "samples", split="train")
problems = load_dataset("PATH_OR_ID", "problems", split="train")  # samples["problem_id"] is its id
```

The licence of the model and of the problems applies to what comes from them.
"""
