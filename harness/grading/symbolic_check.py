r"""The symbolic comparison: math-verify, and vetoes on what it accepts.

Runs inside the worker only. math-verify compares generously: it keeps a parsed prefix, rounds,
and lowers letters. So the whole text must have been parsed, and what it calls equal must be the
same expression, or be equal at points to forty digits.
"""

from __future__ import annotations

import logging
import re
from fractions import Fraction
from typing import Any

DIGITS = 40
_POINTS = 4
_SET_POINTS = [Fraction(n, 4) for n in range(-48, 49)] + [Fraction(n * 25) for n in range(-8, 9)]


def preload() -> None:
    """Imports what the comparison needs, once, before the worker forks."""
    import math_verify  # noqa: F401
    import sympy  # noqa: F401

    logging.disable(logging.CRITICAL)


def symbolic_outcome(gold: str, answer: str) -> tuple[str, str]:
    """Outcome and reason of comparing two texts in plain LaTeX.

    Args:
        gold: the gold answer, as `plain_latex` leaves it.
        answer: the answer, the same.
    """
    left, right = _parsed(gold), _parsed(answer)
    if left is None:
        return "undecided", "the gold answer was not parsed as a whole"
    if right is None:
        return "undecided", "the answer was not parsed as a whole"
    if _letters_differ_in_case(gold, answer):
        return "undecided", "letters that differ in case"
    if left == right:
        return "correct", "the same expression"
    if not plain_math_verify(gold, answer):
        different = _equal_in_numbers(left, right) is False
        return ("wrong", "different values") if different else ("undecided", "not proven equal")
    if _equal_in_numbers(left, right) is True:
        return "correct", "math-verify, and equal to 40 digits"
    return "undecided", "math-verify accepts it, and its values could not be checked"


def plain_math_verify(gold: str, answer: str) -> bool:
    """What math-verify says by itself of two texts in LaTeX, each between dollars."""
    from math_verify import parse, verify

    left, right = (
        parse(text if "$" in text else f"${text}$", parsing_timeout=None) for text in (gold, answer)
    )
    return bool(verify(left, right, timeout_seconds=None))


def _parsed(text: str) -> Any:
    """The expression of the whole text; None where a rest was left, or a base was dropped."""
    if re.search(r"\d\s*_", text):
        return None
    from antlr4 import Token
    from latex2sympy2_extended import NormalizationConfig, latex2sympy, normalize_latex
    from latex2sympy2_extended.latex2sympy2 import _Latex2Sympy

    plain = normalize_latex(
        text,
        NormalizationConfig(
            basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="none"
        ),
    )
    if re.sub(r"[\s{}]", "", plain).count("\\") != re.sub(r"[\s{}]", "", text).count("\\"):
        return None
    try:
        parser = _Latex2Sympy(None, None, False).create_parser(plain)
        parser.math()
        if parser.getTokenStream().LA(1) != Token.EOF:
            return None
        return _canonical(latex2sympy(plain, is_real=True, normalization_config=None))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 (its parser raises bare exceptions and many others)
        return None


def _canonical(expression: Any) -> Any:
    """The expression built again, so that products and unions are in the library's own order."""
    arguments = getattr(expression, "args", ())
    if not arguments:
        return expression
    return expression.func(*[_canonical(argument) for argument in arguments])


def _letters_differ_in_case(gold: str, answer: str) -> bool:
    letters = [set(re.sub(r"\\[A-Za-z]+", "", text)) for text in (gold, answer)]
    mine, other = ({c for c in found if c.isalpha()} for found in letters)
    return any(c.swapcase() in other and c not in other for c in mine)


def _equal_in_numbers(a: Any, b: Any) -> bool | None:
    """Whether two expressions have the same values; None where that cannot be computed."""
    import sympy

    if isinstance(a, sympy.Set) and isinstance(b, sympy.Set):
        return _same_members(a, b)
    if not (isinstance(a, sympy.Expr) and isinstance(b, sympy.Expr)):
        return None
    a, b = a.doit(), b.doit()
    letters = sorted(a.free_symbols | b.free_symbols, key=str)
    for number in range(_POINTS if letters else 1):
        point = {
            letter: sympy.Rational(17 + 13 * place + 29 * number, 11 + 3 * number)
            for place, letter in enumerate(letters)
        }
        left, right = (sympy.N(side.subs(point), DIGITS) for side in (a, b))
        if not (left.is_number and right.is_number and left.is_finite and right.is_finite):
            return None
        scale = max(abs(left), abs(right))
        if abs(left - right) > scale * sympy.Float(10, DIGITS) ** (5 - DIGITS):
            return False
    return True


def _same_members(a: Any, b: Any) -> bool | None:
    import sympy

    for value in _SET_POINTS:
        point = sympy.Rational(value.numerator, value.denominator)
        left, right = a.contains(point), b.contains(point)
        if left not in (sympy.true, sympy.false) or right not in (sympy.true, sympy.false):
            return None
        if left != right:
            return False
    ends = [set(s.boundary) if isinstance(s.boundary, sympy.FiniteSet) else None for s in (a, b)]
    return True if ends[0] is not None and ends[0] == ends[1] else None
