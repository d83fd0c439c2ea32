r"""Whether an answer is the gold answer: a cascade, cheap and exact steps first.

    raw text → caps → text without dress → exact numbers → choices → readings → symbolic

A *reading* (`harness.grading.reader`) is a number with its unit, a tuple, an interval, an
equation, words … Readings are compared kind by kind, formulae in them exactly or to a hundred
digits. What this cannot settle goes to math-verify, in a process that can be killed, and
behind vetoes. Whatever remains is `undecided`, with its reason, and never `wrong`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from harness.grading.conventions import DEFAULT_CONVENTIONS, Conventions
from harness.grading.equality import is_printed_float
from harness.grading.formula_nodes import Node
from harness.grading.matching import Matcher
from harness.grading.normalisation import plain_latex
from harness.grading.other_readings import other_readings
from harness.grading.reader import read_answer
from harness.grading.readings import Amount, Numeral, Ratio, Reading, Words
from harness.grading.sentences import answer_in_sentence
from harness.grading.verdict import Outcome
from harness.grading.words import choice_of

MAX_ANSWER_CHARACTERS = 1000
NEEDS_SYMBOLIC = "none"
_STRANGE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")
_DIGITS = rf"\d{{1,{MAX_ANSWER_CHARACTERS}}}"
_NUMBER = re.compile(
    rf"([-+]?)(?:(?P<groups>[1-9]\d{{0,2}}(?:,\d{{3}})+)|(?P<whole>{_DIGITS}))?(?:\.(?P<part>{_DIGITS})?)?",
    re.ASCII,
)
_QUOTIENT = re.compile(rf"([-+]?)({_DIGITS})/({_DIGITS})", re.ASCII)
_LATEX_QUOTIENT = re.compile(rf"([-+]?)\\frac\{{(-?{_DIGITS})\}}\{{({_DIGITS})\}}", re.ASCII)
_CONTENT = re.compile(r"[^\W_]|\\{\s?\\}")
_TEXT = re.compile(r"\\text(?:bf|it|rm|normal)?\s*\{([^{}]*)\}")
_SPACE = re.compile(r"(?<!\d) +| +(?!\d)")
_OUTCOMES: dict[bool | None, Outcome] = {True: "correct", False: "wrong", None: "undecided"}
# The symbolic stage: golds and answers in, a comparison out.
Symbolic = Callable[[str, str], "Comparison"]


class Comparison(NamedTuple):
    """An outcome, the stage that decided, and the reason where one is needed."""

    outcome: Outcome
    stage: str
    reason: str = ""


def compare(
    gold: str,
    answer: str,
    options: Conventions = DEFAULT_CONVENTIONS,
    symbolic: Symbolic | None = None,
) -> Comparison:
    """The whole cascade.

    Args:
        gold: the reference answer.
        answer: as extracted from a completion.
        options: conventions on what counts as the same answer.
        symbolic: the last stage; None: what needs it stays undecided.
    """
    if gold == answer and gold.strip():
        return Comparison("correct", "raw")
    if max(len(gold), len(answer)) > MAX_ANSWER_CHARACTERS:
        return Comparison("undecided", "cap", f"over {MAX_ANSWER_CHARACTERS} characters")
    if not gold.strip():
        return Comparison("undecided", "gold", "the gold answer is empty")
    if _STRANGE.search(answer) or _STRANGE.search(gold):
        return Comparison("undecided", "cap", "control characters")
    found = _exact(gold, answer, options) or _by_sentence(gold, answer, options)
    found = found or _by_reading(gold, answer, options)
    if found.stage == NEEDS_SYMBOLIC and symbolic is not None:
        return symbolic(gold, answer)
    return found


def _exact(gold: str, answer: str, options: Conventions) -> Comparison | None:
    """Texts equal without their dress, plain numbers, and choices; None: none of these."""
    a = _plain_number(gold, options)
    b = None if a is None else _plain_number(answer, options)
    if a is not None and b is not None:
        return _numbers(a, b, (gold, answer), options)
    plain_gold, plain_answer = normalised(gold, options), normalised(answer, options)
    if not _CONTENT.search(plain_answer):
        return Comparison("wrong", "normalised", "the answer is empty")
    if plain_gold == plain_answer and options.leading_zeros:
        return Comparison("correct", "normalised")
    letter = choice_of(plain_gold, with_text=False)
    if letter and letter.isupper():
        said = plain_latex(answer, options)
        said = said.partition("=")[2] or said
        if choice_of(said, with_text=options.choice_text) == letter:
            return Comparison("correct", "choice")
    return None


def _numbers(a: Fraction, b: Fraction, texts: tuple[str, str], options: Conventions) -> Comparison:
    if a == b:
        return Comparison("correct", "number")
    if options.decimals is not None and round(a, options.decimals) == round(b, options.decimals):
        return Comparison("correct", "number", f"rounded to {options.decimals} places")
    gold, answer = texts
    if options.float_noise and len(answer) > 16:
        reading = read_answer(answer, options)
        if isinstance(reading, Amount) and is_printed_float(
            reading.node, Node("number", name=gold.strip("+- "), value=a)
        ):
            return Comparison("correct", "number", "as a computer prints it")
    return Comparison("wrong", "number")


def _plain_number(text: str, options: Conventions) -> Fraction | None:
    if not (options.leading_zeros and options.unreduced):
        return None
    return exact_number(text.strip())


def exact_number(text: str) -> Fraction | None:
    """The number that a text is, exactly; None where it is none, or over the cap on digits."""
    if found := _NUMBER.fullmatch(text):
        whole, part = (
            found["whole"] or (found["groups"] or "").replace(",", ""),
            found["part"] or "",
        )
        if not (whole or part):
            return None
        above, below = int(whole + part), 10 ** len(part)
    elif found := _QUOTIENT.fullmatch(text) or _LATEX_QUOTIENT.fullmatch(text):
        above, below = int(found[2]), int(found[3])
    else:
        return None
    if below == 0:
        return None
    return Fraction(-above if found[1] == "-" else above, below)


@lru_cache(maxsize=20_000)
def normalised(text: str, options: Conventions = DEFAULT_CONVENTIONS) -> str:
    r"""The text without dress and `\text`, and without spaces but those between digits."""
    plain = plain_latex(text, options)
    return _SPACE.sub("", _TEXT.sub(r" \1 ", plain) if "\\text" in plain else plain).strip()


def _by_sentence(gold: str, answer: str, options: Conventions) -> Comparison | None:
    """Sentences by the answers in them; None where neither is a sentence."""
    if not options.sentences:
        return None
    inner_gold = answer_in_sentence(gold, is_gold=True)
    inner_answer = answer_in_sentence(answer)
    if inner_gold is None and inner_answer is None:
        return None
    direct = _by_reading(gold, answer, options)
    if direct.outcome == "correct":
        return direct
    gold = gold if inner_gold is None else inner_gold
    answer = answer if inner_answer is None else inner_answer
    found = _exact(gold, answer, options) or _by_reading(gold, answer, options)
    return Comparison(found.outcome, found.stage, found.reason or "the answer in a sentence")


def _by_reading(gold: str, answer: str, options: Conventions) -> Comparison:
    matcher = Matcher(options)
    reading_gold, reading_answer = read_answer(gold, options), read_answer(answer, options)
    found = matcher.match(reading_gold, reading_answer)
    stage = _stage(reading_gold)
    if found is not True:
        for pair, reason in other_readings(reading_gold, reading_answer, gold, answer, options):
            if matcher.match(*pair) is True:
                return Comparison("correct", stage, reason)
    if found is None and _is_settled(reading_gold, reading_answer):
        return Comparison("undecided", stage, "equal at some points only, or without a value")
    if found is None:
        return Comparison("undecided", NEEDS_SYMBOLIC, "needs symbolic comparison")
    return Comparison(_OUTCOMES[found], stage)


def _is_settled(gold: Reading, answer: Reading) -> bool:
    """Whether an algebra system would not know more: both are formulae, or one is words."""
    if isinstance(gold, Amount) and isinstance(answer, Amount):
        return True
    return isinstance(gold, Words | Numeral | Ratio) or isinstance(answer, Words | Numeral | Ratio)


def _stage(gold: Reading) -> str:
    """The stage is named after what the gold answer is."""
    if isinstance(gold, Amount):
        plain = gold.node.kind in ("number", "negative", "quotient", "mixed")
        return "quantity" if gold.unit else "number" if plain else "expression"
    return type(gold).__name__.lower()
