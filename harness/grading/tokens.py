r"""Tokens of an answer in LaTeX or plain text.

One regular expression, one pass. Words in `\text{…}` and runs of letters that are no
mathematics become `text` tokens; digits separated by spaces stay separate numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

Kind = Literal["number", "letter", "command", "function", "text", "separator", "relation", "sign"]

MAX_DIGITS = 1000
FUNCTIONS = frozenset(
    {"sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh",
     "tanh", "coth", "ln", "log", "lg", "exp", "gcd", "lcm", "max", "min"}
)  # fmt: skip
WORDS = {"pi": "\\pi", "sqrt": "\\sqrt", "infinity": "\\infty", "infty": "\\infty",
         "inf": "\\infty", "theta": "\\theta", "alpha": "\\alpha", "beta": "\\beta"}  # fmt: skip
_RELATIONS = {
    "=": "=", "==": "=", "\\equiv": "=", "\\approx": "\\approx", "\\simeq": "\\approx",
    "<": "<", ">": ">", "\\lt": "<", "\\gt": ">", "<=": "\\le", ">=": "\\ge", "\\le": "\\le",
    "\\leq": "\\le", "\\leqslant": "\\le", "\\ge": "\\ge", "\\geq": "\\ge", "\\geqslant": "\\ge",
    "!=": "\\ne", "\\ne": "\\ne", "\\neq": "\\ne", "\\in": "\\in", "=<": "\\le",
}  # fmt: skip
_SAME = {
    "\\varnothing": "\\emptyset", "\\lvert": "|", "\\rvert": "|", "\\vert": "|", "\\mid": "|",
    "\\lbrace": "\\{", "\\rbrace": "\\}", "\\lbrack": "[", "\\rbrack": "]", "\\ast": "*",
    "\\cdot": "*", "\\times": "*", "\\div": "/", "\\dots": "\\ldots", "\\degree": "\\circ",
    "\\union": "\\cup", "\\bar": "\\overline", "\\dbinom": "\\binom", "\\tbinom": "\\binom",
    "\\choose": "\\choose", "\\euro": "\\text{euros}", "\\land": ",", "\\wedge": ",",
    "\\lor": ",", "\\vee": ",", "\\varphi": "\\phi", "\\varepsilon": "\\epsilon", "\\star": "*",
}  # fmt: skip
_STYLE = (
    r"\\(?:text(?:bf|it|rm|tt|sf|sc|normal|md|up)?|math(?:rm|bf|it|sf|tt|normal)|mbox|hbox"
    r"|operatorname\*?|emph|boldsymbol|bm|pmb|underline|rm|bf)"
)
_TOKEN = re.compile(
    rf"""(?P<style>{_STYLE}\s*\{{(?P<styled>[^{{}}]*)\}})
    |(?P<repeating>(?P<whole>\d*)\.(?P<fixed>\d*)(?:\\(?:overline|bar|dot)\s*(?:\{{(?P<period>\d+)\}}|(?P<digit>\d))|\((?P<parens>\d+)\)))
    |(?P<endless>\d*\.\d+(?=\s?\\ldots))\s?\\ldots
    |(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{{1,4}}(?![\d.]))?)
    |(?P<environment>\\(?:begin|end)\s*\{{[a-zA-Z]*\*?\}})
    |(?P<blackboard>\\math(?:bb|cal|frak|scr)\s*(?:\{{[A-Za-z]\}}|[A-Za-z]))
    |(?P<command>\\[A-Za-z]+|\\.)
    |(?P<letters>[A-Za-z]+)
    |(?P<relation><=|>=|!=|==|=<|[=<>])
    |(?P<power>\*\*)
    |(?P<space>\s+)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_WORD = re.compile(r"[A-Za-z]{2,}")


@dataclass(frozen=True, slots=True)
class Token:
    r"""One token.

    Attributes:
        kind: what it is.
        text: in one spelling.
        value: a number's exact value.
        spaced: a space stood before it.
        upright: it stood in `\text{…}` or the like, so a letter may be a unit.
    """

    kind: Kind
    text: str
    value: Fraction | None = None
    spaced: bool = False
    upright: bool = False


class Unreadable(Exception):
    """A text that is no mathematics that we read; the caller treats it as words."""


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text that `plain_latex` made.

    Raises:
        Unreadable: a number over the cap.
    """
    found: list[Token] = []
    spaced = False
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "space":
            spaced = True
            continue
        for token in _tokens(match):
            found.append(replace(token, spaced=True) if spaced else token)
            spaced = False
    return found


def _tokens(match: re.Match[str]) -> list[Token]:
    if match["number"]:
        return [Token("number", match["number"], decimal_value(match["number"]))]
    if match["letters"]:
        return _letters(match["letters"])
    if match["style"]:
        return _styled(match["styled"])
    if match["command"]:
        return _command(match["command"])
    if match["repeating"]:
        return [Token("number", match["repeating"], _repeating(match))]
    if match["endless"]:
        return [Token("number", match["endless"] + "\\ldots", _endless(match["endless"]))]
    if match["relation"]:
        return [Token("relation", _RELATIONS[match["relation"]])]
    if match["power"]:
        return [Token("sign", "^")]
    if match["environment"] or match["blackboard"]:
        kind: Kind = "sign" if match["environment"] else "letter"
        return [Token(kind, re.sub(r"\s", "", match[0]))]
    return [_other(match[0])]


def _other(character: str) -> Token:
    if character in ",;":
        return Token("separator", character)
    if not character.isascii() and (character.isalpha() or not character.isprintable()):
        return Token("text", character)
    return Token("sign", character)


def _letters(run: str) -> list[Token]:
    lower = run.lower()
    if lower in ("and", "or"):
        return [Token("separator", lower)]
    if run in FUNCTIONS:
        return [Token("function", run)]
    if lower in WORDS:
        return [Token("command", WORDS[lower])]
    if len(run) > 3:
        return [Token("text", run)]
    return [Token("letter", letter) for letter in run]


def _styled(content: str) -> list[Token]:
    r"""What stands in `\text{…}` or `\mathrm{…}`: words as they are, mathematics read."""
    content = content.strip()
    lower = content.lower().strip(" ,;")
    if lower in ("and", "or"):
        return [Token("separator", lower)]
    if content in FUNCTIONS:
        return [Token("function", content)]
    if not content:
        return []
    if content[0].isdigit() and content.isascii():
        return tokens_of(content)
    if _WORD.search(content) or not content.isascii():
        return _connected(content)
    return [replace(token, upright=True) for token in tokens_of(content)]


def _connected(content: str) -> list[Token]:
    """`B and D` is two words with a separator between them."""
    parts = re.split(r"\s+(?:and|or)\s+", f" {content} ")
    found: list[Token] = []
    for number, part in enumerate(parts):
        if number:
            found.append(Token("separator", "and"))
        words = part.strip(" ,;")
        if not words:
            continue
        single = len(parts) > 1 and not _WORD.search(words)
        found.extend(tokens_of(words) if single else [Token("text", words)])
    return found


def _command(command: str) -> list[Token]:
    command = _SAME.get(command, command)
    name = command[1:]
    if command in _RELATIONS:
        return [Token("relation", _RELATIONS[command])]
    if name in FUNCTIONS:
        return [Token("function", name)]
    if command == ",":
        return [Token("separator", "and")]
    if command.startswith("\\text{"):
        return [Token("text", command[6:-1])]
    if len(command) == 1 or not name.isalpha():
        return [Token("sign", command)]
    return [Token("command", command)]


def decimal_value(text: str) -> Fraction:
    """The exact value of `12`, `.5` or `1.5e-3`.

    Raises:
        Unreadable: over the cap on digits or on the exponent.
    """
    mantissa, _, exponent = text.lower().partition("e")
    power = int(exponent) if exponent else 0
    whole, _, part = mantissa.partition(".")
    if len(mantissa) > MAX_DIGITS or abs(power) > MAX_DIGITS or not mantissa.isascii():
        raise Unreadable("a number over the cap")
    value = Fraction(int(whole + part), 10 ** len(part))
    return value * Fraction(10) ** power


def _repeating(match: re.Match[str]) -> Fraction:
    period = match["period"] or match["digit"] or match["parens"]
    fixed, whole = match["fixed"], match["whole"] or "0"
    if len(whole) + len(fixed) + len(period) > MAX_DIGITS:
        raise Unreadable("a number over the cap")
    start = Fraction(int(whole + fixed), 10 ** len(fixed))
    return start + Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(fixed))


def _endless(text: str) -> Fraction | None:
    """`0.333…` and `0.1212…`: what repeats to the end; None where nothing does."""
    whole, _, part = text.partition(".")
    if len(text) > MAX_DIGITS:
        raise Unreadable("a number over the cap")
    for length in range(1, len(part) // 2 + 1):
        times = 3 if length == 1 else 2
        period = part[-length:]
        if part.endswith(period * times):
            fixed = part[: len(part) - length * times]
            start = Fraction(int(f"{whole}{fixed}" or "0"), 10 ** len(fixed))
            return start + Fraction(int(period), (10**length - 1) * 10 ** len(fixed))
    return None
