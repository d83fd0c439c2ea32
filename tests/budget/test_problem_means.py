"""The mean over problems against its definition, sums beyond 64 bits and all."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.budget.problem_means import mean_over_problems
from harness.comparison.lengths import mean_length

SAMPLES = st.lists(st.lists(st.integers(0, 10**30), max_size=5), min_size=1, max_size=8)


@given(SAMPLES.filter(any))
def test_it_is_the_mean_of_the_means(samples: list[list[int]]) -> None:
    drawn = [one for one in samples if one]
    expected = sum(Fraction(sum(one), len(one)) for one in drawn) / len(drawn)
    counts = np.array([len(one) for one in samples])

    def sum_of(size: int) -> int:
        return sum(sum(one) for one in samples if len(one) == size)

    assert mean_over_problems(counts, sum_of) == expected
    sums = np.array([sum(one) for one in samples], dtype=object)
    assert mean_length(sums, counts) == expected
