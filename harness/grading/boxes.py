r"""Boxes: where `\boxed{…}` opens and closes, found in one pass however hostile the text."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKENS = re.compile(r"\\f?boxed\s?\{|\\fbox\s?\{|\\[\\{}]|[{}]")


class Box(NamedTuple):
    """Places in a text: of the command, of the content, of the closing brace, and behind it."""

    start: int
    content: int
    close: int
    end: int


def boxes_of(text: str) -> list[Box]:
    r"""All boxes whose braces are balanced, without boxes in boxes; `\{` and `\}` are text."""
    found: list[Box] = []
    opened: list[tuple[int, int]] = []  # Where a box starts and its content; -1: another brace.
    for token in _TOKENS.finditer(text):
        if token[0] == "{":
            opened.append((-1, -1))
        elif token[0] == "}":
            if opened and (place := opened.pop())[0] >= 0:
                while found and found[-1].start > place[0]:
                    found.pop()
                found.append(Box(*place, token.start(), token.end()))
        elif len(token[0]) > 2:
            opened.append((token.start(), token.end()))
    return found


def unclosed_box(text: str) -> str | None:
    """The content of the only box, where it is never closed."""
    opened = [token for token in _TOKENS.finditer(text) if len(token[0]) > 2]
    if len(opened) != 1 or boxes_of(text) or text.find("}", 0, opened[0].start()) >= 0:
        return None
    return text[opened[0].end() :]


def last_box(text: str) -> str | None:
    r"""The content of the last balanced box; of a box in a box, the inner one."""
    place = max(text.rfind("boxed"), text.rfind("\\fbox"))
    opened = _TOKENS.match(text, text.rfind("\\", 0, place + 1)) if place >= 0 else None
    if opened is not None and (content := _balanced(text, opened.end())) is not None:
        return content
    boxes = boxes_of(text) if place >= 0 else []
    return text[boxes[-1].content : boxes[-1].close] if boxes else None


def _balanced(text: str, start: int) -> str | None:
    depth = 1
    for token in _TOKENS.finditer(text, start):
        if token[0] == "}":
            depth -= 1
            if depth == 0:
                return text[start : token.start()]
        elif token[0] == "{" or len(token[0]) > 2:
            depth += 1
    return None
