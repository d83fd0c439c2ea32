r"""Where the final answer stands in a completion: one declared rule, and one fallback.

A completion may be anything, of any length: texts are capped, and every rule is a scan that
is linear in them. The rule that fired is part of the verdict, so that answers found by a
fallback can be counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from harness.errors import InputError, unknown_name

MAX_CHARACTERS = 2_000_000
MAX_ANSWER_CHARACTERS = 1000
# A minus behind a digit is a subtraction or a range, not a sign.
NUMBER = re.compile(r"(?:(?<!\d)[-+\u2212])?\$?(?:\d+(?:,\d{3}(?!\d))*(?:\.\d+)?|\.\d+)(?:/\d+)?")
_BRACES = re.compile(r"\\boxed\{|\\[\\{}]|[{}]")
_PHRASE_GSM8K = re.compile("the answer is", re.IGNORECASE | re.ASCII)
_PHRASE_MINERVA = re.compile("final answer is", re.IGNORECASE | re.ASCII)
_END_MINERVA = "I hope it is correct"
_FIRST_WINDOW = 300


@dataclass(frozen=True)
class Extraction:
    """The answer as it stands in the text, and the rule that found it; None: nothing found.

    An answer over `MAX_ANSWER_CHARACTERS` is cut one character behind that, so that it can be
    told from one that is whole.
    """

    answer: str | None
    rule: str


def extract_answer(completion: str, format: str) -> Extraction:
    """Finds the final answer of a completion.

    Args:
        completion: the model's text.
        format: a key of `FORMATS`.

    Raises:
        InputError: unknown format.
    """
    if format not in FORMATS:
        raise InputError(unknown_name("answer format", format, FORMATS))
    if len(completion) > MAX_CHARACTERS:
        return Extraction(None, "over the cap")
    for name, rule in FORMATS[format]:
        answer = rule(completion)
        if answer is not None and (text := answer.strip()):
            return Extraction(text[: MAX_ANSWER_CHARACTERS + 1], name)
    return Extraction(None, "none")


def after_hashes(text: str) -> str | None:
    """The rest of the line behind the last `####`."""
    place = text.rfind("####")
    return None if place < 0 else text[place + 4 :].partition("\n")[0]


def last_box(text: str) -> str | None:
    r"""The content of the last `\boxed{…}` whose braces are balanced; `\{` and `\}` are text."""
    place = text.rfind("\\boxed{")
    if place < 0:
        return None
    content = _balanced(text, place + len("\\boxed{"))
    return content if content is not None else _last_balanced_box(text)


def _balanced(text: str, start: int) -> str | None:
    depth = 1
    for token in _BRACES.finditer(text, start):
        if token[0] == "}":
            depth -= 1
            if depth == 0:
                return text[start : token.start()]
        elif token[0] in ("{", "\\boxed{"):
            depth += 1
    return None


def _last_balanced_box(text: str) -> str | None:
    """One pass with a stack of open braces: 10^5 boxes that never close cost no more than text."""
    open_braces: list[int] = []  # Where the content of a box starts; -1 for another brace.
    start = end = -1
    for token in _BRACES.finditer(text):
        if token[0] == "{":
            open_braces.append(-1)
        elif token[0] == "\\boxed{":
            open_braces.append(token.end())
        elif token[0] == "}" and open_braces and (opened := open_braces.pop()) > start:
            start, end = opened, token.start()
    return text[start:end] if start >= 0 else None


def number_after_phrase(text: str) -> str | None:
    """The first number behind the last "The answer is", before the model invents a question."""
    own = text.partition("\nQ:")[0]
    place = _last_end(_PHRASE_GSM8K, own)
    found = NUMBER.search(own, place) if place >= 0 else None
    return found[0] if found else None


def last_number(text: str) -> str | None:
    """The last number, looked for from the end in windows that grow."""
    size = _FIRST_WINDOW
    while True:
        start = max(0, len(text) - size)
        found = None
        for found in NUMBER.finditer(text, start):  # noqa: B007 (the last one is wanted)
            pass
        # A number at the very start of a window may go on to the left of it.
        if start == 0 or (found is not None and found.start() > start + 4):
            return found[0] if found else None
        size *= 8


def minerva_phrase(text: str) -> str | None:
    """What stands between "The final answer is" and the sentence that ends the format."""
    own = _own_part(text)
    end = own.find(_END_MINERVA)
    place = _last_end(_PHRASE_MINERVA, own[:end]) if end >= 0 else -1
    if place < 0:
        place = _last_end(_PHRASE_MINERVA, own)
        end = own.find("\n", place)
    if place < 0:
        return None
    answer = own[place : end if end >= 0 else len(own)].strip().lstrip(":").strip()
    if not answer.endswith(".."):
        answer = answer.removesuffix(".").rstrip()
    if len(answer) >= 2 and answer[0] == answer[-1] == "$":
        return answer[1:-1]
    return answer


def minerva_box(text: str) -> str | None:
    """The last box before the model goes on to invent a next problem."""
    return last_box(_own_part(text))


def _own_part(text: str) -> str:
    return text.partition("\nProblem:")[0]


def _last_end(pattern: re.Pattern[str], text: str) -> int:
    """Where the last occurrence ends; -1 where there is none."""
    end = -1
    for found in pattern.finditer(text):
        end = found.end()
    return end


Rule = Callable[[str], str | None]
FORMATS: dict[str, tuple[tuple[str, Rule], ...]] = {
    "hash": (("hash", after_hashes), ("boxed", last_box)),
    "boxed": (("boxed", last_box), ("hash", after_hashes)),
    "gsm8k_cot": (("answer is", number_after_phrase), ("last number", last_number)),
    "minerva": (("final answer is", minerva_phrase), ("boxed", minerva_box)),
}
