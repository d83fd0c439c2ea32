"""Compute-matched synthetic reasoning data: strong and expensive, or weak and cheap?

The package turns a recipe into a run: it samples solutions from a weak, cheap (WC) and a
strong, expensive (SE) model under one budget, grades and measures them, builds training
sets, finetunes students on each and compares what they learnt.

Importing it is free on purpose; every subpackage imports what it needs itself.
"""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = ["__version__"]
