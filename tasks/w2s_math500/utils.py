"""The functions that `w2s_math500.yaml` names; they live in the harness, tested there."""

from __future__ import annotations

from harness.evaluation.tasks_support import math500_documents, minerva_prompt, process_results

__all__ = ["math500_documents", "minerva_prompt", "process_results"]
