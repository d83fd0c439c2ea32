r"""Amounts as people say them: `2.5 million`, `five apples`, `two thirds`, `2 hours 30 minutes`.

Second readings only: they are tried where the first ones are not equal, so that nothing that is
understood without them is read another way. Each is exact, and none drops a word that could
change the value.
"""

from __future__ import annotations

import re
from fractions import Fraction

from harness.grading.units import Unit, unit_of
from harness.grading.words import number_in_words

_TEXT = re.compile(r"\\(?:text|mathrm|textbf|mbox)\s*\{([^{}]*)\}")
_EXACTLY = re.compile(r"(?:exactly|precisely|a total of) ", re.I)
_SIGN = re.compile(r"(?:minus|negative) (?=\S)", re.I)
_CODE = re.compile(r"(?:USD|US ?\\?\$) ?(?=[\d.])")
_SCALES = {"dozen": 12, "hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9,
           "trillion": 10**12}  # fmt: skip
_SCALED = re.compile(
    r"([-+]?(?:\\\$ ?)?)(\d{1,3}(?:,\d{3})+|\d{1,30})(?:\.(\d{1,30}))? ?"
    r"((?:(?:dozen|hundred|thousand|million|billion|trillion)\b ?)+)(.*)",
    re.I,
)
_PARTS = {"half": 2, "halve": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6,
          "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "twelfth": 12,
          "hundredth": 100, "thousandth": 1000}  # fmt: skip
_AND_A_HALF = re.compile(r"(.{1,40}) and (?:a|one)[ -]half", re.I)
_OVER = re.compile(r"(.{1,40}?) (?:out of|over|divided by) (.{1,40})", re.I)
_PART = re.compile(rf"(?:(.+?)[ -])?({'|'.join(_PARTS)})s?", re.I)
_SPOKEN = re.compile(r"([A-Za-z][A-Za-z -]*?)(?: ([A-Za-z][A-Za-z ./^\d]*))?", re.DOTALL)
_TWICE = re.compile(r"([^()]{1,40}) \(([^()]{1,40})\)|([A-Za-z -]{1,40}), or (\d[\d,]*)")
_ABSOLUTE = re.compile(r"\babs ?\(([^()|]*)\)")
_RATIO = re.compile(r"(\d{1,9})((?: to \d{1,9})+)")
_HOUR = re.compile(r"(\d{1,2}) ?(?:o'clock ?)?(|[ap]\.? ?m\.?)", re.I)
_AND_UNIT = re.compile(
    r"(?P<value>\d{1,12}(?:\.\d{1,12})?) ?(?P<unit>[A-Za-z]+\.?)(?:,? and |, ?| |$)"
)
_ABBREVIATED = {"in": "inch", "in.": "inch"}  # Alone it is a word, as in "5 in all".
_ORDINAL = re.compile(r"(\d{1,9}) ?\^? ?\{? ?(?:\\text\{)?(?:st|nd|rd|th)\}?\}?")
_ORDINALS = {word: str(value) for value, word in enumerate(
    ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
     "eleventh", "twelfth"), start=1)}  # fmt: skip


def in_figures(plain: str) -> str | None:
    """The amount of a phrase in figures; None: the text is no phrase that we know.

    Args:
        plain: an answer without dress (`plain_latex`).
    """
    if not re.search("[A-Za-z]{2}|\\\\\\$", plain) or len(plain) > 120:
        return None
    said = " ".join(_TEXT.sub(r" \1 ", plain).split())
    text = _EXACTLY.sub("", said, count=1) if _EXACTLY.match(said) else said
    text = _CODE.sub(r"\\$", text, count=1) if _CODE.match(text) else text
    sign = "-" if _SIGN.match(text) else ""
    text = _SIGN.sub("", text, count=1) if sign else text
    found = _said_twice(text) or _scaled(text) or _part(text) or _spoken(text)
    found = sign + _ABSOLUTE.sub(r"|\1|", found or _compound(text) or text)
    return None if found in (said, plain) else found


def ratio_in_words(plain: str) -> str | None:
    """`3 to 2` as `3:2`; None for anything else."""
    found = _RATIO.fullmatch(plain)
    return found[0].replace(" to ", ":") if found else None


def clock_in_words(plain: str) -> str | None:
    """`3 o'clock` and `3 pm` as a time of day; None for anything else."""
    found = _HOUR.fullmatch(" ".join(_TEXT.sub(r" \1 ", plain).split()))
    if found is None or found[0].isdigit():
        return None
    return f"{found[1]}:00 {found[2]}".strip()


def ordinal(plain: str) -> str | None:
    r"""The number of `5th`, `5^{\text{th}}` and `fifth`; None for anything else."""
    found = _ORDINAL.fullmatch(plain)
    text = " ".join(_TEXT.sub(r" \1 ", plain).split()).lower()
    return found[1] if found else _ORDINALS.get(text)


def _said_twice(text: str) -> str | None:
    """`5 (five)` and `five (5)`, where both are the same number."""
    found = _TWICE.fullmatch(text)
    if found is None:
        return None
    sides = [side.strip() for side in found.groups() if side]
    values = [_whole(side) for side in sides]
    return str(values[0]) if values[0] is not None and values[0] == values[1] else None


def _whole(text: str) -> int | None:
    digits = text.replace(",", "")
    if digits.isascii() and digits.isdigit() and len(digits) < 30:
        return int(digits)
    return number_in_words(text)


def _scaled(text: str) -> str | None:
    found = _SCALED.fullmatch(text)
    if found is None:
        return None
    part = found[3] or ""
    value = Fraction(int(found[2].replace(",", "") + part), 10 ** len(part))
    for word in found[4].lower().split():
        value *= _SCALES[word]
    rest = found[5].strip()
    if rest and unit_of(rest) is None:
        return None
    if value.denominator != 1:
        return None
    return f"{found[1].replace(' ', '')}{value.numerator} {rest}".strip()


def _part(text: str) -> str | None:
    """`two thirds`, `one half`, `a quarter`, `half`, `two and a half`, `3 out of 4`."""
    if found := _AND_A_HALF.fullmatch(text):
        whole = _whole(found[1])
        return None if whole is None else f"\\frac{{{2 * whole + 1}}}{{2}}"
    if found := _OVER.fullmatch(text):
        above, below = _whole(found[1]), _whole(found[2])
        return f"\\frac{{{above}}}{{{below}}}" if above is not None and below else None
    found = _PART.fullmatch(text)
    if found is None or (found[1] is None and found[2].lower() != "half"):
        return None
    above = 1 if (found[1] or "a").lower() == "a" else _whole(found[1])
    return None if above is None else f"\\frac{{{above}}}{{{_PARTS[found[2].lower()]}}}"


def _spoken(text: str) -> str | None:
    """`five apples`, `one hundred twenty`: a number in words, and its unit."""
    words = text.split(" ")
    if words[0].lower() in ("a", "one") and len(words) > 1 and words[1].lower() in _SCALES:
        return _scaled(" ".join(["1", *words[1:]]))
    if not words[0][:1].isalpha():
        return None
    for size in range(min(len(words), 12), 0, -1):
        value = number_in_words(" ".join(words[:size]))
        if value is not None:
            rest = " ".join(words[size:])
            if rest and unit_of(rest) is None:
                return None
            return f"{value} \\text{{{rest}}}" if rest else str(value)
    return None


def _compound(text: str) -> str | None:
    """`2 hours 30 minutes` in the first unit: each is of its dimension, and smaller than before."""
    found = list(_AND_UNIT.finditer(text))
    if len(found) < 2 or "".join(one[0] for one in found) != text:
        return None
    names = [_ABBREVIATED.get(one["unit"], one["unit"]) for one in found]
    total, first, last = Fraction(0), unit_of(names[0]), None
    for one, name in zip(found, names, strict=True):
        unit = unit_of(name)
        if unit is None or not unit.dimensions or not _is_below(unit, last):
            return None
        total, last = total + Fraction(one["value"]) * unit.size, unit
    assert first is not None
    total /= first.size
    return f"\\frac{{{total.numerator}}}{{{total.denominator}}} \\text{{{names[0]}}}"


def _is_below(unit: Unit, last: Unit | None) -> bool:
    return last is None or (unit.dimensions == last.dimensions and unit.size < last.size)
