"""Answers in words: choices, times of day, ratios, numerals, number words, plain text."""

from __future__ import annotations

import re

from harness.grading.formula_nodes import number
from harness.grading.readings import Amount, Numeral, Ratio, Reading, Words

_STYLE = re.compile(
    r"\\(?:text\w*|math(?:rm|bf|it|sf|tt)|mbox|hbox|operatorname\*?|emph|boxed|rm|bf|underline)(?![A-Za-z])"
)
_MARKS = re.compile(r"[{}$*`\"]|\\(?![A-Za-z])")
_NOT_WORDS = re.compile(r"[^\w+\-/:\\%^=<>|()\[\]]+")
_ARTICLE = re.compile(r"^(?:the|a|an) (?=\w{2})")
_ORDINAL = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)\b")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})\s*((?:[ap]\.?\s?m\.?)?)(?:\s*o'clock)?", re.IGNORECASE)
_RATIO = re.compile(r"\d{1,18}(?:\s?:\s?\d{1,18})+")
_NUMERAL = re.compile(r"\(?([0-9A-Fa-f]{1,500})\)?_(?:(\d{1,2})|([a-z]+))")
_CHOICE = re.compile(r"\(?([A-Za-z])\)?[.:)]?")
_CHOICE_NAMED = r"(?:(?:the )?(?:correct )?(?:option|choice|answer)(?: is)?:? )"
_CHOICE_WITH_TEXT = re.compile(
    rf"{_CHOICE_NAMED}?(?:\(([A-Za-z])\)[.:]?|([A-Za-z])[):.])(?:\s*(\S.*))?"
    rf"|{_CHOICE_NAMED}([A-Za-z])",
    re.IGNORECASE | re.DOTALL,
)
_BASES = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
          "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "sixteen": 16}  # fmt: skip
_UNDER_TWENTY = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NUMBERS = {word: value for value, word in enumerate(_UNDER_TWENTY)} | {
    word: 10 * value for value, word in enumerate(_TENS, start=2)
}
_SCALES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9}
_MEANINGS: dict[str, str] = {
    "empty set": "no elements", "the empty set": "no elements",
    "dne": "does not exist", "real numbers": "all real numbers", "reals": "all real numbers",
    "all reals": "all real numbers", "\\mathbb r": "all real numbers",
    "\\mathbbr": "all real numbers", "x\\in\\mathbbr": "all real numbers",
    "no real solutions": "no real solution", "no solutions": "no solution",
    "there is no solution": "no solution", "there are no solutions": "no solution",
}  # fmt: skip


def plain_words(text: str) -> str:
    r"""The text without `\text{…}`, braces and marks, spaces single."""
    return " ".join(_MARKS.sub("", _STYLE.sub(" ", text)).split())


def words_of(text: str) -> Words:
    """A text as words."""
    plain = _ORDINAL.sub(r"\1", plain_words(text))
    exact = " ".join(_NOT_WORDS.sub(" ", plain).split())
    folded = _ARTICLE.sub("", exact.lower())
    return Words(_MEANINGS.get(folded, folded), exact)


def special_reading(text: str, *, number_words: bool) -> Reading | None:
    """A time of day, a ratio, a numeral in a base, or a number in words; None: none of them."""
    plain = plain_words(text)
    if ":" in plain:
        if found := _CLOCK.fullmatch(plain):
            half = found[3].lower().replace(".", "").replace(" ", "")
            if int(found[2]) < 60 and int(found[1]) < 25:
                return Ratio((int(found[1]), int(found[2])), True, half)
        if _RATIO.fullmatch(plain):
            return Ratio(tuple(int(part) for part in plain.split(":")))
    if "_" in plain and (found := _NUMERAL.fullmatch(plain.replace(" ", ""))):
        base = int(found[2]) if found[2] else _BASES.get(found[3], 0)
        digits = found[1].upper().lstrip("0") or "0"
        if 2 <= base <= 36 and (base > 10 or any(map(str.isdigit, digits))):
            return Numeral(digits, base)
    if number_words and plain[:1].isalpha() and (value := number_in_words(plain)) is not None:
        return Amount(number(value))
    return None


def number_in_words(text: str) -> int | None:
    """`five`, `twenty-one`, `two thousand and five` as a number; None for anything else."""
    words = [word for word in text.lower().replace("-", " ").split() if word != "and"]
    if not words or len(words) > 12 or text.lower().split()[-1] == "and":
        return None
    total, small, last = 0, None, 10**15
    for word in words:
        scale = _SCALES.get(word)
        if scale is None:
            if (small := _with_word(small, word)) is None:
                return None
        elif scale == 100:
            if small is None or not 1 <= small <= 9:
                return None
            small *= 100
        elif small is None or scale >= last:
            return None
        else:
            total, small, last = total + small * scale, None, scale
    return total + (small or 0)


def _with_word(small: int | None, word: str) -> int | None:
    """A number below a thousand with one more word; None where it does not go on like that."""
    value = _NUMBERS.get(word)
    if value is None or small is None:
        return value
    if small == 0 or value == 0:
        return None
    room = 100 if small % 100 == 0 else 10 if small % 10 == 0 and small % 100 >= 20 else 0
    return small + value if value < room else None


def choice_of(text: str, *, with_text: bool) -> str | None:
    """The letter of a choice: `C`, `(C)`, `C.`, and with text behind it `(C) 25`."""
    plain = plain_words(text)
    if found := _CHOICE.fullmatch(plain):
        return found[1]
    found = _CHOICE_WITH_TEXT.fullmatch(plain)
    if found is None or (found[3] and not with_text):
        return None
    letter: str | None = found[1] or found[2] or found[4]
    behind = found[3] or ""
    another = re.match(r"(?:or|and|,)?\s*\(?[A-Z]\)(?!\w)|(?:or|and)\b", behind)
    return None if another else letter
