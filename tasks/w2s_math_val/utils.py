"""The names that the YAML files of this folder use; they live in the harness, tested there."""

from __future__ import annotations

try:
    from harness.evaluation.task_classes import HeldOutTask
    from harness.evaluation.tasks_support import minerva_examples, minerva_prompt
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f"{missing}. This task reads and grades its problems by the package w2s-harness, which "
        "must be in lm-eval's environment; in a checkout of its repository: pip install ."
    ) from None

__all__ = ["HeldOutTask", "minerva_examples", "minerva_prompt"]
