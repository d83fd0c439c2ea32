"""Blocks of an adaptive draw: complete, never beyond need, the same after any interruption."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.budget.allocation import allocation_document, block_size, next_block, stopping_point
from harness.recipe.loading import load_recipe

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
