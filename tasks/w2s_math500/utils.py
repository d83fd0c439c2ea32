"""The names that the YAML files of this folder use; they live in the harness, tested there."""

from __future__ import annotations

from harness.evaluation.task_classes import GradedTask, SampledTask
from harness.evaluation.tasks_support import (
    documents_of_rows,
    every_sample,
    minerva_examples,
    minerva_prompt,
)

__all__ = [
    "GradedTask",
    "SampledTask",
    "documents_of_rows",
    "every_sample",
    "minerva_examples",
    "minerva_prompt",
]
