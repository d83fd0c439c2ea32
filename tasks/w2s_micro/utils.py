"""The functions that `w2s_micro.yaml` names; they live in the harness, tested there."""

from __future__ import annotations

from harness.evaluation.tasks_support import (
    micro_dataset,
    process_results,
    question_answer_prompt,
)

__all__ = ["micro_dataset", "process_results", "question_answer_prompt"]
