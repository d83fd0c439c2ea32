"""Pools: every sample of one generator, under one decoding, on one set of problems.

A pool only grows, survives being killed at any point, and is the one thing of a run that
costs money to make again; everything after it can be recomputed from it.
"""

from __future__ import annotations

from harness.pool.pool import Pool
from harness.pool.samples import Failure, LedgerLine, Sample

__all__ = ["Failure", "LedgerLine", "Pool", "Sample"]
