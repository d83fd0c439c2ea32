"""The pipeline: opens a run's folder, holds it against others, and does its stages in order."""

from __future__ import annotations
