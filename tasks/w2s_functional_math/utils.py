"""The names that the YAML files of this folder use; they live in the harness, tested there."""

from __future__ import annotations

from harness.evaluation.functional_math import functional_math_dataset
from harness.evaluation.task_classes import FunctionalMathTask, SampledTask
from harness.evaluation.tasks_support import every_sample, minerva_examples, minerva_prompt

__all__ = [
    "FunctionalMathTask",
    "SampledTask",
    "every_sample",
    "functional_math_dataset",
    "minerva_examples",
    "minerva_prompt",
]
