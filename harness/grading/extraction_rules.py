"""The rules by which answers are found: each a scan that is linear in the text."""

from __future__ import annotations

import re

# A minus behind a digit is a subtraction or a range, not a sign.
NUMBER = re.compile(r"(?:(?<!\d)[-+\u2212])?\$?(?:\d+(?:,\d{3}(?!\d))*(?:\.\d+)?|\.\d+)(?:/\d+)?")
# What stands right behind a number and makes another one of it: `4x`, `4^2`, `4\\sqrt{3}`, `4:30`,
# `4 million`, `4 or 5`; marks that change how a digit looks, and bytes that belong in no text.
_GLUED = re.compile(
    r"(?:[A-Za-z](?![A-Za-z])|_)\w{0,20}"
    r"|[\u0300-\u036f\u20d0-\u20ff\u00b2\u00b3\u00b9\u2070-\u209f\x00-\x08\x0b\x0c\x0e-\x1f"
    r"\x7f\ud800-\udfff\u202d\u202e\ufffd]\S{0,20}"
    r"|\s?(?:\^|!\s?[!*^/\d(]|\*{1,2}\s?[\d(]|\\(?:times|cdot|frac|dfrac|sqrt|pi|infty|pm|ne|approx|text)"
    r"(?![A-Za-z]))[^\n$]{0,200}"
    r"|(?::(?!00\b)|/)\d[\d:/]{0,20}|(?:\s(?:dozen|hundred|thousand|million|billion|trillion)\b)+"
    r"|\s(?:or|\\text\{ ?or ?\})\s\$?[-+]?\d[\d.,]{0,30}"
)
_POWER = re.compile(r"\S{0,40}[\^_]\{?$")
_NOT = re.compile(r"\bnot\b|n['\u2019]t\b")
_PHRASE_GSM8K = re.compile("the answer is", re.IGNORECASE | re.ASCII)
_PHRASE_MINERVA = re.compile("final answer is", re.IGNORECASE | re.ASCII)
_END_MINERVA = "I hope it is correct"
_FIRST_WINDOW = 60
_FIELD = re.compile(r'"(?:final[_ ])?answer"\s{0,20}:\s{0,20}', re.IGNORECASE)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(r"[^,}\]\n]*")
_ESCAPE = re.compile(r'\\(?:(["\\/])|([nrt])(?![A-Za-z])|u([0-9a-fA-F]{4}))')
_LABEL = re.compile(r"\bANSWER\s{0,5}:[ \t*]{0,10}", re.IGNORECASE)
_LABELLED = re.compile(r"(?:\$?\\boxed\{)?\s?\$?\s?(-?\d[\d,]{0,30})")
_MORE = re.compile(
    r"\.\d{1,20}|\s?[-+=<>*][-+\s]{0,3}\d{1,20}"
)  # An integer, and not a part of one.
_CHOICE_PHRASE = re.compile(
    r"(?:answer|option|choice)(?:\s+is)?\s{0,5}:?[\s*$]{0,6}(?:\\boxed\{)?"
    r"(?:\\text(?:bf)?\{)?\(?((?-i:[A-J]))\)?(?![A-Za-z])",
    re.IGNORECASE,
)
_CHOICE_LETTER = re.compile(
    r"\(([A-J])\)|\\boxed\{(?:\\text(?:bf)?\{)?\(?([A-J])\)?\}|\*\*\(?([A-J])\)?[.)]?\*\*"
    r"|^\s{0,8}([A-J])[.):]?\s{0,8}$",
    re.MULTILINE,
)
_HEADING = re.compile(
    r"^[ \t]{0,8}(?:#{1,6}[ \t]*|[-*>][ \t]+)?[*_]{0,3}(?:the[ \t]+)?(?:final[ \t]+)?answer"
    r"(?:[ \t]+is)?[ \t]*[:.]?[*_]{0,3}[ \t]*[:.]?[ \t]*(?:is[ \t])?",
    re.IGNORECASE | re.MULTILINE,
)
_BOLD = re.compile(r"\*\*(?!\s)([^*\n]{1,1000}?)\*\*")


def after_hashes(text: str) -> str | None:
    """The rest of the line behind the last `####`."""
    place = text.rfind("####")
    return None if place < 0 else text[place + 4 :].partition("\n")[0]


def number_after_phrase(text: str) -> str | None:
    """The first number behind the last "The answer is"."""
    place = last_end(_PHRASE_GSM8K, text)
    found = NUMBER.search(text, place) if place >= 0 else None
    if found is None:
        return None
    if found.start() - place < 40 and _NOT.search(text, place, found.start()):
        return text[place : found.end()].strip()
    return _whole(text, found)


def _whole(text: str, found: re.Match[str]) -> str:
    """A number with what is glued to it, so that the prefix of a formula is no answer."""
    start, end = found.span()
    if glued := _GLUED.match(text, end):
        end = glued.end()
    if text[start - 1 : start] in ("^", "_", "{") and start:
        power = _POWER.search(text[max(0, start - 42) : start])
        start -= len(power[0]) if power else 0
    return text[start:end]


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
            return _whole(text, found) if found else None
        size *= 8


def minerva_phrase(text: str) -> str | None:
    """What stands between "The final answer is" and the sentence that ends the format."""
    end = text.find(_END_MINERVA)
    place = last_end(_PHRASE_MINERVA, text[:end]) if end >= 0 else -1
    if place < 0:
        place = last_end(_PHRASE_MINERVA, text)
        end = text.find("\n", place)
    if place < 0:
        return None
    answer = text[place : end if end >= 0 else len(text)].strip().lstrip(":").strip()
    if not answer.endswith(".."):
        answer = answer.removesuffix(".").rstrip()
    if (
        len(answer) >= 2
        and answer[0] == answer[-1] == "$"
        and "$" not in answer[1:-1].replace("\\$", "")
    ):
        return answer[1:-1]
    return answer


def json_field(text: str) -> str | None:
    """The value of the last `"answer"` in a JSON object; of a sentence, its first number."""
    place = last_end(_FIELD, text)
    if place < 0:
        return None
    found = _STRING.match(text, place) or _BARE.match(text, place)
    if found is None:
        return None
    value = found[1] if found.re is _STRING else found[0]
    return _first_number_of_sentence(_ESCAPE.sub(_unescaped, value).strip())


def _unescaped(found: re.Match[str]) -> str:
    r"""JSON's escapes, but `\frac` and `\times` are LaTeX that was not escaped."""
    if found[3]:
        return chr(int(found[3], 16))
    return found[1] or {"n": "\n", "r": "\r", "t": "\t"}[found[2]]


def _first_number_of_sentence(value: str) -> str:
    if "\\" in value or not re.search(r"[A-Za-z]{2}", value):
        return value
    found = NUMBER.search(value)
    return _whole(value, found) if found else value


def labelled_integer(text: str) -> str | None:
    """The integer behind the last "ANSWER:"."""
    place = last_end(_LABEL, text)
    found = _LABELLED.match(text, place) if place >= 0 else None
    if found is None:
        return None
    glued = _GLUED.match(text, found.end()) or _MORE.match(text, found.end())
    return found[1] if glued is None else found[1] + glued[0]


def choice_phrase(text: str) -> str | None:
    """The letter behind the last "answer is", "Answer:" or "option"."""
    found = None
    for found in _CHOICE_PHRASE.finditer(text):  # noqa: B007 (the last one is wanted)
        pass
    return found[1].upper() if found else None


def choice_letter(text: str) -> str | None:
    """The last letter that stands in parentheses, in a box, in bold, or on a line of its own."""
    found = None
    for found in _CHOICE_LETTER.finditer(text):  # noqa: B007 (the last one is wanted)
        pass
    return next(filter(None, found.groups())) if found else None


def answer_heading(text: str) -> str | None:
    """What stands behind the last heading or label "Final answer": on its line, or below it."""
    place = last_end(_HEADING, text)
    if place < 0:
        return None
    answer = text[place:].lstrip(" *_:\n\t").partition("\n\n")[0].strip()
    if not answer.startswith(("\\[", "$$", "\\begin")):
        answer = answer.partition("\n")[0].strip()
    if answer.endswith("**") and answer.count("**") % 2:
        answer = answer[:-2].rstrip()
    return answer or None


def last_bold(text: str) -> str | None:
    """The last bold text."""
    found = None
    for found in _BOLD.finditer(text):  # noqa: B007 (the last one is wanted)
        pass
    return found[1] if found else None


def last_end(pattern: re.Pattern[str], text: str) -> int:
    """Where the last occurrence ends; -1 where there is none."""
    end = -1
    for found in pattern.finditer(text):
        end = found.end()
    return end
