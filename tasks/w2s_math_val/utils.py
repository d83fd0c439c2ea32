"""The names that the YAML files of this folder use; they live in the harness, tested there."""

from __future__ import annotations

from harness.evaluation.task_classes import HeldOutTask
from harness.evaluation.tasks_support import minerva_examples, minerva_prompt

__all__ = ["HeldOutTask", "minerva_examples", "minerva_prompt"]
