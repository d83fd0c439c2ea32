"""Harmless rewrites and harmful mutations of gold answers, for property tests and benchmarks.

A rewrite changes how an answer looks and must be accepted; a mutation changes what it says and
must not be. Both are made with regular expressions on the text, on purpose without any code of
the grader. A mutation that happens to keep the value (`1/1` flipped) is left out by its maker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

_INTEGER = re.compile(r"-?\d+")
_DECIMAL = re.compile(r"-?\d+\.\d+")
_FRACTION = re.compile(r"(-?)\\frac\{(\d+)\}\{(\d+)\}")
_WORD = re.compile(r"[A-Za-z]{4,}")


def rewrites(gold: str) -> Iterator[tuple[str, str]]:
    """Name and text of each rewrite."""
    yield "dollars", f"${gold}$"
    yield "full stop", f"{gold}."
    yield "dollars and full stop", f"${gold}$."
    yield "display", f"\\[ {gold} \\]"
    yield "inline", f"\\({gold}\\)"
    yield "spaces around", f"  {gold} \n"
    yield "display style", f"\\displaystyle {gold}"
    yield "box", f"\\boxed{{{gold}}}"
    if "," in gold and "{,}" not in gold and not re.search(r"\d,\d{3}(?!\d)", gold):
        yield "space behind commas", re.sub(r",\s*", ", ", gold)
        yield "no space behind commas", re.sub(r",\s+", ",", gold)
    if "\\frac" in gold:
        yield "dfrac", gold.replace("\\frac", "\\dfrac")
        yield "tfrac", gold.replace("\\frac", "\\tfrac")
        yield "short frac", re.sub(r"\\frac\{(\d)\}\{(\d)\}", r"\\frac\1\2", gold)
    if re.search(r"[(\[]", gold) and "\\left" not in gold and _balanced(gold):
        wide = re.sub(r"(?<!\\)([(\[])", r"\\left\1", gold)
        yield "left right", re.sub(r"(?<!\\)([)\]])", r"\\right\1", wide)
    if not re.search(r"[=<>]|\\(?:in|le|ge|ne|cup|text)\b|\\[lgn]eq|[A-Za-z]{4}|,|\\pm", gold):
        yield "x =", f"x = {gold}"
    yield from _numbers_rewritten(gold)
    if "\\text{" in gold:
        yield "without text", re.sub(r"\\text\{([^{}]*)\}", r"\1", gold)
    elif re.fullmatch(r"[A-Za-z]{4,}", gold):
        yield "text", f"\\text{{{gold}}}"


def _numbers_rewritten(gold: str) -> Iterator[tuple[str, str]]:
    if _INTEGER.fullmatch(gold):
        yield ".0", f"{gold}.0"
        yield "bold", f"**{gold}**"
        yield "text", f"\\text{{{gold}}}"
        yield "over one", f"\\frac{{{gold}}}{{1}}"
        yield "mathbf", f"\\mathbf{{{gold}}}"
        yield "code", f"`{gold}`"
        yield "braces", f"{{{gold}}}"
        yield "quads", f"\\quad {gold} \\quad"
        yield "apples", f"{gold} apples"
        yield "sentence", f"So the answer is ${gold}$."
        yield "zero width", f"\u200b{gold}\u2060"
        if len(gold.lstrip("-")) > 3:
            yield "thousands", f"{int(gold):,}"
            yield "thousands in LaTeX", f"{int(gold):,}".replace(",", "{,}")
            yield "thin thousands", f"{int(gold):,}".replace(",", "\\,")
    if found := _FRACTION.fullmatch(gold):
        value = Fraction(int(found[2]), int(found[3]))
        yield "slash", f"{found[1]}{found[2]}/{found[3]}"
        yield "doubled", f"{found[1]}\\frac{{{2 * int(found[2])}}}{{{2 * int(found[3])}}}"
        if 10**6 % value.denominator == 0:
            yield "decimal", f"{found[1]}{float(value)}"
    if _DECIMAL.fullmatch(gold):
        yield "a zero more", f"{gold}0"
        value = Fraction(gold)
        yield "fraction", f"\\frac{{{value.numerator}}}{{{value.denominator}}}"


def mutations(gold: str) -> Iterator[tuple[str, str]]:
    """Name and text of each mutation."""
    if (digits := list(re.finditer(r"\d", gold))) and "\\binom" not in gold:
        last = digits[-1]
        changed = str((int(last[0]) + 1) % 10)
        yield "last digit", gold[: last.start()] + changed + gold[last.end() :]
    if _INTEGER.fullmatch(gold) or _DECIMAL.fullmatch(gold):
        yield from _numbers_mutated(gold)
    if found := _FRACTION.fullmatch(gold):
        if found[2] != found[3]:
            yield "flipped", f"{found[1]}\\frac{{{found[3]}}}{{{found[2]}}}"
        yield "sign", gold[1:] if found[1] else f"-{gold}"
        yield "only above", f"{found[1]}{found[2]}"
    if "\\sqrt" in gold and re.match(r"\d+\\sqrt", gold):
        yield "only the factor", gold.partition("\\")[0]
    if gold[:1] in "([" and gold[-1:] in ")]" and "," in gold and "\\cup" not in gold:
        other = "[" if gold[0] == "(" else "("
        yield "bracket", other + gold[1:]
    comma_number = re.fullmatch(r"\d+,\d+", gold) or re.search(r"\d,\d{3}(?!\d)", gold)
    if "," in gold and not comma_number and "\\" not in gold:
        yield "dropped element", re.sub(r",[^,()\[\]]*(?=[)\]]?$)", "", gold)
    if (word := _WORD.fullmatch(gold.replace("\\text{", "").removesuffix("}"))) is not None:
        yield "another word", gold.replace(word[0], "elsewhere")
        turned = word[0][1] + word[0][0] + word[0][2:]
        if turned.lower() != word[0].lower():
            yield "letters turned", gold.replace(word[0], turned)


def _numbers_mutated(gold: str) -> Iterator[tuple[str, str]]:
    value = Fraction(gold)
    if value == 0:
        return
    yield "sign", gold[1:] if gold.startswith("-") else f"-{gold}"
    yield "times ten", str(float(value * 10)) if "." in gold else f"{gold}0"
    yield "times a hundred", str(float(value * 100)) if "." in gold else f"{gold}00"
    yield "one more", str(int(value) + 1) if "." not in gold else str(float(value + 1))
    yield "root", f"{gold}\\sqrt{{3}}"
    yield "or another", f"{gold} or {int(value) + 1}"
    yield "and another", f"{gold}, {int(value) + 1}"
    yield "hedged", f"{gold} \\text{{ (or maybe {int(value) + 1})}}"
    yield "million", f"{gold} million"
    yield "taken back", f"the answer is not {gold}"
    yield "a power", f"{gold}^{{7}}" if abs(value) != 1 else "2^{7}"
    yield "near", f"{float(value) + 0.001}"


def _balanced(text: str) -> bool:
    return text.count("(") + text.count("[") == text.count(")") + text.count("]")
