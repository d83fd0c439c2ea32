"""Coverage, diversity and false positives of a pool: pure, unbiased, over all problems at once."""

from __future__ import annotations

from harness.metrics.estimators import (
    coverage_at_k,
    distinct_at_k,
    diversity_at_k,
    pass_at_1,
)

__all__ = ["coverage_at_k", "distinct_at_k", "diversity_at_k", "pass_at_1"]
