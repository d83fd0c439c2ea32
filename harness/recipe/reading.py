"""Reads a recipe's or a card's file into a draft; what cannot be read becomes a finding."""

from __future__ import annotations

from pathlib import Path

from harness.errors import InputError, Issues
from harness.recipe import yaml_text
from harness.recipe.catalogue import shown
from harness.recipe.draft import Draft, Place, dotted

_HINTS = {
    "\\t": "YAML indents with spaces, not with tabs.",
    "mapping values": "A text that holds ': ' needs quotes around it.",
    "block end": "Look at the indentation, of this line and of the lines before it.",
    "alias": "A text that begins with * needs quotes around it.",
    "cannot start any token": "A text that begins with this character needs quotes around it.",
}


def read_file(path: Path, issues: Issues) -> Draft | None:
    """Reads a YAML mapping with its lines; None where it is none, with the finding noted."""
    name = shown(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        issues.add(
            f"{name}:{line}",
            f"byte {error.object[error.start]:#04x} is not UTF-8.",
            "Save the file as UTF-8.",
        )
        return None
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}") from None
    try:
        parsed = yaml_text.parse_yaml(text)
    except yaml_text.YamlProblem as error:
        _note_yaml_problem(name, text, error, issues)
        return None
    if not isinstance(parsed.value, dict):
        found = "is empty" if parsed.value is None else f"holds {_kind(parsed.value)}"
        issues.add(name, f"the file {found}; expected a mapping of keys to values.")
        return None
    for key, first, second in parsed.repeated:
        issues.add(
            f"{name}:{second} {dotted(key)}",
            f"the key {str(key[-1])!r} stands twice, on line {first} and on line {second}.",
            "Keep one of them.",
        )
    return Draft(parsed.value, {key: Place(name, line) for key, line in parsed.lines.items()})


def _note_yaml_problem(name: str, text: str, error: yaml_text.YamlProblem, issues: Issues) -> None:
    lines = text.splitlines()
    line = lines[error.line - 1].strip() if error.line <= len(lines) else ""
    hint = next((hint for sign, hint in _HINTS.items() if sign in error.problem), "")
    place = f"{name}:{error.line}" + (f":{error.column}" if error.column else "")
    issues.add(place, f"{error.problem}; the line is: {line[:100] or '(empty)'}", hint)


def _kind(value: object) -> str:
    return "a list" if isinstance(value, list) else f"only {str(value)[:40]!r}"
