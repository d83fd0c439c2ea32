"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# A deadline per example measures how busy the machine is, not whether the code is right.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
