"""`--options` of `harness grade`: conventions by name, or those of a problem set."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from harness.errors import InputError, Issues, unknown_name


def conventions_asked_for(texts: Sequence[str]) -> tuple[str | None, dict[str, Any]]:
    """The problem set and the changes that `--options` name.

    Args:
        texts: each KEY=VALUE, or the name of a problem set; several with commas between.

    Raises:
        InputError: an unknown name, all of them at once.
    """
    from harness.grading.conventions import CONVENTIONS, DEFAULT_CONVENTIONS

    known, issues = DEFAULT_CONVENTIONS.identity(), Issues()
    problem_set: str | None = None
    changes: dict[str, Any] = {}
    for text in (part.strip() for one in texts for part in one.split(",")):
        name, equals, value = text.partition("=")
        if equals and name in known:
            changes[name] = _value(value)
        elif equals:
            issues.add(f"--options {text}", unknown_name("convention", name, known))
        elif text in CONVENTIONS and problem_set in (None, text):
            problem_set = text
        elif text in CONVENTIONS:
            issues.add(f"--options {text}", f"{problem_set!r} is chosen already; give one set.")
        elif text in known:
            issues.add(f"--options {text}", f"expected a value, as in {text}=false")
        else:
            names = [*CONVENTIONS, *known]
            issues.add(f"--options {text}", unknown_name("set of conventions", text, names))
    if len(issues):
        raise InputError("These conventions cannot be used:", issues=issues)
    return problem_set, changes


def _value(text: str) -> Any:
    """true, false, null and numbers as such; anything else is a text."""
    try:
        return json.loads(text.lower())
    except ValueError:
        return text
