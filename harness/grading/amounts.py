r"""Amounts: a formula with a unit, a currency or a percent sign, as in `5\text{ cm}^2`."""

from __future__ import annotations

from collections.abc import Sequence

from harness.grading.formula_nodes import Node
from harness.grading.formulas import parse_formula
from harness.grading.readings import Amount
from harness.grading.tokens import Token, Unreadable
from harness.grading.units import CURRENCIES, DEGREE, LETTERS, Unit, is_known, unit_of

_PERCENT = ("\\%", "%")
_VOWELS = frozenset("aeiouy")


def read_amount(tokens: Sequence[Token]) -> Amount:
    """A formula and its unit.

    Raises:
        Unreadable: the tokens are no formula, or what stands behind it is no unit.
    """
    tokens, currency = _without_currency(tokens)
    border = _unit_start(tokens)
    unit = currency
    if border < len(tokens):
        if not all(_may_name_a_unit(token) for token in tokens[border:]):
            raise Unreadable("words that are no unit")
        unit = unit_of(_words(tokens[border:]))
        named = any(token.kind in ("number", "command") for token in tokens[:border])
        if not (named or border == 1):
            raise Unreadable("words that are no formula with a unit")
        if unit is None or (currency and unit.dimensions and unit != currency):
            raise Unreadable("words that are no unit")
        unit = currency or unit
    node = parse_formula(tokens[:border])
    if unit is None and node.kind == "degrees":
        return Amount(node.parts[0], DEGREE)
    if unit is None and node.kind == "negative" and node.parts[0].kind == "degrees":
        return Amount(Node("negative", node.parts[0].parts), DEGREE)
    return Amount(node, unit)


def _without_currency(tokens: Sequence[Token]) -> tuple[Sequence[Token], Unit | None]:
    r"""Takes a currency sign from the front (`-\$5`, `US\$5`) or from the end (`5 €`)."""
    tokens = list(tokens)
    for place in (0, 1):
        front = tokens[:place]
        signed = all(token.text in ("-", "+") for token in front)
        if signed and place < len(tokens) - 1 and tokens[place].text in CURRENCIES:
            unit = unit_of(CURRENCIES[tokens[place].text])
            return front + tokens[place + 1 :], unit
    if len(tokens) > 1 and tokens[-1].text in CURRENCIES:
        return tokens[:-1], unit_of(CURRENCIES[tokens[-1].text])
    return tokens, None


def _unit_start(tokens: Sequence[Token]) -> int:
    """Where the unit starts: at the first word, sign or known name behind the formula."""
    for place in range(1, len(tokens)):
        token = tokens[place]
        if token.text in _PERCENT or token.kind == "text":
            return place
        apart = token.spaced or token.upright or _is_digit(tokens, place)
        if token.kind == "letter" and apart and _is_unit_run(tokens, place):
            return place
        if token.text == "^" and place + 1 < len(tokens) and _is_temperature(tokens, place):
            return place
    return len(tokens)


def _is_digit(tokens: Sequence[Token], place: int) -> bool:
    return tokens[place - 1].kind == "number" or tokens[place - 1].text in ("}", ")")


def _is_temperature(tokens: Sequence[Token], place: int) -> bool:
    r"""`^\circ C` behind a number."""
    tail = "".join(token.text for token in tokens[place:])
    return tail.strip("^{}").replace("}", "").replace("{", "") in ("\\circC", "\\circF")


def _is_unit_run(tokens: Sequence[Token], place: int) -> bool:
    """Whether letters from here to the end are a unit, and not variables."""
    tail = tokens[place:]
    run = ""
    for token in tail:
        if token.kind != "letter" or (run and token.spaced):
            break
        run += token.text
    rest = tail[len(run) :]
    if rest and not all(t.kind in ("number", "letter", "text") or t.text in "^{}/*-" for t in rest):
        return False
    whole = "".join(token.text for token in tail)
    if len(run) >= 2 and is_known(run):
        return True
    if tail[0].upright and len(run) == 1 and run in LETTERS:
        return True
    if "/" in whole and whole.replace("/", "").isalpha():
        return all(is_known(part) for part in whole.split("/"))
    # `5 men`: three letters with a vowel, behind a number and a space, are a word.
    word = len(run) == 3 and all(t.kind == "text" for t in rest) and bool(_VOWELS & set(run))
    return word and tail[0].spaced and tokens[place - 1].kind == "number"


def _may_name_a_unit(token: Token) -> bool:
    if token.kind == "command":
        return token.text in ("\\circ", "\\mu", "\\pi", "\\Omega")
    return token.kind not in ("function", "separator", "relation")


def _words(tokens: Sequence[Token]) -> str:
    text = "".join((" " if t.spaced or t.kind == "text" else "") + t.text for t in tokens)
    if "\\circ" in text:
        return "degree " + text[-1]
    return text.replace("{", "").replace("}", "").replace("\\", "").replace("%", " percent ")
