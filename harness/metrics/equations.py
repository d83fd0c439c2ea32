r"""The equations in a chain of thought, in one spelling: what makes two chains the same by RFT.

Yuan et al. (2023, "Scaling relationship on learning mathematical reasoning", RFT) tell solutions
apart by the equations that they compute. Read are the calculator marks of GSM8K,
`<<48/2=24>>`, and plain equations in prose or LaTeX, `48 clips / 2 = 24 clips` and
`\frac{48}{2} = 24`, all three to `48/2=24`. A chain of equalities counts as its steps. Left out
are units, currencies and layout; kept are the order of operands (3+4 is not 4+3), and letters,
so that `2x + 3 = 7` is an equation too.

Completions are text of strangers: every step is linear in the text, and nothing is evaluated.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import compress, pairwise

from harness.grading.normalisation import latex_symbols

_MARK = re.compile(r"<<([^<>\n]{1,300})>>\s*[$€£]?\s*-?[\d,]*\.?\d*%?")
_MARK_PLACE = "\x00"
_CONTINUED = re.compile(r"(?:\n|\\\\)[ \t&]{0,40}=")
_BULLET = re.compile(r"\n[ \t]{0,40}(?:[-*•+]|\d{1,3}[.)])\s+")
_LATEX_THOUSANDS = re.compile(r"(\d)(?:\{,\}|\\,|,\\!)(?=\d{3})")
_LATEX_SPACE = re.compile(r"\\(?<!\\\\)[,;:! ]")
# Every alternative begins with one of a few signs, which the search can skip to.
_PIECE = re.compile(
    r"[\n;:?\x00!\\.,](?:(?<=[\n;:?\x00])|(?<=!)(?:(?<=\s!)=|(?!\s*[-=*/+)]))"
    r"|(?<=\\)(?:\\|(?:approx|leq?|geq?|neq?|to|implies|iff|[A-Za-z]*arrow)\b"
    r"|(?:begin|end)\{[a-z]{1,20}\*?\})|(?<=[.,])(?!\d)|(?<=,)(?<!\d,))"
)
_FRACTION = re.compile(r"\\[dt]?frac\s*(?:\{([^{}]*)\}|(\d))\s*(?:\{([^{}]*)\}|(\d))")
_RAISED = re.compile(r"\^\s*\{([^{}]*)\}")
_ROOT = re.compile(r"\\sqrt\s*\{([^{}]*)\}")
_LOWERED = re.compile(r"_\s*\{\s*(\w+)\s*\}")
_WRAPPED = re.compile(r"\\(?:text(?:bf|it|rm)?|math(?:rm|bf|it)|mbox|boxed|fbox|operatorname)\b")
_LAYOUT = re.compile(
    r"[\\$€£&{}~](?:(?<!\\)|(?<=\\)(?:[()\[\]$]"
    r"|(?:left|right|[bB]igg?[lrm]?|displaystyle|quad|qquad)(?![A-Za-z])))"
)
_WORDS_IN_BRACKETS = re.compile(r"\(\s*[A-Za-z]{2}[^()=\d]*\)")
_PERCENT_OF = re.compile(r"%\s+of\s+")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:(?:\d{1,3}(?:,\d{3}){1,9}(?!\d)|\d+)(?:\.\d+)?|\.\d+)(?:\s?%)?)"
    r"|(?P<sign>\*\*|[-+*/^()=!])"
    r"|(?P<prose>[A-Za-z]{2,}(?: [A-Za-z]{2,}(?![\w(]))+)"
    r"|(?P<word>\\?[A-Za-z]+(?:_\w+)?)|(?P<other>\S))"
)
_LONE = re.compile(r"(?<![A-Za-z])\(([\d.]+|[A-Za-z])\)")
_MULTIPLY = ("\\times", "\\cdot", "\\ast", "\\div")
_FUNCTIONS = ("sqrt", "log", "ln", "sin", "cos", "tan", "\\log", "\\ln", "\\sin", "\\cos", "\\tan")
_OPEN = frozenset("+-*/^(")
_OPERATIONS = frozenset("+-*/^!")
_BETWEEN = frozenset("+-*/^")
_SIGNS = frozenset([*"+-*/^()=!", "**", *_MULTIPLY])
_UNKNOWN = "?"  # An operand in words: the side is no equation's.
_MOST_UNIT_WORDS = 3
_NESTED_FRACTIONS = 8
_REMEMBERED = 100  # Characters of a piece at most whose equations are remembered.


def equations_of(text: str) -> Counter[str]:
    """The multiset of equations in a chain, each as `left=right` without spaces."""
    found: Counter[str] = Counter()
    if "=" not in text:
        return found
    if "<<" in text:
        for mark in _MARK.findall(text):
            found.update(_in_mark(mark))
        text = _MARK.sub(_MARK_PLACE, text)
    found.update(_equations_in(text))
    return found


@lru_cache(maxsize=100_000)
def _in_mark(mark: str) -> tuple[str, ...]:
    """What is no arithmetic, such as 12=12, was marked all the same."""
    return tuple(_equations_in(mark)) or (("".join(mark.split()),) if "=" in mark else ())


def _equations_in(text: str) -> Iterator[str]:
    if "=" not in text:
        return
    is_latex = "\\" in text
    text = _lines_with_equality(text, and_before=True)
    if is_latex:
        text = _LATEX_SPACE.sub(" ", _LATEX_THOUSANDS.sub(r"\1,", text))
    text = "\n" + _lines_with_equality(_CONTINUED.sub(" =", text))
    text = _PERCENT_OF.sub("% * ", _BULLET.sub("\n\n", text))
    for piece in _PIECE.split(text):
        if "=" in piece:
            yield from _read_again(piece) if len(piece) <= _REMEMBERED else _read(piece)


def _lines_with_equality(text: str, *, and_before: bool = False) -> str:
    """The lines with an equals sign, and those before them, which they may go on."""
    lines = text.split("\n")
    kept = ["=" in line for line in lines]
    if and_before:
        kept = [own or after for own, after in zip(kept, [*kept[1:], False], strict=True)]
    return "\n".join(compress(lines, kept))


def _read(piece: str) -> tuple[str, ...]:
    return tuple(_Statement().read(_plain(piece)))


_read_again = lru_cache(maxsize=100_000)(_read)  # Samples of one problem share many steps.


def _plain(piece: str) -> str:
    """A piece of text with its LaTeX in the signs of a calculator."""
    piece = latex_symbols(piece)
    if "\\" in piece or "{" in piece:
        piece = _WRAPPED.sub(" ", _LOWERED.sub(r"_\1", piece))
        for _ in range(_NESTED_FRACTIONS):
            simpler = _ROOT.sub(r" sqrt(\1)", piece) if "\\sqrt" in piece else piece
            if "^" in simpler:
                simpler = _RAISED.sub(r"^(\1)", simpler)
            if "frac" in simpler:
                simpler = _FRACTION.sub(r"(\1\2)/(\3\4)", simpler)
            if simpler == piece:
                break
            piece = simpler
    piece = _LAYOUT.sub(" ", piece.replace("\\%", "%"))
    return _WORDS_IN_BRACKETS.sub(" ", piece.replace("[", "(").replace("]", ")"))


class _Statement:
    """Reads a piece of text from left to right, and keeps the sides of equalities."""

    def __init__(self) -> None:
        self._side: list[str] = []  # The one that is being read; the last of the sides.
        self._sides = [self._side]
        self._found: list[str] = []
        self._unit_words = self._depth = 0
        self._after_prose = False

    def read(self, text: str) -> list[str]:
        """The equations of the piece, in order."""
        tokens = list(_TOKEN.finditer(text.rstrip()))
        for place, token in enumerate(tokens):
            kind = token.lastgroup or ""
            word = token[kind]
            if kind == "number":
                self._operand(_number(word))
            elif kind == "sign":
                if word not in _BETWEEN or self._is_open() or self._unit_words:
                    end = token.end()
                    self._sign(word, is_prefix=text[end : end + 1].strip() != "")
                else:
                    self._side.append(word)
            elif kind == "word":
                start = token.start(kind)
                before = text[start - 1 : start]
                glued = before == ")" or before.isdigit()
                self._word(word, _word_at(tokens, place + 1), glued=glued)
            elif kind == "prose":
                self._prose(word.count(" ") + 1)
            else:
                self._end()
        self._end()
        return self._found

    def _is_open(self) -> bool:
        """Whether an operand is expected."""
        return not self._side or self._side[-1] in _OPEN

    def _operand(self, operand: str) -> None:
        side = self._side
        if side and side[-1] not in _OPEN:
            self._end()  # Two operands side by side: prose goes on, another statement begins.
        self._side.append(operand)
        self._unit_words = 0

    def _word(self, word: str, after: str, *, glued: bool) -> None:
        is_open = self._is_open()
        if word in _MULTIPLY:
            self._sign("/" if word == "\\div" else "*", is_prefix=False)
        elif word in "xX" and not (is_open or glued) and _begins_operand(after):
            self._sign("*", is_prefix=False)
        elif word in _FUNCTIONS and after == "(" and is_open:
            self._side.append(word.lstrip("\\"))
        elif _is_variable(word) and (glued or self._takes_variable(word, after)):
            self._side.append(word.lstrip("\\"))
            self._unit_words = 0
        else:
            self._prose(1)

    def _prose(self, words: int) -> None:
        if not self._side:
            self._after_prose = True
        elif not self._is_open():
            self._unit_words += words
        elif self._side[-1] == "/" and len(self._side) > 1:
            self._side.pop()  # `5 dollars/hour`: a unit.
            self._unit_words = words
        else:
            self._end()

    def _takes_variable(self, word: str, after: str) -> bool:
        """Whether a letter that stands alone is an operand, or a factor as in `5 x` or `a b`."""
        if after and after not in _SIGNS:
            return word.startswith("\\") and not self._unit_words
        return self._is_open() or (not self._unit_words and word not in ("a", "A", "I"))

    def _sign(self, sign: str, *, is_prefix: bool) -> None:
        is_open, words = self._is_open(), self._unit_words
        self._unit_words = 0
        if words > _MOST_UNIT_WORDS and sign != ")":
            self._end()
            is_open = True
        if sign == "=":
            self._side = []
            self._sides.append(self._side)
            self._depth, self._after_prose = 0, False
        elif sign == "(":
            self._bracket(is_open, words)
        elif sign == ")" and self._depth and not is_open:
            self._side.append(")")
            self._depth -= 1
        elif is_open and sign in ("*", "**"):
            return  # Emphasis of markdown.
        elif not self._side and (sign != "-" or (self._after_prose and not is_prefix)):
            self._side.extend((_UNKNOWN, sign))
        elif sign == ")" or (is_open and sign != "-"):
            self._end()
        else:
            self._side.append("^" if sign == "**" else sign)

    def _bracket(self, is_open: bool, words: int) -> None:
        if not is_open and words:
            self._end()
        elif not is_open and self._side[-1][-1] in "0123456789)":
            self._side.append("*")
        self._side.append("(")
        self._depth += 1

    def _end(self) -> None:
        """Keeps the equations of the statement so far, and begins another."""
        side = self._side
        while side and side[-1] in _OPEN:
            side.pop()  # A dash or emphasis at its end.
        if len(self._sides) > 1:
            self._keep()
            self._side = []
            self._sides = [self._side]
        elif side:
            side.clear()
        self._unit_words, self._depth, self._after_prose = 0, 0, False

    def _keep(self) -> None:
        spelled = [_spelled(side) for side in self._sides]
        telling = [_says_something(side) for side in self._sides]
        for (a, b), says in zip(pairwise(spelled), pairwise(telling), strict=True):
            if a and b and any(says):
                self._found.append(f"{a}={b}")


def _word_at(tokens: list[re.Match[str]], place: int) -> str:
    """A token without the space before it; empty behind the last."""
    return tokens[place][tokens[place].lastgroup or ""] if place < len(tokens) else ""


def _is_variable(word: str) -> bool:
    return len(word.partition("_")[0].lstrip("\\")) == 1 or word.startswith("\\")


def _begins_operand(token: str) -> bool:
    return token[:1].isdigit() or token[:1] in (".", "(")


def _number(numeral: str) -> str:
    """A number without commas, needless zeros and percent sign; text only, whatever its length."""
    if numeral.isdigit() and numeral[0] != "0":
        return numeral
    digits = numeral.rstrip("%")
    whole, _, part = digits.rstrip().replace(",", "").partition(".")
    if digits != numeral:
        whole = whole.zfill(2)
        whole, part = whole[:-2], whole[-2:] + part
    whole, part = whole.lstrip("0") or "0", part.rstrip("0")
    return f"{whole}.{part}" if part else whole


def _spelled(side: list[str]) -> str:
    """A side in one spelling; empty where it is not whole."""
    if not side or side[-1] in _OPEN or _UNKNOWN in side or side.count("(") != side.count(")"):
        return ""
    spelled = "".join(side)
    return _LONE.sub(r"\1", spelled) if "(" in side else spelled


def _says_something(side: list[str]) -> bool:
    """Whether an equality with this side computes or names something: 5 = 5 does not."""
    return not _OPERATIONS.isdisjoint(side) or any(token[0].isalpha() for token in side)
