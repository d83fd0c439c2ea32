"""Audits: how often graders err, from a few samples that a person has looked at.

Where graders disagree, or one was unsure, errors are likely; so these samples are drawn more
often than others, and weighted for it when rates over the whole pool are estimated.
"""

from __future__ import annotations

from harness.grading.audit.drawing import draw_audit
from harness.grading.audit.rates import audit_rates
from harness.grading.audit.sheet import read_sheet, write_sheet

__all__ = ["audit_rates", "draw_audit", "read_sheet", "write_sheet"]
