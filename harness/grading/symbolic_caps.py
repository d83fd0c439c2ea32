r"""Which pairs may go to the symbolic stage: what it must never be asked is refused here.

A computer algebra system can be kept busy for ever by a short text. These caps refused no
right answer in natural data; what they refuse is undecided, never wrong.
"""

from __future__ import annotations

import re

MAX_CHARACTERS = 1000
MAX_DEPTH = 24
_RULES = (
    (re.compile(r"\d{60}"), "a run of 60 digits"),
    (re.compile(r"\^\s*\{[^{}]{0,200}\^|\^\s*-?\w{1,20}\^"), "a power of a power"),
    (re.compile(r"\^\s*\{?\s*[-+]?\s*\d{4}"), "an exponent of four digits"),
    (re.compile(r"\d{4}\s*!|[)\]}!]\s*!"), "a factorial over the cap"),
    (re.compile(r"\d[eE][-+]?\d{3}"), "an exponent of three digits"),
    (re.compile(r"\\operatorname|\\mod\b|\\pmod|\\bmod|\\det\b|\\begin|:=|__"), "a command"),
    (re.compile(r"\\d?binom\s*\{?[^{}]{0,40}\d{3}"), "a binomial over the cap"),
)
_HEAVY = re.compile(r"\\(?:sum|prod|int|iint|oint|lim|infty|frac\s*\{d)|\\limits")
# An end of an interval is no limit to be computed.
_INTERVAL_END = re.compile(r"[(\]]\s*-\s*\\infty\s*,|,\s*\+?\s*\\infty\s*[)\[]")
_SYMBOLIC = re.compile(
    r"\\(?:sum|prod|int|lim|setminus|cap|backslash|frac\s*\{d|log|cup|ge|le)|[<>]"
)


def refusal(gold: str, answer: str) -> str:
    """Why a pair may not go to the symbolic stage; empty where it may."""
    if max(len(gold), len(answer)) > MAX_CHARACTERS:
        return f"over {MAX_CHARACTERS} characters"
    if not (gold.isascii() and answer.isascii()):
        return "characters that are no mathematics"
    for text in (gold, answer):
        depth = deepest(text)
        if depth < 0:
            return "brackets that do not match"
        if depth > MAX_DEPTH:
            return f"nested deeper than {MAX_DEPTH}"
    for pattern, what in _RULES:
        if pattern.search(answer):
            return what
    heavy = set(_HEAVY.findall(_INTERVAL_END.sub(" ", answer))) - set(_HEAVY.findall(gold))
    if heavy:
        return f"{min(heavy)}, which the gold answer does not have"
    if not _SYMBOLIC.search(gold + answer):
        return "nothing that a symbolic comparison would add"
    return ""


def deepest(text: str) -> int:
    """How deep braces are nested; -1 where they do not match."""
    depth = most = 0
    for found in re.finditer(r"\\[{}]|[{}]", text):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth < 0:
            return -1
        most = max(most, depth)
    return most if depth == 0 else -1
