"""Values between a program and its tests, as JSON that carries data and no behaviour.

The reader rebuilds numbers, texts and containers of the standard types and nothing else, so an
object whose `__eq__` always agrees, or a subclass that lies, loses its tricks on the way.
Everything else stays where it is and travels as a number, a `Handle`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

MOST_ITEMS = 1_000_000
_DIRECT_BITS = 63
_FINITE_SEQUENCES: dict[str, Callable[[Any], Any]] = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "iterator": iter,
}


class NotPlain(Exception):
    """A value that cannot travel, or bytes that are no value."""


class Handle:
    """An object of the other side, by its number there."""

    def __init__(self, number: int) -> None:
        self.number = number


def encoded(value: Any, hold: Callable[[Any], Any]) -> Any:
    """A value as JSON.

    Args:
        value: any object.
        hold: keeps an object that cannot travel, and gives what stands for it.

    Raises:
        NotPlain: `hold` refused an object, or an iterator is too long.
        RecursionError: the value holds itself, or is too deep.
    """
    if value is None or isinstance(value, bool | float):
        return value if value is None or type(value) in (bool, float) else float(value)
    if isinstance(value, int):
        number = int(value)
        return number if number.bit_length() <= _DIRECT_BITS else {"int": hex(number)}
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes | bytearray):
        return {"bytearray" if isinstance(value, bytearray) else "bytes": value.hex()}
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, range):
        parts = (value.start, value.stop, value.step)
        return {"range": [encoded(part, hold) for part in parts]}
    if isinstance(value, dict):
        pairs = ((encoded(key, hold), encoded(item, hold)) for key, item in value.items())
        return {"dict": [list(pair) for pair in pairs]}
    kind = _sequence_kind(value)
    if kind:
        return {kind: [encoded(item, hold) for item in _bounded(value)]}
    return _exact_number(value) or hold(value)


def decoded(document: Any, remote: Callable[[int], Any]) -> Any:
    """The value in a JSON document.

    Args:
        document: as `encoded` makes it, or anything that a stranger sends.
        remote: gives what stands here for an object of the other side.

    Raises:
        NotPlain: it is no value.
        RecursionError: it is too deep.
    """
    if not isinstance(document, dict):
        if isinstance(document, list):
            raise NotPlain("a bare list")
        return document
    if len(document) != 1:
        raise NotPlain("several tags")
    ((kind, content),) = document.items()
    try:
        if kind in _FINITE_SEQUENCES:
            return _FINITE_SEQUENCES[kind]([decoded(item, remote) for item in content])
        if kind == "dict":
            return {decoded(key, remote): decoded(item, remote) for key, item in content}
        if kind == "object":
            return remote(int(content))
        return _scalar(kind, content)
    except (TypeError, ValueError, ArithmeticError) as problem:
        raise NotPlain(f"{kind}: {problem}") from None


def _scalar(kind: str, content: Any) -> Any:
    if kind == "int":
        return int(content, 16)
    if kind in ("bytes", "bytearray"):
        return bytes.fromhex(content) if kind == "bytes" else bytearray.fromhex(content)
    if kind == "complex":
        return complex(*map(float, content))
    if kind == "range":
        return range(*(decoded(part, NotPlain) for part in content))
    if kind == "decimal":
        from decimal import Decimal

        return Decimal(str(content))
    if kind == "fraction":
        from fractions import Fraction

        return Fraction(*(decoded(part, NotPlain) for part in content))
    raise NotPlain(f"the tag {kind!r}")


def _sequence_kind(value: Any) -> str:
    for kind, standard in (("list", list), ("tuple", tuple), ("set", set)):
        if isinstance(value, standard):
            return kind
    # A view of keys equals a set; one of values equals nothing, and is only run through.
    if isinstance(value, frozenset | type({}.keys())):
        return "frozenset"
    if isinstance(value, Iterator | type({}.values()) | type({}.items())):
        return "iterator"
    return ""


def _bounded(value: Any) -> list[Any]:
    items = list(islice(value, MOST_ITEMS + 1))
    if len(items) > MOST_ITEMS:
        raise NotPlain(f"more than {MOST_ITEMS:,} items")
    return items


def _exact_number(value: Any) -> dict[str, Any] | None:
    """Decimals and fractions; who holds one has imported its module."""
    decimal, fractions = sys.modules.get("decimal"), sys.modules.get("fractions")
    if decimal is not None and isinstance(value, decimal.Decimal):
        return {"decimal": str(value)}
    if fractions is not None and isinstance(value, fractions.Fraction):
        return {"fraction": [encoded(part, NotPlain) for part in value.as_integer_ratio()]}
    return None
