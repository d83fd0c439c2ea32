"""Coverage and diversity against brute force over every draw, and against the paper."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics import coverage_at_k, distinct_at_k, diversity_at_k, pass_at_1
from harness.metrics.estimators import missed, multiplicities

# A small pool: each sample is a solution's name, or None where the answer is wrong.
POOL = st.lists(st.sampled_from([None, None, "a", "b", "c"]), min_size=1, max_size=8)


def brute_coverage(samples: list[str | None], k: int) -> float:
    draws = list(itertools.combinations(samples, k))
    return sum(any(draw) for draw in draws) / len(draws)


def brute_distinct(samples: list[str | None], k: int) -> float:
    draws = list(itertools.combinations(samples, k))
    return sum(len(set(draw) - {None}) for draw in draws) / len(draws)


@given(pools=st.lists(POOL, min_size=1, max_size=4), data=st.data())
def test_both_equal_the_mean_over_all_draws(
    pools: list[list[str | None]], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, min(map(len, pools))))
    n = [len(pool) for pool in pools]
    correct = [sum(sample is not None for sample in pool) for pool in pools]
    assert coverage_at_k(correct, n, k) == pytest.approx([brute_coverage(p, k) for p in pools])
    pairs = [(place, s) for place, pool in enumerate(pools) for s in pool if s is not None]
    owners, counts = multiplicities([o for o, _ in pairs], [s for _, s in pairs])
    found = distinct_at_k(owners, counts, n, k)
    assert found == pytest.approx([brute_distinct(p, k) for p in pools])


@given(n=st.integers(1, 400), data=st.data())
def test_coverage_is_the_published_product(n: int, data: st.DataObject) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    product = 1.0 if n - c < k else 1.0 - float(np.prod(1.0 - k / np.arange(n - c + 1, n + 1)))
    assert coverage_at_k([c], [n], k)[0] == pytest.approx(product, abs=1e-9)


@given(n=st.integers(2, 40), data=st.data())
def test_coverage_grows_with_k_and_with_correct_samples(n: int, data: st.DataObject) -> None:
    c = data.draw(st.integers(1, n))
    ks = np.linspace(1, n, 25)
    curve = coverage_at_k([c], [n], ks)[0]
    assert (np.diff(curve) >= -1e-12).all()
    assert (coverage_at_k([c], [n], ks) >= coverage_at_k([c - 1], [n], ks) - 1e-12).all()
    assert curve[0] == pytest.approx(c / n)
    assert curve[-1] == pytest.approx(1.0)


@given(n=st.integers(2, 30), data=st.data())
def test_real_k_lies_between_its_neighbours(n: int, data: st.DataObject) -> None:
    c = data.draw(st.integers(0, n))
    k = data.draw(st.floats(1, n - 1e-6))
    low, middle, high = coverage_at_k([c], [n], [math.floor(k), k, math.ceil(k)])[0]
    assert low - 1e-9 <= middle <= high + 1e-9


def test_large_pools_do_not_overflow() -> None:
    value = coverage_at_k([1], [1_000_000], 500_000)[0]
    assert value == pytest.approx(0.5)
    assert missed(1e6, 2e6, 1e6) == pytest.approx(0.0)


@pytest.mark.parametrize(("correct", "samples", "k"), [([1], [3], 4), ([4], [3], 1), ([1], [3], 0)])
def test_impossible_draws_are_refused(correct: list[int], samples: list[int], k: int) -> None:
    with pytest.raises(ValueError):
        coverage_at_k(correct, samples, k)


def test_diversity_of_solved_problems_is_one_at_one_sample() -> None:
    """Plotted so in the paper's figures for one SE sample, at any coverage."""
    source = np.random.default_rng(0)
    counts = source.integers(1, 4, size=60)
    owners = np.sort(source.integers(0, 20, size=60))
    samples = source.integers(40, 100, size=30)
    correct = np.bincount(owners, counts, minlength=30)
    distinct, coverage = distinct_at_k(owners, counts, samples, 1), correct / samples
    assert (coverage_at_k(correct, samples, 1) == coverage).all() and (distinct == coverage).all()
    found = diversity_at_k(distinct, coverage)
    assert found.solved == 1.0
    assert found.all == pytest.approx(pass_at_1(correct, samples).mean())


def test_the_papers_diversity_is_about_correct_samples_per_solved_problem() -> None:
    """MATH, SE, 10 samples: pass@1 32.7 %, coverage 64.7 %, plotted diversity 5.03."""
    assert pytest.approx(5.03, abs=0.05) == 10 * 0.327 / 0.647


def test_nothing_solved_has_no_diversity() -> None:
    found = diversity_at_k(np.zeros(3), np.zeros(3))
    assert found.all == 0.0
    assert np.isnan(found.solved)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60)), min_size=1, max_size=40))
def test_problems_of_many_sizes_are_each_by_the_formula(pairs: list[tuple[int, int]]) -> None:
    n = [size for size, _ in pairs]
    c = [min(size, correct) for size, correct in pairs]
    ks = [k for k in (1, 1.5, 2, 7) if k <= min(n)]
    table = coverage_at_k(c, n, ks)
    for row, (correct, size) in enumerate(zip(c, n, strict=True)):
        assert table[row] == pytest.approx([1 - float(missed(correct, size, k)) for k in ks])
    # Each correct sample as a solution of its own: as many as are drawn, on average.
    owners = np.repeat(np.arange(len(n)), c)
    found = distinct_at_k(owners, np.ones(len(owners)), n, ks)
    assert found == pytest.approx(np.outer(np.array(c) / n, ks))


def test_tables_and_gamma_functions_agree() -> None:
    """Whole numbers come from a table of factorials, real ones from the Gamma function."""
    n, ks = np.full(300, 256), np.arange(1, 257)
    c = np.arange(300) % 257
    table = coverage_at_k(c, n, ks)
    for k in (1, 5, 100, 255):
        near = coverage_at_k(c, n, [k - 1e-9] if k > 1 else [1 + 1e-9])[:, 0]
        assert table[:, k - 1] == pytest.approx(near, abs=1e-6)
