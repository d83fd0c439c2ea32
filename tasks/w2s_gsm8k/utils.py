"""The functions that `w2s_gsm8k.yaml` names; they live in the harness, tested there."""

from __future__ import annotations

from harness.evaluation.tasks_support import (
    gsm8k_documents,
    process_results,
    question_answer_prompt,
)

__all__ = ["gsm8k_documents", "process_results", "question_answer_prompt"]
