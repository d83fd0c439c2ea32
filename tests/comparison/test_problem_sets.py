from __future__ import annotations

import pytest

from harness.comparison.problem_sets import SideProblems, paired_problems
from harness.errors import InputError


def side(place: str, ids: str, undrawn: str = "") -> SideProblems:
    return SideProblems(place, list(ids), {one: f"name-{one}" for one in ids}, set(undrawn))


def test_equal_sets_are_paired_in_the_order_of_wc() -> None:
    pairing = paired_problems({"wc": side("W", "cab"), "se": side("S", "abc")}, intersection=False)
    assert pairing.ids == ("c", "a", "b")
    assert pairing.left_out == {"wc": 0, "se": 0}


def test_every_difference_is_named_and_the_intersection_offered() -> None:
    sides = {"wc": side("W", "abcd", undrawn="b"), "se": side("S", "abxyz")}
    with pytest.raises(InputError) as refusal:
        paired_problems(sides, intersection=False)
    assert [(one.where, one.message) for one in refusal.value.issues] == [
        ("W", "2 of 4 problems (name-c, name-d) in this pool only"),
        ("W", "1 of 4 problem (name-b) without a sample"),
        ("S", "3 of 5 problems (name-x, name-y, name-z) in this pool only"),
    ]
    assert "--intersection to compare on the 1 problems" in refusal.value.advice
    pairing = paired_problems(sides, intersection=True)
    assert pairing.ids == ("a",)
    assert pairing.left_out == {"wc": 3, "se": 4}


def test_nothing_in_common_is_refused_even_for_the_intersection() -> None:
    with pytest.raises(InputError, match="no drawn problem in common"):
        paired_problems({"wc": side("W", "ab", "a"), "se": side("S", "ac")}, intersection=True)
