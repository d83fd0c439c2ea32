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
_NUMBER = re.compile(r"[-+\u2212]?\$?\d{1,60}(?:,\d{3})*(?:\.\d{1,60})?(?:/\d{1,60})?")
_HASH_LINE = re.compile(r"[ \t]*([^\n]{1,1000})")
_PHRASE_GSM8K = "the answer is"
_PHRASE_MINERVA = "final answer is"
_TAIL_CHARACTERS = 4000


@dataclass(frozen=True)
class Extraction:
    """The answer as it stands in the text, and the rule that found it; None: nothing found."""

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
            return Extraction(text[:MAX_ANSWER_CHARACTERS], name)
    return Extraction(None, "none")


def after_hashes(text: str) -> str | None:
    """The rest of the line behind the last `####`."""
    place = text.rfind("####")
    if place < 0:
        return None
    found = _HASH_LINE.match(text, place + 4)
    return found[1] if found else None


def last_box(text: str) -> str | None:
    r"""The content of the last `\boxed{…}` whose braces are balanced.

    One scan from the right over the places where a box opens, each closed at most once: the
    first that balances within the cap is the answer.
    """
    end = len(text)
    for _ in range(50):  # Hostile texts hold 10^5 open boxes; nobody needs more than a few.
        place = text.rfind("\\boxed{", 0, end)
        if place < 0:
            return None
        content = _balanced(text, place + len("\\boxed{"))
        if content is not None:
            return content
        end = place
    return None


def _balanced(text: str, start: int) -> str | None:
    depth = 1
    for index in range(start, min(len(text), start + MAX_ANSWER_CHARACTERS + 1)):
        if text[index] == "{":
            depth += 1
        elif text[index] == "}":
            depth -= 1
            if depth == 0:
                return text[start:index]
    return None


def number_after_phrase(text: str) -> str | None:
    """The first number behind the last "The answer is"."""
    place = text.lower().rfind(_PHRASE_GSM8K)
    if place < 0:
        return None
    found = _NUMBER.search(text, place, place + _TAIL_CHARACTERS)
    return found[0] if found else None


def last_number(text: str) -> str | None:
    """The last number of the text's end."""
    numbers = _NUMBER.findall(text[-_TAIL_CHARACTERS:])
    return numbers[-1] if numbers else None


def minerva_phrase(text: str) -> str | None:
    """What stands between "The final answer is" and the sentence that ends the format."""
    own = _own_part(text)
    place = own.lower().find(_PHRASE_MINERVA)
    if place < 0:
        return None
    rest = own[place + len(_PHRASE_MINERVA) : place + _TAIL_CHARACTERS]
    end = rest.find("I hope it is correct")
    line = rest[:end] if end >= 0 else rest.split("\n", 1)[0]
    return line.strip().lstrip(":").strip().rstrip(".").strip().strip("$")


def minerva_box(text: str) -> str | None:
    """The last box before the model goes on to invent a next problem."""
    return last_box(_own_part(text))


def _own_part(text: str) -> str:
    return text.split("\nProblem:", 1)[0]


Rule = Callable[[str], str | None]
FORMATS: dict[str, tuple[tuple[str, Rule], ...]] = {
    "hash": (("hash", after_hashes), ("boxed", last_box)),
    "boxed": (("boxed", last_box), ("hash", after_hashes)),
    "gsm8k_cot": (("answer is", number_after_phrase), ("last number", last_number)),
    "minerva": (("final answer is", minerva_phrase), ("boxed", minerva_box)),
}
