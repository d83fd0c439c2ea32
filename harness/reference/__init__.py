"""Results of papers as data, to put ours beside: `harness report RUN --reference paper`.

The numbers lie in a folder for each paper, as YAML, with a provenance for every value.

    from harness.reference import load_reference
    load_reference("paper").value("coverage", benchmark="math", side="wc", budget="low").value
"""

from __future__ import annotations

from harness.reference.collection import Reference
from harness.reference.loading import check_reference_name, load_reference, reference_names
from harness.reference.values import Benchmark, Claim, ReferencePair, ReferenceValue

__all__ = [
    "Benchmark",
    "Claim",
    "Reference",
    "ReferencePair",
    "ReferenceValue",
    "check_reference_name",
    "load_reference",
    "reference_names",
]
