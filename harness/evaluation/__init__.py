"""Evaluation: greedy pass@1 of base and finetuned models, scored by lm-eval.

vLLM generates once per model, lm-eval scores the stored generations. The test split, the
prompt and the grader are those of an lm-eval task, so that `lm_eval --include_path tasks`
on a served model and `harness evaluate` measure the same thing. What those tasks need beyond
their YAML (classes, metrics of several samples, data) lives here as well.
"""

from __future__ import annotations
