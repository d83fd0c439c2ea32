"""Where a program may stand in a completion: texts in the order in which they are tried.

Nothing is parsed here, a completion is only searched for lines: which of the texts is a Python
program is found out in the sandbox, where parsing cannot hurt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_COMPLETION_CHARACTERS = 200_000
OVER_THE_CAP = "over the cap"
_MOST_BLOCKS = 50
_FENCE = re.compile(r"^[ \t]*(?:```+|~~~+)[ \t]*(?P<language>[\w.+#-]*)[^\n`]*$", re.MULTILINE)
_LANGUAGES = frozenset({"", "python", "python3", "py", "py3"})
_DEFINITION = re.compile(r"^(?:(?:async )?def |class |import |from \w+ import|@\w)", re.MULTILINE)
# What a base model writes when the function is over: the stop sequences of HumanEval's authors
# (Chen et al., 2021), without `def`: a helper behind the function is part of the program.
_OVER = re.compile(r"^(?:class |if |print\(|#|assert |```|>>>|\[DONE\])", re.MULTILINE)
_BEGIN, _DONE = "[BEGIN]", "[DONE]"


class ProgramText(NamedTuple):
    """A text that may be the program, and the rule that found it."""

    rule: str
    text: str


def program_texts(completion: str, question: str) -> list[ProgramText]:
    """The texts in a completion that may be the program, the likeliest first.

    Args:
        completion: the model's text; any text is accepted.
        question: what the model was asked; where it is the start of a program, the completion
            may be the rest of it.

    Returns:
        Each text once; a single one with the rule `OVER_THE_CAP` for a completion over the cap.
    """
    if len(completion) > MAX_COMPLETION_CHARACTERS:
        return [ProgramText(OVER_THE_CAP, "")]
    plain = _sendable(completion).replace("\r\n", "\n")
    found: dict[str, str] = {}
    for rule, text in _texts(plain, _sendable(question)):
        if text.strip():
            found.setdefault(text, rule)
    return [ProgramText(rule, text) for text, rule in found.items()]


def _sendable(text: str) -> str:
    """Without what no Python source may hold; lone surrogates become `?`."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _texts(completion: str, question: str) -> Iterator[tuple[str, str]]:
    starts_a_program = re.search(r"^(?:async )?def \w+", question, re.MULTILINE) is not None
    if _DONE in completion or _BEGIN in completion:
        between = completion.partition(_DONE)[0].rpartition(_BEGIN)[2]
        yield "between [BEGIN] and [DONE]", between
    blocks = _fenced_blocks(completion)
    for block in reversed(blocks):
        yield "fenced block", block
    if len(blocks) > 1:
        yield "fenced blocks together", "\n\n".join(blocks)
    if starts_a_program:
        for block in reversed(blocks):
            yield from _continuations("fenced continuation", block, question)
        yield "whole completion", completion
        yield from _continuations("continuation", completion, question)
    else:
        yield "whole completion", completion
    if start := _DEFINITION.search(completion):
        yield "from the first definition", completion[start.start() :]


def _continuations(rule: str, text: str, question: str) -> Iterator[tuple[str, str]]:
    """A question with the rest of its function behind it, up to where the function is over."""
    over = _OVER.search(text)
    body = text[: over.start()] if over else text
    stripped = body.lstrip("\n")
    if stripped[:1].strip():
        # A tokenizer or a server has stripped the first line's indentation.
        yield f"{rule}, indented", f"{question.rstrip()}\n    {stripped}"
    else:
        yield rule, question + body


def _fenced_blocks(text: str) -> list[str]:
    """The content of fenced blocks of Python; one that is not closed goes to the end."""
    blocks, start, language = [], -1, ""
    for fence in _FENCE.finditer(text):
        if start < 0:
            start, language = fence.end() + 1, fence["language"].lower()
            continue
        if language in _LANGUAGES:
            blocks.append(text[start : fence.start()])
        start = -1
        if len(blocks) == _MOST_BLOCKS:
            return blocks
    if start >= 0 and language in _LANGUAGES:
        blocks.append(text[start:])
    return blocks
