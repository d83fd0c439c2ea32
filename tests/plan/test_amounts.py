"""Amounts: ranges with an upper bound."""

from __future__ import annotations

import pytest

from harness.plan.amounts import NOTHING, Amount, known_total, total


def test_amounts_add_up() -> None:
    some = Amount(1, 2, 3)
    assert total([some, some]) == some.times(2) == Amount(2, 4, 6)
    assert total([some, None]) is None
    assert known_total([some, None]) == some
    assert known_total([None]) is None
    assert total([]) == NOTHING
    with pytest.raises(ValueError, match="low <= high"):
        Amount(2, 1, 3)
