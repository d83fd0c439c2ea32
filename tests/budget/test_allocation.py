"""Blocks of an adaptive draw: complete, never beyond need, the same after any interruption."""

from __future__ import annotations

import itertools
import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.budget.allocation import (
    allocation_document,
    block_size,
    mixed_allocation,
    next_block,
)
from harness.recipe.loading import load_recipe
from tests.stopping_points import stopping_point

VERDICTS = st.lists(st.booleans(), min_size=1, max_size=60)


def drawn(truth: list[bool], enough: int, largest: int) -> list[range]:
    """The blocks that are asked for when every answer arrives whole."""
    blocks: list[range] = []
    seen: list[bool] = []
    while (block := next_block(seen, enough, largest)) is not None:
        assert block.start == len(seen)
        blocks.append(block)
        seen = truth[: block.stop]
    return blocks


@given(VERDICTS, st.integers(1, 8), st.data())
def test_a_problem_ends_with_enough_correct_samples_or_with_all(
    truth: list[bool], enough: int, data: st.DataObject
) -> None:
    largest = data.draw(st.integers(1, len(truth)))
    blocks = drawn(truth, enough, largest)
    total = sum(map(len, blocks))
    assert [i for block in blocks for i in block] == list(range(total))
    point = stopping_point(truth[:largest], enough)
    if point is None:
        assert total == largest
    else:
        # What is drawn in vain is at most half of what was there, and never a whole block.
        assert blocks[-1].start < point <= total
        assert total - point <= (blocks[-1].start + 1) // 2


@given(VERDICTS, st.integers(1, 8), st.data())
def test_blocks_do_not_depend_on_where_the_draw_was_cut(
    truth: list[bool], enough: int, data: st.DataObject
) -> None:
    largest = data.draw(st.integers(1, len(truth)))
    whole = drawn(truth, enough, largest)
    total = sum(map(len, whole))
    have = data.draw(st.integers(0, total))
    block = next_block(truth[:have], enough, largest)
    if block is None:
        assert have == total
    else:
        assert block in whole
        assert block.start <= have < block.stop


@given(VERDICTS, st.integers(1, 8), st.data())
def test_a_pool_that_is_extended_holds_what_one_draw_would_have(
    truth: list[bool], enough: int, data: st.DataObject
) -> None:
    first = data.draw(st.integers(1, len(truth)))
    have = sum(map(len, drawn(truth, enough, first)))
    while (block := next_block(truth[:have], enough, len(truth))) is not None:
        have = block.stop
    assert have == sum(map(len, drawn(truth, enough, len(truth))))


def test_stopping_points_by_brute_force() -> None:
    for truth in itertools.product([False, True], repeat=7):
        for enough in (1, 2, 3):
            places = [place for place, right in enumerate(truth) if right]
            expected = places[enough - 1] + 1 if len(places) >= enough else None
            assert stopping_point(truth, enough) == expected


def test_hard_problems_take_few_rounds_and_easy_ones_one() -> None:
    assert [len(block) for block in drawn([False] * 100, 1, 100)] == [1, 1, 1, 2, 3, 4, 6, 9, 14,
                                                                      21, 31, 7]  # fmt: skip
    assert drawn([True] * 30, 4, 30) == [range(4)]
    assert drawn([False] * 30, 30, 30) == [range(30)]
    assert block_size(8, 3, 4) == 3  # A rate of 3.5 in 9 asks for 2.6 samples a correct one.


@pytest.mark.parametrize(
    ("overrides", "document"),
    [
        ([], "uniform"),
        (["allocation=uniform"], "uniform"),
        (["allocation.until={correct: 2, max: 30}"], {"until": {"correct": 2, "max": 30}}),
        (["allocation=uniform", "allocation.until.correct=2", "allocation.until.max=30"],
         {"until": {"correct": 2, "max": 30}}),
    ],
)  # fmt: skip
def test_the_document_is_what_the_recipe_says(overrides: list[str], document: object) -> None:
    from harness.budget import stopping_rule
    from harness.recipe.loading import recipe_document

    recipe = load_recipe("w2s-micro", overrides)
    assert allocation_document(stopping_rule(recipe)) == document
    assert recipe_document(recipe)["allocation"] == document


# --- mixed allocation

IDS = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=60, unique=True)
MEANS = st.fractions(0, 50, max_denominator=10_000)


@given(IDS, MEANS, st.integers(0, 2**31 - 1))
def test_mixed_counts_are_floor_or_ceiling_and_add_up_to_within_a_sample(
    ids: list[str], mean: Fraction, seed: int
) -> None:
    counts = mixed_allocation(ids, mean, seed)
    assert list(counts) == ids
    assert set(counts.values()) <= {math.floor(mean), math.ceil(mean)}
    assert abs(sum(counts.values()) - mean * len(ids)) <= Fraction(1, 2)


@given(IDS, MEANS, MEANS, st.integers(0, 99))
def test_a_larger_mixed_budget_holds_the_smaller(
    ids: list[str], one: Fraction, other: Fraction, seed: int
) -> None:
    low, high = (mixed_allocation(ids, mean, seed) for mean in sorted([one, other]))
    assert all(low[name] <= high[name] for name in ids)


@given(IDS, MEANS, st.integers(0, 99), st.randoms(use_true_random=False))
def test_mixed_counts_do_not_depend_on_the_order_of_the_problems(
    ids: list[str], mean: Fraction, seed: int, order: random.Random
) -> None:
    shuffled = list(ids)
    order.shuffle(shuffled)
    assert mixed_allocation(shuffled, mean, seed) == mixed_allocation(ids, mean, seed)


def test_the_seed_decides_which_problems_get_more() -> None:
    """8.03 / 3.21 = 2.5016 samples a problem: of 1,000 problems, 502 get three and 498 two."""
    ids, mean = [f"problem {number}" for number in range(1000)], Fraction("8.03") / Fraction("3.21")
    counts = mixed_allocation(ids, mean, 1)
    assert sorted(counts.values()).count(3) == 502
    assert sum(counts.values()) == round(mean * 1000) == 2502
    assert mixed_allocation(ids, mean, 1) == counts
    other = mixed_allocation(ids, mean, 2)
    # Two independent choices of about half agree on about half; 6 standard deviations are 95.
    assert 400 < sum(counts[name] == other[name] for name in ids) < 600
