"""Merging sorted streams against sorting everything at once."""

from __future__ import annotations

import itertools
import random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InputError
from harness.pool.masks import add_keys, mask_of, missing_below, set_bits
from harness.pool.merging import merged
from harness.pool.order import ProblemOrder, in_canonical_order
from harness.pool.samples import SAMPLE_COLUMNS, table_of
from tests.pool.samples_for_tests import problems, sample

PROBLEMS = problems(5)
ORDER = ProblemOrder([problem.id for problem in PROBLEMS])
KEYS = st.tuples(st.integers(0, 4), st.integers(0, 40))


def stream(keys: set[tuple[int, int]], sizes: random.Random) -> list[pa.Table]:
    table = table_of([sample(PROBLEMS[rank], index) for rank, index in sorted(keys)])
    cuts = sorted(sizes.sample(range(len(keys) + 1), k=min(len(keys), sizes.randrange(4))))
    edges = [0, *cuts, len(keys)]
    return [table.slice(start, end - start) for start, end in itertools.pairwise(edges)]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sets(KEYS, max_size=60), max_size=5), st.integers(0, 1000))
def test_merging_is_sorting_the_union(parts: list[set[tuple[int, int]]], seed: int) -> None:
    sizes = random.Random(seed)
    tables = list(merged([iter(stream(keys, sizes)) for keys in parts], ORDER))
    rows = [row for table in tables for row in table.to_pylist()]
    union = sorted(set().union(*parts))
    expected = table_of([sample(PROBLEMS[rank], index) for rank, index in union])
    assert rows == expected.select(SAMPLE_COLUMNS).to_pylist()


@settings(max_examples=100, deadline=None)
@given(st.lists(KEYS, max_size=80))
def test_canonical_order_keeps_the_first_of_each_key(keys: list[tuple[int, int]]) -> None:
    rows = [
        sample(PROBLEMS[rank], index, seconds=float(place))
        for place, (rank, index) in enumerate(keys)
    ]
    first: dict[tuple[int, int], float] = {}
    for place, key in enumerate(keys):
        first.setdefault(key, float(place))
    table = in_canonical_order(table_of(rows), ORDER)
    found = [(row["problem_id"], row["sample_index"], row["seconds"]) for row in table.to_pylist()]
    assert found == [
        (PROBLEMS[rank].id, index, first[rank, index]) for rank, index in sorted(first)
    ]


def test_streams_that_are_not_in_order_are_refused() -> None:
    rows = [sample(PROBLEMS[1], 0), sample(PROBLEMS[0], 0)]
    with pytest.raises(InputError, match="not in its order"):
        list(merged([iter([table_of(rows)])], ORDER))
    with pytest.raises(InputError, match="not in its order"):
        list(merged([iter([table_of([row]) for row in rows])], ORDER))
    stranger = table_of([sample(problems(6)[5], 0)])
    with pytest.raises(InputError, match="problems that are not in"):
        list(merged([iter([stranger])], ORDER))


@settings(deadline=None)
@given(st.sets(KEYS, max_size=80), st.integers(0, 45))
def test_masks_are_the_sets_of_indices(keys: set[tuple[int, int]], count: int) -> None:
    masks = dict.fromkeys(ORDER.ids, 0)
    table = table_of([sample(PROBLEMS[rank], index) for rank, index in sorted(keys)])
    assert not add_keys(masks, ORDER.keys_of(table), ORDER)
    for rank, problem in enumerate(PROBLEMS):
        indices = {index for one, index in keys if one == rank}
        assert set(set_bits(masks[problem.id])) == indices
        missing = dict(missing_below(masks.items(), count)).get(problem.id, 0)
        assert set_bits(missing) == sorted(set(range(count)) - indices)
    if keys:
        assert add_keys(masks, ORDER.keys_of(table), ORDER)


def test_mask_of_is_the_sum_of_powers() -> None:
    import numpy as np

    indices = np.array([0, 3, 64, 1000])
    assert mask_of(indices) == sum(1 << int(index) for index in indices)
