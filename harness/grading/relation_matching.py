r"""Equations and inequalities: what they say about which name, and whether two say the same.

`x = 5` says 5 of the name x. Equations that name nothing (`x + 2y = 1`) are compared by their
zero sets: both sides' difference must be the other's, times a constant.
"""

from __future__ import annotations

from dataclasses import dataclass

import mpmath

from harness.grading.conventions import Conventions
from harness.grading.equality import DIGITS, close, constant
from harness.grading.formula_nodes import Node
from harness.grading.readings import Amount, Group, Reading, Relation, Union
from harness.grading.values import Value
from harness.grading.zero_sets import constant_ratio, same_zeros

_FLIPPED = {"<": ">", ">": "<", "\\le": "\\ge", "\\ge": "\\le", "=": "=", "\\ne": "\\ne"}
_INFINITY = Node("constant", name="infinity")


@dataclass(frozen=True)
class Statement:
    """That a name has a value."""

    name: str
    value: Reading


def statement_of(relation: Relation) -> Statement | None:
    r"""What a chain of equalities says of a name; None where it names nothing.

    `x = 2 + 3 = 5 \approx 5.0` says 5 of x; `5 = x` says it too; `x + y = 1` says nothing.
    """
    if not set(relation.operators) <= {"=", "\\approx"}:
        return None
    sides = relation.sides
    if "=" in relation.operators:
        last = max(i for i, sign in enumerate(relation.operators) if sign == "=") + 1
        sides = sides[: last + 1]
    names = [side.name for side in sides]
    if names[0] and not (len(sides) == 2 and names[1] and _is_product(sides[0].reading)):
        return Statement(names[0], sides[-1].reading)
    if any(names[:-1]):
        return Statement(next(filter(None, names)), sides[-1].reading)
    if names[-1]:
        return Statement(names[-1], sides[0].reading)
    return None


def _is_product(reading: Reading) -> bool:
    return isinstance(reading, Amount) and reading.node.kind != "letter"


def common_value(relation: Relation) -> Reading | bool | None:
    """The value of a chain like `2 + 3 = 5` whose sides are constants.

    False where they are not equal; None where a side is no constant.
    """
    if set(relation.operators) != {"="}:
        return None
    values: list[Value] = []
    for side in relation.sides:
        value = constant(side.reading.node) if isinstance(side.reading, Amount) else None
        if value is None:
            return None
        values.append(value)
    with mpmath.workdps(DIGITS[0]):
        same = all(close(values[0], value, DIGITS[0]) for value in values)
    return relation.sides[-1].reading if same else False


def same_relation(gold: Relation, answer: Relation, options: Conventions) -> bool | None:
    """Whether two relations hold at the same points; None where that cannot be said."""
    mine, other = _pairs(gold), _pairs(answer)
    if mine is None or other is None:
        return None
    if len(mine) != len(other):
        return False
    left, found = list(other), None
    for pair in mine:
        matches = [_same_pair(pair, candidate, options) for candidate in left]
        if True in matches:
            left.pop(matches.index(True))
        else:
            return None if None in matches else False
        found = True
    return found


def _pairs(relation: Relation) -> list[tuple[str, Node, Node]] | None:
    """Neighbouring sides with their operator, "greater" turned to "less"."""
    nodes = [s.reading.node for s in relation.sides if isinstance(s.reading, Amount)]
    if len(nodes) != len(relation.sides):
        return None
    pairs = []
    for place, sign in enumerate(relation.operators):
        left, right = nodes[place], nodes[place + 1]
        if sign in (">", "\\ge"):
            left, right, sign = right, left, _FLIPPED[sign]
        if sign not in ("=", "<", "\\le", "\\ne"):
            return None
        pairs.append((sign, left, right))
    return pairs


def _same_pair(
    gold: tuple[str, Node, Node], answer: tuple[str, Node, Node], options: Conventions
) -> bool | None:
    if gold[0] != answer[0]:
        return False
    if not options.equation_forms:
        same_sides = gold[1:] == answer[1:]
        return same_sides or (gold[0] in ("=", "\\ne") and gold[1:] == answer[:0:-1])
    mine, other = _difference(*gold[1:]), _difference(*answer[1:])
    ratio = constant_ratio(mine, other)
    if ratio is None:
        same = same_zeros(mine, other)
        return same if same is False or gold[0] in ("=", "\\ne") else None
    return bool(ratio > 0) if gold[0] in ("<", "\\le") else True


def _difference(left: Node, right: Node) -> Node:
    return Node("sum", (left, Node("negative", (right,))))


def named_in(relation: Relation) -> set[str]:
    """The names that sides of a relation are, `|x|` as `x`."""
    return {side.name.strip("|") for side in relation.sides if side.name}


def interval_of(relation: Relation) -> Reading | None:
    """The values of the only name for which an inequality holds, as an interval or a union."""
    sides, signs = relation.sides, relation.operators
    named = [place for place, side in enumerate(sides) if side.name]
    if len(named) != 1 or len(sides) > 3:
        return None
    place = named[0]
    lower: tuple[Reading, bool] | None = None
    upper: tuple[Reading, bool] | None = None
    for other in (place - 1, place + 1):
        if not 0 <= other < len(sides):
            continue
        sign = signs[min(place, other)]
        sign = sign if other > place else _FLIPPED.get(sign, "")
        bound = (sides[other].reading, sign in ("\\le", "\\ge"))
        if sign in ("<", "\\le") and upper is None:
            upper = bound
        elif sign in (">", "\\ge") and lower is None:
            lower = bound
        else:
            return None
    absolute = sides[place].name.startswith("|") and len(sides[place].name) == 3
    return _symmetric(lower, upper) if absolute else _interval(lower, upper)


Bound = tuple[Reading, bool] | None


def _interval(lower: Bound, upper: Bound) -> Group:
    low = lower or (Amount(Node("negative", (_INFINITY,))), False)
    high = upper or (Amount(_INFINITY), False)
    brackets = ("[" if low[1] else "(") + ("]" if high[1] else ")")
    return Group(brackets, (low[0], high[0]))


def _symmetric(lower: Bound, upper: Bound) -> Reading | None:
    """What `1 <= |x| <= 2` says of x."""
    if lower is None and upper is not None:
        return _interval(_negated(upper), upper)
    if lower is None:
        return None
    parts = (_interval(_negated(upper), _negated(lower)), _interval(lower, upper))
    return Union(parts)


def _negated(bound: Bound) -> Bound:
    if bound is None or not isinstance(bound[0], Amount):
        return None
    return Amount(Node("negative", (bound[0].node,)), bound[0].unit), bound[1]
