"""Explanations of verdicts as text; a stranger's text is made harmless to terminals first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SHOWN = 300


def printable(value: Any) -> Any:
    """A document whose texts hold no control characters, which may move a terminal's cursor."""
    if isinstance(value, str):
        return _HARMFUL.sub("\ufffd", value)
    if isinstance(value, dict):
        return {printable(key): printable(one) for key, one in value.items()}
    return [printable(one) for one in value] if isinstance(value, list) else value


def explanation_text(document: Mapping[str, Any]) -> str:
    """All samples of an explanation, one below the other."""
    problem = document["problem"]
    name = f" ({problem['external_id']})" if problem["external_id"] else ""
    lines = [
        f"problem {problem['id']}{name}",
        f"  question: {_short(problem['question'] or 'not known')}",
        f"  gold answer: {_short(problem['gold'])}",
        f"  grader: {document['grader']}"
        + (f", format: {document['format']}" if document["format"] else ""),
    ]
    for sample in document["samples"]:
        lines += ["", *_sample(sample)]
    return "\n".join(lines)


def _sample(sample: Mapping[str, Any]) -> list[str]:
    verdict = sample["verdict"]
    reason = f" ({verdict['reason']})" if verdict["reason"] else ""
    lines = [
        f"sample {sample['sample_index']}: {verdict['outcome']}, by the stage "
        f"{verdict['stage']!r}{reason}",
        f"  extracted: {_short(verdict['answer'])} by the rule {verdict['rule']!r}",
    ]
    lines += [f"    {rule}: {_short(found)}" for rule, found in sample["found"].items()]
    if sample["cut"]:
        lines.append(f"  {sample['cut']:,} characters behind the model's own part were not read")
    lines += [
        f"  {side}: {_short(plain)}, read as {sample['readings'][side]}"
        for side, plain in sample.get("plain", {}).items()
    ]
    lines += [f"  stage {one['stage']}: {one['said']}" for one in sample["stages"]]
    lines += [
        f"  recorded by {grader!r}: {found['outcome']} by {found['stage']!r}"
        for grader, found in sample["recorded"].items()
    ]
    return lines


def _short(text: str | None) -> str:
    if text is None:
        return "nothing"
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
