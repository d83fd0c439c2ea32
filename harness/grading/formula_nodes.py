"""Trees of formulae: a node says what it does, on which parts."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a formula; numbers, letters and constants are leaves."""

    kind: str
    parts: tuple[Node, ...] = ()
    name: str = ""
    value: Fraction = Fraction(0)


def number(value: Fraction | int) -> Node:
    """A leaf with an exact number."""
    return Node("number", value=Fraction(value))


def expanded(node: Node, sign: int) -> Node:
    r"""The formula with `\pm` as plus (1) or minus (-1); `\mp` is the other."""
    parts = tuple(expanded(part, sign) for part in node.parts)
    if node.kind == "sign":
        plus = (node.name == "\\pm") == (sign == 1)
        return parts[0] if plus else Node("negative", parts)
    return Node(node.kind, parts, node.name, node.value)


def has_sign(node: Node) -> bool:
    r"""Whether a `\pm` is in the formula."""
    return node.kind == "sign" or any(has_sign(part) for part in node.parts)
