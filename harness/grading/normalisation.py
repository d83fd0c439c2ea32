r"""Answers without dress: what changes how an answer looks, and not what it says.

`plain_latex` maps Unicode mathematics to LaTeX, removes layout (`\left`, `\,`, `\displaystyle`),
math delimiters and final punctuation. It never joins what a space separates: "1 2" is not 12.
Every step is linear in the text, which callers cap.
"""

from __future__ import annotations

import re
import unicodedata

from harness.grading.conventions import Conventions

_SYMBOLS = {
    "\u2212": "-", "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\ufe63": "-",
    "\u00d7": "\\times ", "\u22c5": "\\cdot ", "\u00b7": "\\cdot ", "\u00f7": "/", "\u2215": "/",
    "\u2044": "/", "\u2264": "\\le ", "\u2a7d": "\\le ", "\u2265": "\\ge ", "\u2a7e": "\\ge ",
    "\u2260": "\\ne ", "\u2248": "\\approx ", "\u221e": "\\infty ", "\u03c0": "\\pi ",
    "\u221a": "\\sqrt ", "\u00b0": "^\\circ ", "\u00ba": "^\\circ ", "\u222a": "\\cup ",
    "\u2229": "\\cap ", "\u2208": "\\in ", "\u2205": "\\emptyset ", "\u00b1": "\\pm ",
    "\u2213": "\\mp ", "\u2026": "\\ldots ", "\u22ef": "\\ldots ", "\u211d": "\\mathbb{R}",
    "\u2124": "\\mathbb{Z}", "\u2115": "\\mathbb{N}", "\u27e8": "\\langle ",
    "\u27e9": "\\rangle ", "\u00a2": "\\text{cents}", "\u2223": "|", "\u2236": ":",
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " ", "\u2009": " ",
    "\u202f": " ", "\u2002": " ", "\u2003": " ", "\u3000": " ", "\u200b": "", "\u200c": "",
    "\u200d": "", "\u2060": "", "\ufeff": "", "\u2061": "", "\u2062": "", "\u03b1": "\\alpha ",
    "\u03b2": "\\beta ", "\u03b3": "\\gamma ", "\u03b4": "\\delta ", "\u03b8": "\\theta ",
    "\u03bb": "\\lambda ", "\u03bc": "\\mu ", "\u00b5": "\\mu ", "\u03c6": "\\phi ",
    "\u03c3": "\\sigma ", "\u03c9": "\\omega ", "\u03b5": "\\epsilon ", "\u03c1": "\\rho ",
    "\u3002": ".", "\uff0c": ",", "\u3001": ",", "\u2192": "\\to ", "\u2032": "'",
    "\u221b": "\\sqrt[3]", "\u2220": "\\angle ", "\u25b3": "\\triangle ",
}  # fmt: skip
_VULGAR = {
    "\u00bd": (1, 2), "\u00bc": (1, 4), "\u00be": (3, 4), "\u2153": (1, 3), "\u2154": (2, 3),
    "\u2155": (1, 5), "\u2156": (2, 5), "\u2157": (3, 5), "\u2158": (4, 5), "\u2159": (1, 6),
    "\u215a": (5, 6), "\u215b": (1, 8), "\u215c": (3, 8), "\u215d": (5, 8), "\u215e": (7, 8),
}  # fmt: skip
_SUPERSCRIPTS = str.maketrans(
    "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207b\u207f", "0123456789-n"
)
_SUBSCRIPTS = str.maketrans(
    "\u2080\u2081\u2082\u2083\u2084\u2085\u2086\u2087\u2088\u2089", "0123456789"
)
_RAISED = re.compile("[\u2070\u00b9\u00b2\u00b3\u2074-\u2079\u207b\u207f]+")
_LOWERED = re.compile("[\u2080-\u2089]+")
_FULL_WIDTH = re.compile("[\uff01-\uff5e]+")
_TRANSLATION = str.maketrans(
    _SYMBOLS | {sign: f"\\frac{{{above}}}{{{below}}}" for sign, (above, below) in _VULGAR.items()}
)

_LAYOUT = re.compile(
    r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle|textstyle|scriptstyle|limits|nolimits|mathstrut"
    r"|hfill|noindent|bf|rm|it|sf|tt|centering)(?![A-Za-z])\.?"
)
_PHANTOM = re.compile(r"\\(?:hspace|vspace|phantom|hphantom|label|tag|color)\*?\{[^{}]*\}")
_TAGGED_COLOUR = re.compile(r"\\textcolor\{[^{}]*\}")
_LATEX_SPACE = re.compile(
    r"(?<!\\)\\[,:; >]|(?<!\\)\\(?:(?:quad|qquad)|(?:enspace|thinspace|space)(?![A-Za-z]))|~|\s"
)
_NO_SPACE = re.compile(r"(?<!\\)\\!")
_THOUSANDS_IN_LATEX = re.compile(r"(\d)(?:\{,\}|,\\!|\\,|\{\\,\})\s*(?=\d{3}(?!\d))")
_DECIMAL_IN_LATEX = re.compile(r"(\d)\{,\}(?=\d)")
_SPACES = re.compile(r" {2,}")
_DOUBLED_BACKSLASH = re.compile(r"\\\\(?=[A-Za-z]|[()\[\]{}])")
_ROW_END = re.compile(r"\\\\\s*\[-?[\d.]{1,8}\s?(?:pt|em|ex|mm|cm|in)\]|\\cr(?![A-Za-z])")
_NORM = re.compile(r"(?<!\\)\\(?:\||[lr]?Vert(?![A-Za-z]) ?)")
_MODULUS = re.compile(
    r"\\pmod ?(?:\{ ?(\w{1,9}) ?\}|(\w))"
    r"|\((?:\\(?:bmod|mod)|\\(?:mathrm|text|operatorname) ?\{ ?mod ?\})(?:\\[ ,:;]|\s|~)*"
    r"(\w{1,9})\)"
)
_OVER = re.compile(r"\{([^{}]{1,200})\\over(?![A-Za-z])([^{}]{1,200})\}")
_FRACTIONS = re.compile(r"\\[dtc]frac(?![A-Za-z])")
_DELIMITERS = re.compile(r"\\[()\[\]]|\$\$")
_DOLLAR = re.compile(r"(?<!\\)\$")
_MARKDOWN = re.compile(r"^(\*\*|__|\*|`|\x22)(?=\S)(.*?\S)\1([.,;:!]?)$", re.DOTALL)
_GLUED_WORD = re.compile(r"(?<=[\d)\]}])(or|and)(?=[A-Z\\\d(\[{])")
_ELLIPSIS = re.compile(r"\.\.\.|\\(?:cdots|dots|dotsc)(?![A-Za-z])")
_END = " .,;:\n\t\\"


def plain_latex(text: str, options: Conventions) -> str:
    """The answer without dress; spaces are single, and stand where something was separated."""
    if options.unicode_digits:
        text = _FULL_WIDTH.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    text = _without_markdown(latex_symbols(text).strip().lstrip(":"))
    if "\\" in text or "{,}" in text:
        text = _DECIMAL_IN_LATEX.sub(r"\1.", _THOUSANDS_IN_LATEX.sub(r"\1", text))
        text = _without_layout(text)
    text = _without_delimiters(text)
    text = _SPACES.sub(" ", _LATEX_SPACE.sub(" ", text)).strip()
    if "or" in text or "and" in text:
        text = _GLUED_WORD.sub(r" \1 ", text)
    return _without_end(_ELLIPSIS.sub(r"\\ldots ", text))


def latex_symbols(text: str) -> str:
    """The text with LaTeX for Unicode mathematics, and with plain quotes, dashes and spaces."""
    if text.isascii():
        return text
    text = _RAISED.sub(lambda found: f"^{{{found[0].translate(_SUPERSCRIPTS)}}}", text)
    text = _LOWERED.sub(lambda found: f"_{{{found[0].translate(_SUBSCRIPTS)}}}", text)
    return text.translate(_TRANSLATION)


def _without_markdown(text: str) -> str:
    while (found := _MARKDOWN.match(text)) and found[1] not in found[2]:
        text = (found[2] + found[3]).strip()
    return text


def _without_layout(text: str) -> str:
    if "\\begin" in text:  # In a matrix a doubled backslash ends a row.
        text = _ROW_END.sub(r"\\\\ ", text)
    else:
        text = _DOUBLED_BACKSLASH.sub(r"\\", text)
    if "\\over" in text:
        text = _OVER.sub(r"\\frac{\1}{\2}", text)
    text = _MODULUS.sub(_modulus, _NORM.sub("|", text))
    text = _PHANTOM.sub("", _TAGGED_COLOUR.sub("", text))
    text = _LAYOUT.sub("", text)
    return _FRACTIONS.sub(r"\\frac", _NO_SPACE.sub("", text))


def _modulus(found: re.Match[str]) -> str:
    return f"\\pmod{{{found[1] or found[2] or found[3]}}}"


def _without_delimiters(text: str) -> str:
    r"""Pairs of `$` and `\(…\)` become spaces; a single `$` beside a number is money."""
    if "\\" in text:
        text = _DELIMITERS.sub(" ", text)
    elif "$$" in text:
        text = text.replace("$$", " ")
    dollars = text.count("$") - text.count("\\$") if "$" in text else 0
    if dollars == 0:
        return text
    if dollars % 2 == 0:
        return _DOLLAR.sub(" ", text)
    return (
        re.sub(r"(?<!\\)\$", r"\\$", text, count=1) if _is_money(text) else _DOLLAR.sub(" ", text)
    )


def _is_money(text: str) -> bool:
    place = text.find("$")
    before, behind = text[:place].rstrip()[-1:], text[place + 1 :].lstrip()[:1]
    return behind.isdigit() or behind == "." or before.isdigit()


def _without_end(text: str) -> str:
    """Without punctuation at the end, and without a backslash that a cut left there."""
    return text.rstrip(_END)
