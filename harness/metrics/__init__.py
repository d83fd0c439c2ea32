"""Coverage, diversity, majority votes and false positives: unbiased, over all problems at once."""

from __future__ import annotations

from harness.metrics.estimators import (
    coverage_at_k,
    distinct_at_k,
    diversity_at_k,
    pass_at_1,
)
from harness.metrics.majority import majority_at_k

__all__ = [
    "coverage_at_k",
    "distinct_at_k",
    "diversity_at_k",
    "majority_at_k",
    "pass_at_1",
]
