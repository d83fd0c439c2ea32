"""The report: what a run found and did not find, with everything needed to check it."""

from __future__ import annotations
