"""A fuzzer with a time box: random and mutated answers get a verdict, quickly, whatever they are.

`GRADING_FUZZ_SECONDS` lengthens it; what it finds goes into `pairs.py` or `hostile.py`.
"""

from __future__ import annotations

import os
import random
import time
from fractions import Fraction

from harness.grading import FORMATS, Grader, compare_answers, extract_answer
from tests.grading.hostile import HOSTILE
from tests.grading.pairs import PAIRS

SECONDS = float(os.environ.get("GRADING_FUZZ_SECONDS", "6"))
PIECES = [
    *"0123456789+-*/^(){}[]|,;:.=<>!%$&_ '\\xyabien", "\\frac", "\\frac{1}{2}", "\\sqrt",
    "\\sqrt{2}",
    "\\pi", "\\infty", "\\text{", "\\text{ cm}", "\\left(", "\\right)", "\\boxed{", "\\pm", "\\cup",
    "\\begin{pmatrix}", "\\end{pmatrix}", "\\\\", "&", "\\sin", "\\log_", "^{", "_{", "\\overline{",
    "\\{", "\\}", "\\le", "\\in", "\\%", "\\$", "^\\circ", " and ", " or ", "...", "1,000", "0.3",
    "1e5", "\\binom", "\\cdot", "\\times 10^", "\\lfloor", "\\rfloor", "\\angle", "x_1", "dollars",
    "\u221a", "\u00b2", "\u00bd", "\uff11", "\u0445", "\x00", "\n", "\ud800", "**", "#### ",
    "\\over",
]  # fmt: skip


def random_answer(source: random.Random) -> str:
    return "".join(source.choices(PIECES, k=source.randint(1, 25)))


def mutated(text: str, source: random.Random) -> str:
    for _ in range(source.randint(1, 3)):
        place = source.randint(0, len(text))
        cut = place + source.choice([0, 0, 1, 1, 2, 5])
        text = text[:place] + source.choice(["", *PIECES]) + text[cut:]
    return text


def test_any_pair_gets_a_verdict_in_time() -> None:
    seed = random.SystemRandom().randint(0, 10**9)
    source = random.Random(seed)
    corpus = [side for pair in PAIRS for side in pair[:2]]
    corpus += [text for text in HOSTILE if len(text) < 300]
    ends, count = time.monotonic() + SECONDS, 0
    while time.monotonic() < ends:
        count += 1
        gold = source.choice(corpus)
        made = random_answer(source) if source.random() < 0.4 else mutated(gold, source)
        answer = source.choice([made, made, source.choice(corpus)])
        started = time.process_time()
        verdict = compare_answers(gold, answer)
        spent = time.process_time() - started  # The worker's own deadline bounds the rest.
        assert spent < 0.5, f"seed {seed}: {gold!r} {answer!r} took {spent:.2f} s"
        assert verdict.outcome in ("correct", "wrong", "undecided")
        for format in FORMATS:
            extract_answer(answer, format)
    assert count > 50


def test_values_that_differ_are_never_equal() -> None:
    """Random arithmetic, written in LaTeX, worth what Python's fractions say."""
    source = random.Random(20)
    for _ in range(1500):
        (text, value), (other, worth) = (expression(source, 3) for _ in range(2))
        outcome = compare_answers(text, other).outcome
        assert (outcome == "correct") == (value == worth), (text, other, value, worth)
        shifted = value + Fraction(1, 10 ** source.randint(1, 30))
        plain = f"\\frac{{{shifted.numerator}}}{{{shifted.denominator}}}"
        assert compare_answers(text, plain).outcome == "wrong", (text, plain)


def expression(source: random.Random, depth: int) -> tuple[str, Fraction]:
    """A formula in LaTeX and its value."""
    if depth == 0 or source.random() < 0.2:
        value = Fraction(source.randint(0, 40))
        if source.random() < 0.3:
            return f"{value.numerator}.5", value + Fraction(1, 2)
        return str(value.numerator), value
    (a, x), (b, y) = expression(source, depth - 1), expression(source, depth - 1)
    shape = source.randint(0, 5)
    if shape == 0:
        return f"({a}) + {b}", x + y
    if shape == 1:
        return f"{a} - \\left({b}\\right)", x - y
    if shape == 2:
        return f"({a})\\cdot({b})", x * y
    if shape == 3 and y != 0:
        return f"\\frac{{{a}}}{{{b}}}", x / y
    if shape == 4:
        return f"\\left({a}\\right)^{{2}}", x**2
    return f"-({a})", -x


def test_formats_do_not_make_answers_up() -> None:
    """Nothing that stands in no completion is extracted from it."""
    source = random.Random(21)
    with Grader("boxed", memo=False) as grader:
        pairs = [("73914", random_answer(source) * 20) for _ in range(400)]
        assert "correct" not in {verdict.outcome for verdict in grader.grade(pairs)}
