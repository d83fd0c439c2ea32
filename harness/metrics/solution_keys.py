r"""What makes two correct solutions the same: the keys of diversity@k.

* `text`: equal but for white space at both ends, which is nearly what the paper counts.
* `normalised`: equal but for case, white space, punctuation and markdown, and for what changes
  only the look of LaTeX: math delimiters, braces, `\left`, `\,`, `\dfrac` for `\frac`, wrappers
  like `\text`, Unicode signs for commands. Signs of arithmetic, decimal points and the words stay.
* `equations`: equal multisets of equations (`harness.metrics.equations`), as in RFT. Chains
  without an equation are all the same by this key: it knows nothing that tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from hashlib import blake2b

from harness.grading.normalisation import latex_symbols
from harness.metrics.equations import equations_of

TEXT = "text"
DIGEST_BYTES = 16

# Every alternative begins with one of a few signs, which the search can skip to.
_LAYOUT = re.compile(
    r"[\\$&~{}](?:(?<!\\)|(?<=\\)(?:[,;:! ()\[\]]"
    r"|(?:left|right|[bB]igg?[lrm]?|displaystyle|textstyle|quad|qquad"
    r"|text(?:bf|it|rm)?|math(?:rm|bf|it)|mbox|boxed|fbox)(?![A-Za-z])))"
)
_SPELLINGS = {
    "\\dfrac": "\\frac", "\\tfrac": "\\frac", "\\cdot": "*", "\\times": "*", "\\div": "/",
    "\\leq": "\\le", "\\geq": "\\ge", "\\neq": "\\ne", "\\cdots": "", "\\ldots": "", "\\dots": "",
}  # fmt: skip
_COMMAND = re.compile(r"\\[A-Za-z]+")
_SHORT_FRACTION = re.compile(r"\\([dt]?frac)(\d)(\d)")
_THOUSANDS = re.compile(r",(?<=\d,)(?=\d{3}(?!\d))")
_SENTENCE_SIGNS = str.maketrans(dict.fromkeys(";:!?\"'`#\\", " "))
_POINT = re.compile(r"[.,-](?:(?<=[.,])(?:(?!\d)|(?<!\d.))|(?<=[a-z]-)(?=[a-z]))")
_EMPHASIS = re.compile(
    r"[*_](?:(?:(?<=\*)\*+|(?<=_)_+)(?:(?!\w)|(?<!\w\*\*)(?<!\w__))"
    r"|(?<=\*)(?:(?<!\S\*)(?=[a-z])|(?<=[a-z]\*)(?!\S)))"
)
_NEEDLESS_SPACE = re.compile(r" (?:(?<![^\W_] )|(?![^\W_]))")


def solution_key(text: str, kind: str) -> str:
    """The form that equal solutions share.

    Args:
        text: a completion.
        kind: one of `KEYS`.

    Raises:
        ValueError: there is no such key.
    """
    if kind not in _FORMS:
        raise ValueError(f"there is no key {kind!r} of solutions; known are: {', '.join(KEYS)}")
    return _FORMS[kind](text)


def digests_of(texts: Iterable[str], kind: str) -> bytes:
    """Digests of the forms of some texts, `DIGEST_BYTES` each, one behind the other.

    Raises:
        ValueError: there is no such key.
    """
    return b"".join(
        blake2b(
            solution_key(text, kind).encode(errors="surrogatepass"), digest_size=DIGEST_BYTES
        ).digest()
        for text in texts
    )


def normalised_text(text: str) -> str:
    """The text without case, needless white space, punctuation and LaTeX layout."""
    text = latex_symbols(text)
    if "\\" in text or "{" in text:
        text = _SHORT_FRACTION.sub(r"\\\1{\2}{\3}", text.replace("{,}", ",").replace("\\%", "%"))
        text = _COMMAND.sub(_spelled, text)
    text = _LAYOUT.sub(" ", text).casefold()
    if "*" in text or "__" in text:
        text = _EMPHASIS.sub(" ", text)
    text = _POINT.sub(" ", _THOUSANDS.sub("", text)).translate(_SENTENCE_SIGNS)
    return _NEEDLESS_SPACE.sub("", " ".join(text.split()))


def _spelled(command: re.Match[str]) -> str:
    return _SPELLINGS.get(command[0], command[0])


def _equations(text: str) -> str:
    return "\n".join(sorted(equations_of(text).elements()))


_FORMS: dict[str, Callable[[str], str]] = {
    TEXT: str.strip,
    "normalised": normalised_text,
    "equations": _equations,
}
KEYS = tuple(_FORMS)
