"""Arms: the training sets that are built from graded pools, with the provenance of every row."""

from __future__ import annotations
