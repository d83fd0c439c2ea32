r"""Names on the left of an equals sign: `x`, `a_3`, `f(x)`, `|AB|`, `\angle ABC`, `(x,y)`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.grading.tokens import Token

_GREEK = (
    r"\\(?:alpha|beta|gamma|delta|epsilon|zeta|eta|theta|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi"
    r"|chi|psi|omega|Gamma|Delta|Theta|Lambda|Sigma|Phi|Psi|Omega|ell)"
)
_LETTER = rf"(?:{_GREEK}|\\overline\{{?[A-Za-z]+\}}?|\\math(?:bb|cal)\{{?[A-Z]\}}?|[A-Za-z])"
_NAME = rf"{_LETTER}(?:_(?:\{{[^{{}}]*\}}|\w))?'*"
_PATTERNS = re.compile(
    rf"(?P<head>{_NAME}(?:\^\{{-1\}}|\^\{{\(\d\)\}})?)(?P<arguments>\((?:{_NAME}|\d+)(?:,(?:{_NAME}|\d+))*\))?"
    rf"|\|?[A-Z]{{2,4}}\|?|\|{_LETTER}\|"
    rf"|m?\\(?:angle|triangle|overline|widehat|overrightarrow|vec|hat|tilde)\{{?[A-Za-z]{{1,4}}\}}?"
    rf"|\({_NAME}(?:[,;]{_NAME})+\)|{_NAME}(?:[,;]{_NAME})+"
    r"|\\frac\{d[a-z]\}\{d[a-z]\}"
    # A function of a name, an area, a probability or an expectation, a ratio of two names.
    rf"|(?:sin|cos|tan|cot|sec|csc|log|ln|max|min|gcd|lcm|deg)(?:{_NAME}|\\angle[A-Z]{{1,3}}"
    rf"|\((?:{_NAME}(?:,{_NAME})*|\\angle[A-Z]{{1,3}})\))"
    r"|\[[A-Z]{3,6}\]|(?:P|E|\\mathbb\{[PE]\})(?:\([^()]{1,30}\)|\[[^\[\]]{1,30}\])"
    rf"|{_NAME}[:/]{_NAME}|\\frac\{{(?:{_NAME}|[A-Z]{{2,3}})\}}\{{(?:{_NAME}|[A-Z]{{2,3}})\}}"
)
_NO_NAMES = frozenset({"e", "i"})


def name_of(tokens: Sequence[Token]) -> str:
    r"""The name that tokens are, without its arguments: `f` for `f(x)`; empty: they are none."""
    if len(tokens) > 24:
        return ""
    if tokens and all(token.kind == "text" for token in tokens):
        return " ".join(token.text.lower() for token in tokens)
    text = "".join(token.text for token in tokens)
    found = _PATTERNS.fullmatch(text)
    if not found or text in _NO_NAMES:
        return ""
    # f(x) and f(t) are one function; f(2) and f(3) are two values.
    whole = found["head"] is None or re.search(r"\d", found["arguments"] or "")
    return re.sub(r"[{}]", "", text if whole else found["head"])
