"""Units and currencies behind a number: which there are, and what one is in another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_LENGTH: dict[str, object] = {
    "m": 1, "meter": 1, "metre": 1, "cm": "0.01", "centimeter": "0.01", "centimetre": "0.01",
    "mm": "0.001", "millimeter": "0.001", "millimetre": "0.001", "km": 1000, "kilometer": 1000,
    "kilometre": 1000, "inch": "0.0254", "inche": "0.0254", "ft": "0.3048", "foot": "0.3048",
    "feet": "0.3048", "yd": "0.9144", "yard": "0.9144", "mile": "1609.344", "mi": "1609.344",
}  # fmt: skip
_MASS: dict[str, object] = {
    "g": 1, "gram": 1, "kg": 1000, "kilogram": 1000, "mg": "0.001", "milligram": "0.001",
    "lb": "453.59237", "pound": "453.59237", "oz": "28.349523125", "ounce": "28.349523125",
    "tonne": 1_000_000,
}  # fmt: skip
_TIME: dict[str, object] = {
    "s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hr": 3600, "hour": 3600,
    "day": 86_400, "week": 604_800,
}  # fmt: skip
_VOLUME: dict[str, object] = {
    "l": 1, "liter": 1, "litre": 1, "ml": "0.001", "milliliter": "0.001", "millilitre": "0.001",
    "gallon": "3.785411784", "quart": "0.946352946", "pint": "0.473176473",
}  # fmt: skip
_MONEY: dict[str, object] = {"dollar": 1, "usd": 1, "buck": 1, "cent": "0.01"}
_SINGLE = {"month": "month", "year": "year", "yr": "year", "degree": "degree", "deg": "degree",
           "radian": "radian", "rad": "radian", "euro": "euro", "eur": "euro", "unit": "unit",
           "gbp": "gbp", "yen": "yen", "yuan": "yuan", "rupee": "rupee", "mph": "mph", "kph": "kph",
           "newton": "newton", "joule": "joule", "watt": "watt", "volt": "volt",
           "percent": "percent", "pct": "percent", "hz": "hertz", "\\%": "percent",
           "%": "percent", "percentage": "percent"}  # fmt: skip
_TABLES = {"length": _LENGTH, "mass": _MASS, "time": _TIME, "volume": _VOLUME, "money": _MONEY}
_KNOWN: dict[str, tuple[str, Fraction]] = {
    name: (dimension, Fraction(str(size)))
    for dimension, table in _TABLES.items()
    for name, size in table.items()
} | {name: (dimension, Fraction(1)) for name, dimension in _SINGLE.items()}
CURRENCIES = {"\\$": "dollar", "$": "dollar", "\u20ac": "euro", "\u00a3": "gbp", "\u00a5": "yen"}
LETTERS = frozenset("mgshlLNJWVKCF")
_POWERS = {"square": 2, "sq": 2, "cubic": 3, "squared": 2, "cubed": 3}
_POWER_BEHIND = re.compile(r"(\w+) (squared|cubed)")
MAX_CHARACTERS = 60  # Of a unit.
_SPEEDS = {"mph": "mile per hour", "kph": "kilometer per hour", "kmh": "kilometer per hour"}
_SPEED = re.compile(r"\b(?:mph|kph|kmh)\b")
_SPLIT = re.compile(r"\s*(/|\bper\b|\*)\s*|\s+")
_POWER = re.compile(r"(.+?)\^\{?(-?\d)\}?")
# Words behind a number that take something back or change it; "approximately" does not.
_HEDGES = re.compile(
    r"\b(?:or|maybe|perhaps|possibly|not|either|if|unless|but|unsure|otherwise|than|least|most|"
    r"between|cannot|no|none|wrong|plus|minus|times|more|less|fewer|half|to|with|"
    r"dozens?|hundreds?|thousands?|millions?|billions?|trillions?|halves|thirds|fourths|fifths|"
    r"sixths|sevenths|eighths|ninths|tenths|twelfths|hundredths|thousandths|squared|cubed|"
    r"factorial|choose|over|mod|modulo)\b|[\d?=<>+]"
)


@dataclass(frozen=True)
class Unit:
    """A unit.

    Attributes:
        label: its words in the singular.
        dimensions: powers of what it measures, sorted; empty where the words are not known.
        size: how much of the dimension's base unit one is.
    """

    label: str
    dimensions: tuple[tuple[str, int], ...] = ()
    size: Fraction = Fraction(1)


PERCENT = Unit("percent", (("percent", 1),))
DEGREE = Unit("degree", (("degree", 1),))


def is_known(word: str) -> bool:
    """Whether a word is the name of a unit that we know."""
    return _singular(word.lower()) in _KNOWN or word in CURRENCIES


def unit_of(words: str) -> Unit | None:
    """The unit that these words name; None where they say something else, or take it back."""
    words = words.strip(" .,;()").lower()
    if not words or len(words) > MAX_CHARACTERS:
        return None
    folded = _POWER_BEHIND.sub(r"\2 \1", words)
    folded = _SPEED.sub(lambda found: _SPEEDS[found[0]], folded)
    if _HEDGES.search(_POWER.sub(r"\1", folded)):
        return None
    if folded.split()[0] in ("percent", "pct", "percentage"):
        return PERCENT if _are_words(folded.split()[-1]) else None
    label = " ".join(_singular(word) for word in folded.split())
    powers: dict[str, int] = {}
    size, sign, power = Fraction(1), 1, 1
    for word in _SPLIT.split(folded):
        if word in ("/", "per"):
            sign = -1
        elif word in _POWERS:
            power = _POWERS[word]
        elif word and word not in ("*", "of", "a", "an", "the"):
            found = _POWER.fullmatch(word)
            base, power = (found[1], int(found[2])) if found else (word, power)
            known = _KNOWN.get(_singular(CURRENCIES.get(base, base)))
            if known is None:
                return Unit(label) if _are_words(folded) else None
            powers[known[0]] = powers.get(known[0], 0) + sign * power
            size, power = size * known[1] ** (sign * power), 1
    return Unit(label, tuple(sorted(powers.items())), size)


def _are_words(text: str) -> bool:
    """Words of two letters or more; one sign is a word only where one is, as in Chinese."""
    words = re.findall(r"[^\W\d_]+", text)
    ideographs = any(ord(sign) > 0x2FFF for sign in text)
    return bool(words) and (ideographs or max(map(len, words)) > 1)


def _singular(word: str) -> str:
    if word in _KNOWN:
        return word
    for ending, kept in (("ies", "y"), ("es", "e"), ("s", "")):
        if word.endswith(ending) and len(word) > 3:
            stem = word[: -len(ending)] + kept
            if stem in _KNOWN or ending == "s":
                return stem
    return {"lbs": "lb", "hrs": "hr", "yds": "yd", "yrs": "yr", "kgs": "kg"}.get(word, word)
