"""What travels between a program and its tests arrives as it was, and carries no behaviour."""

from __future__ import annotations

import collections
import itertools
import json
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.grading.code.inside.plain_values import NotPlain, decoded, encoded

KEYS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(), st.binary(), st.floats(allow_nan=False)
)
VALUES = st.recursive(
    st.one_of(
        KEYS,
        st.complex_numbers(allow_nan=False),
        st.fractions(),
        st.decimals(allow_nan=False),
        st.builds(range, st.integers(-9, 9), st.integers(-9, 9)),
        st.frozensets(KEYS),
        st.sets(KEYS),
    ),
    lambda inner: st.one_of(
        st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(KEYS, inner)
    ),
    max_leaves=20,
)


def refuse(value: Any) -> Any:
    raise NotPlain(type(value).__name__)


def travelled(value: Any) -> Any:
    return decoded(json.loads(json.dumps(encoded(value, refuse))), refuse)


def kinds(value: Any) -> Any:
    if isinstance(value, dict):
        return {kinds_key: (type(kinds_key), kinds(item)) for kinds_key, item in value.items()}
    if isinstance(value, list | tuple):
        return [type(value), *map(kinds, value)]
    return type(value)


@given(VALUES)
@settings(max_examples=60)
def test_standard_values_arrive(value: Any) -> None:
    arrived = travelled(value)
    assert arrived == value
    assert kinds(arrived) == kinds(value)


TAGS = st.sampled_from(
    ["list", "dict", "int", "object", "range", "iterator", "complex", "fraction", "x"]
)
DOCUMENTS = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(TAGS, inner),
)


@given(DOCUMENTS)
def test_what_a_stranger_sends_is_a_value_or_refused(document: Any) -> None:
    try:
        arrived = decoded(document, lambda number: ("object", number))
    except (NotPlain, RecursionError):
        return
    if isinstance(document, dict):
        (kind,) = document
        assert kind == "object" or type(arrived).__name__ in (
            kind,
            f"{kind}_iterator",
            "list_iterator",
        )


def test_subclasses_lose_what_they_override() -> None:
    class Liar(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    class Text(str):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = str.__hash__

    assert [type(travelled(value)) for value in (Liar(1), Text("a"), True)] == [int, str, bool]
    assert travelled(Liar(1)) != 2
    point = collections.namedtuple("point", "x y")(1, 2)
    assert travelled([point, collections.Counter("aab")]) == [(1, 2), {"a": 2, "b": 1}]


def test_numbers_of_any_kind_arrive() -> None:
    values = [10**5000, -(2**63), 0.1, math.inf, -0.0, Decimal("1.10"), Fraction(1, 3)]
    assert [repr(value) for value in travelled(values)[1:]] == [repr(value) for value in values[1:]]
    assert travelled(10**5000) == 10**5000
    assert math.isnan(travelled(math.nan))


def test_views_and_iterators() -> None:
    table = {"a": 1, "b": 2}
    assert travelled(table.keys()) == table.keys()
    assert list(travelled(table.values())) == [1, 2]
    assert list(travelled(x * x for x in range(3))) == [0, 1, 4]
    with pytest.raises(NotPlain):
        encoded(itertools.count(), refuse)


def test_objects_stay_where_they_are() -> None:
    held: list[Any] = []

    def hold(value: Any) -> Any:
        held.append(value)
        return {"object": len(held) - 1}

    thing = object()
    assert encoded([thing], hold) == {"list": [{"object": 0}]}
    assert decoded({"list": [{"object": 0}]}, held.__getitem__) == [thing]
