"""What a verdict depends on: two graders of equal identity give equal verdicts."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from harness.grading.conventions import Conventions, conventions_of_format
from harness.grading.verdict import GRADER_VERSION

_LIBRARIES = ("math-verify", "latex2sympy2-extended", "sympy", "mpmath")


def comparison_identity(options: Conventions, comparison: str = "cascade") -> dict[str, Any]:
    """What comparing two answers depends on.

    Args:
        options: the conventions.
        comparison: which grader compares.
    """
    return {
        "version": GRADER_VERSION,
        "comparison": comparison,
        "libraries": dict(_versions()),
        "options": options.identity(),
    }


def grader_identity(
    format: str, options: Conventions | None = None, comparison: str = "cascade"
) -> dict[str, Any]:
    """What a verdict on a completion depends on.

    Args:
        format: how answers stand in completions.
        options: the conventions; None: those of the format, as in `grade_completion`.
        comparison: which grader compares.
    """
    options = options or conventions_of_format(format)
    return {"grader": "answer", "format": format, **comparison_identity(options, comparison)}


@lru_cache(maxsize=1)
def _versions() -> tuple[tuple[str, str], ...]:
    from importlib.metadata import version

    return tuple((name, version(name)) for name in _LIBRARIES)
