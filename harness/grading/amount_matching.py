"""Whether two amounts are equal: their formulae under the conventions, and their units."""

from __future__ import annotations

from fractions import Fraction

from harness.grading.conventions import Conventions
from harness.grading.equality import equal_when_rounded, equality, is_printed_float
from harness.grading.formula_nodes import Node, number
from harness.grading.readings import Amount
from harness.grading.units import Unit

_VOWELS = frozenset("aeiouAEIOU")
_SMALL_WORDS = frozenset({"no", "on"})
_PLAIN = frozenset({"number", "negative", "quotient", "mixed"})


def amounts_equal(gold: Amount, answer: Amount, options: Conventions) -> bool | None:
    """True, False, or None where it cannot be said."""
    if _is_percent(gold.unit) != _is_percent(answer.unit):
        return _percent_equal(gold, answer, options)
    if gold.unit is None and answer.unit is None:
        letters = _letters_equal(gold.text, answer.text, options)
        if letters != "formula":
            return letters == "same" if letters != "unknown" else None
        return formulas_equal(gold.node, answer.node, options)
    if gold.unit is None or answer.unit is None:
        equal = formulas_equal(gold.node, answer.node, options)
        return equal if options.units_optional else False
    return _with_units(gold, answer, options)


def _letters_equal(gold: str, answer: str, options: Conventions) -> str:
    """Runs of letters may be words: `no` is not `on`, and who knows whether `act` is `cat`."""
    if not (gold.isalpha() and answer.isalpha()) or len(gold) < 2 or gold == answer:
        return "formula"
    spoken = len(gold) > 2 and bool(_VOWELS & set(gold))
    if spoken and gold.lower() == answer.lower():
        return "same" if options.ignore_case else "different"
    if sorted(gold) != sorted(answer):
        return "formula"
    if gold in _SMALL_WORDS:
        return "different"
    return "unknown" if spoken else "formula"


def _is_percent(unit: Unit | None) -> bool:
    return unit is not None and unit.label in ("percent", "pct", "\\%", "%", "percentage")


def _percent_equal(gold: Amount, answer: Amount, options: Conventions) -> bool | None:
    percent, other = (gold, answer) if _is_percent(gold.unit) else (answer, gold)
    if other.unit is not None:
        return False
    found: list[bool | None] = []
    if options.percent != "fraction":
        found.append(formulas_equal(percent.node, other.node, options))
    if options.percent != "ignored":
        hundredth = Node("quotient", (percent.node, number(100)))
        found.append(formulas_equal(hundredth, other.node, options))
    return True if True in found else None if None in found else False


def _with_units(gold: Amount, answer: Amount, options: Conventions) -> bool | None:
    assert gold.unit is not None and answer.unit is not None
    a, b = gold.unit, answer.unit
    if a.dimensions and a.dimensions == b.dimensions:
        if a.size == b.size:
            return formulas_equal(gold.node, answer.node, options)
        if not options.convert_units:
            return False
        return formulas_equal(_times(gold.node, a.size), _times(answer.node, b.size), options)
    if a.dimensions and b.dimensions:
        return False
    equal = formulas_equal(gold.node, answer.node, options)
    same_words = set(a.label.split()) <= set(b.label.split()) or set(b.label.split()) <= set(
        a.label.split()
    )
    return equal if equal is False or same_words else None


def _times(node: Node, size: Fraction) -> Node:
    return Node("product", (node, number(size)))


def formulas_equal(gold: Node, answer: Node, options: Conventions) -> bool | None:
    """Whether two formulae without units are equal under the conventions."""
    infinite = infinite_sign(gold), infinite_sign(answer)
    if any(infinite):
        if all(infinite):
            return infinite[0] == infinite[1]
        return (
            False
            if equality(*[n for n in (gold, answer) if not infinite_sign(n)] * 2) == ("equal")
            else None
        )
    if not _allowed(gold, answer, options):
        return False
    if gold == answer:
        return True
    found = equality(gold, answer)
    if found == "equal":
        return True
    if options.float_noise and (is_printed_float(answer, gold) or is_printed_float(gold, answer)):
        return True
    if options.decimals is not None and equal_when_rounded(gold, answer, options.decimals):
        return True
    return False if found == "different" else None


def _allowed(gold: Node, answer: Node, options: Conventions) -> bool:
    """Whether the conventions on the form of an answer let it count."""
    if not options.leading_zeros and _leading_zero(answer) and not _leading_zero(gold):
        return False
    if not options.unreduced and _unreduced(answer) and not _unreduced(gold):
        return False
    return options.any_form or gold == answer or (_is_plain(gold) and _is_plain(answer))


def _is_plain(node: Node) -> bool:
    return node.kind in _PLAIN and all(_is_plain(part) for part in node.parts)


def _leading_zero(node: Node) -> bool:
    return node.kind == "number" and node.name[:1] == "0" and node.name[1:2].isdigit()


def _unreduced(node: Node) -> bool:
    if node.kind == "negative":
        return _unreduced(node.parts[0])
    if node.kind != "quotient" or any(part.kind != "number" for part in node.parts):
        return False
    above, below = (part.value for part in node.parts)
    return below == 0 or (above / below).denominator != below


def infinite_sign(node: Node) -> int:
    r"""1 for `\infty`, -1 for `-\infty`, 0 for any other formula."""
    if node.kind == "negative":
        return -infinite_sign(node.parts[0])
    return int(node.kind == "constant" and node.name == "infinity")
