r"""The answer inside a sentence: "The volume of $ABCD$ is 120." says 120.

Extraction finds answers where a format puts them. What it finds may still be a sentence, and
some gold answers are. Boxes count first, then the last formula or the last number. A sentence
that takes its answer back ("5, or maybe 6") is left as it is.
"""

from __future__ import annotations

import re

from harness.grading.boxes import boxes_of, unclosed_box

_GAP_NOISE = re.compile(r"\\(?:text\w*|mathrm|quad|qquad|[,;:! ()\[\]])|[{}$~*]|\s+")
_CONNECTED = re.compile(r"(?:.{0,30}?(?:\b(?:and|or)|[,;&]))?", re.IGNORECASE)
_SPAN = re.compile(
    r"\$\$(.+?)\$\$|(?<!\\)\$([^$\n]+?)(?<!\\)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL
)
_NUMBER = re.compile(
    r"(?:(?<![\w)\]}.])[-+\u2212]\s?)?[$\u20ac\u00a3]?\s?(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)"
    r"(?:\s?/\s?\d+)?(?:\s?(?:\\?%|percent\b))?(?:\s(?:hundred|thousand|million|billion|trillion)\b)*"
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_HEDGE = re.compile(
    r"\b(?:or|maybe|perhaps|possibly|either|neither|nor|unsure|not sure|cannot|impossible|"
    r"except|unless|(?:less|more|greater|fewer|smaller|larger|other) than|"
    r"at (?:least|most)|between)\b|\?",
    re.IGNORECASE,
)
# What makes a number a part: `4x`, `4 squared`, `3 to 4`, `the square root of 4`, `10 - 4`.
_GOES_ON = re.compile(
    r"(?![mgshlLNJWVKCF])[A-Za-z](?![A-Za-z])|\s*(?:\*{1,2}\s?[\w(]|[\^/+=<>_(!:]\s?[\w(\\]|-\s?\d)|!"
    r"|\s+(?:squared|cubed|dozen|factorial|choose|over|divided|times|plus|minus|mod|modulo|halves"
    r"|thirds|fourths|fifths|sixths|sevenths|eighths|ninths|tenths|hundredths|thousandths)\b"
    r"|,?\s+(?:(?:which|that) )?(?:is|was|would be)(?: not|n['\u2019]t| wrong| incorrect| false)\b",
    re.IGNORECASE,
)
_PART_OF = re.compile(
    r"[\w)\]}]\s*[-+*/^<>\u2212\u00d7\u00f7]$|\d\s?:$|\d\s+(?:in|to|and|of|out of|over|by)$"
    r"|\b(?:plus|times|over|twice|double|triple|(?:half|third|quarter|root|square|cube|logarithm"
    r"|log|factorial|multiple|power|inverse|reciprocal) of)$"
    # "not 4", "isn't equal to 4"; but "not 10, it is 4" says 4.
    r"|(?:\bnot|n['\u2019]t|\bnever)(?:\s+(?!it\b|is\b|but\b)[A-Za-z]+){0,2}$",
    re.IGNORECASE,
)
_TERM = re.compile(r"(?:[\d)\]}]|\b[A-Za-z])$")
_MINUS = re.compile(r"\b(?:minus|negative)$", re.IGNORECASE)
_CODE = re.compile(r"__|\b(?:lambda|import|eval|exec|open|print|globals|return)\b|=>|\(\)|[;`@]")
_CLOSING = re.compile(r"I hope it is correct\.?|<\|.*?\|>.*", re.DOTALL)
_LATEX_WORDS = re.compile(r"\\(?:text\w*|mathrm|mbox|operatorname)\s*\{[^{}]*\}|\\[A-Za-z]+")


def answer_in_sentence(text: str, *, is_gold: bool = False) -> str | None:
    """The answer in a text that is a sentence; None: it is none, or says no single thing.

    Args:
        text: the text.
        is_gold: a gold answer in plain words says what it says, and not its last number; its
            box may be cut off.
    """
    if "\\boxed" in text or "\\fbox" in text:
        return _boxed(text.replace("\\\\boxed", "\\boxed"), is_gold)
    text = _CLOSING.sub("", text).strip()
    spans = list(_SPAN.finditer(text))
    outside = _SPAN.sub(" ", text) if spans else _LATEX_WORDS.sub(" ", text)
    words = [word for word in _WORD.findall(outside) if word.isalpha()]
    if (
        _HEDGE.search(outside)
        or _CODE.search(outside)
        or not (spans or _is_prose(outside, words))
        or not words
    ):
        return None
    if not spans and is_gold:
        return None
    last = spans[-1] if spans else None
    numbers = list(_NUMBER.finditer(text, last.end() if last else 0))
    if numbers:
        return _alone(text, numbers[-1])
    return next(filter(None, last.groups())).strip() if last else None


def _alone(text: str, found: re.Match[str]) -> str | None:
    """A number of a sentence with its sign in words; None: it is a part of something larger."""
    before, behind = text[: found.start()].rstrip(), text[found.end() :]
    if _GOES_ON.match(behind) or _PART_OF.search(before):
        return None
    number = found[0].strip()
    if number[0] in "-+\u2212" and _TERM.search(before):  # A difference, and no sign.
        return None
    if _MINUS.search(before):
        return None if number.startswith(("-", "\u2212")) else f"-{number}"
    return number


def _is_prose(outside: str, words: list[str]) -> bool:
    """Whether there are more words than a name and a unit take, and no mathematics."""
    if re.search(r"[\\{}^_#]", outside):
        return False
    foreign = any(not any(map(str.isascii, word)) for word in words)
    said = re.search(r"\b(?:is|are|answer|equals|est)\b|\w{3}\s?:\s", outside)
    return len(words) >= 4 or foreign or bool(said)


def _boxed(text: str, is_gold: bool) -> str | None:
    """The last box, with those before it that are joined to it by a comma or an "and"."""
    found = boxes_of(text)
    if not found:
        return unclosed_box(text) if is_gold else None
    if text.count("}", 0, found[0].start) > text.count("{", 0, found[0].start):
        return None
    first = len(found) - 1
    while first > 0:
        gap = " ".join(_GAP_NOISE.sub(" ", text[found[first - 1].end : found[first].start]).split())
        if not _CONNECTED.fullmatch(gap):
            break
        first -= 1
    contents = [text[box.content : box.close].strip() for box in found[first:]]
    behind = text[found[-1].end :]
    if len(contents) == 1:
        return contents[0] + _percent_behind(behind)
    return ", ".join(contents)


def _percent_behind(behind: str) -> str:
    """A percent sign or word that stands right behind the box."""
    found = re.match(r"\s*\$?\s*(\\?%|percent\b|pct\b)", behind)
    return "\\%" if found else ""
