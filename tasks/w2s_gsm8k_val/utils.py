"""The names that the YAML files of this folder use; they live in the harness, tested there."""

from __future__ import annotations

from harness.evaluation.task_classes import GradedTask
from harness.evaluation.tasks_support import (
    gsm8k_examples,
    gsm8k_validation_documents,
    question_answer_prompt,
)

__all__ = ["GradedTask", "gsm8k_examples", "gsm8k_validation_documents", "question_answer_prompt"]
