"""Plans: what a recipe will draw, train, evaluate and cost, before anything is spent."""

from __future__ import annotations

from harness.plan.planning import Plan, plan_of

__all__ = ["Plan", "plan_of"]
