"""maj@k against brute force over every subset, closed forms, and a simulated vote."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from harness.metrics.majority import majority_at_k

# Correct samples, samples of each wrong answer, and samples without an answer.
BALLOT = st.tuples(st.integers(0, 4), st.lists(st.integers(1, 3), max_size=4), st.integers(0, 2))


def brute_force(correct: int, wrong: list[int], silent: int, k: int) -> float:
    """The share of subsets whose majority is correct, ties shared."""
    samples = ["correct"] * correct + [None] * silent
    samples += [f"wrong {place}" for place, votes in enumerate(wrong) for _ in range(votes)]
    draws = list(itertools.combinations(samples, k))
    won = 0.0
    for draw in draws:
        votes = Counter(answer for answer in draw if answer is not None)
        first = [answer for answer in votes if votes[answer] == max(votes.values())]
        won += "correct" in first and 1 / len(first)
    return won / len(draws)


def at(correct: int, wrong: list[int], n: int, ks: list[int]) -> np.ndarray:
    return majority_at_k([0] * len(wrong), wrong, [correct], [n], ks)[0]


@settings(max_examples=60)
@given(ballots=st.lists(BALLOT, min_size=1, max_size=3))
def test_it_is_the_mean_over_all_subsets(ballots: list[tuple[int, list[int], int]]) -> None:
    ballots = [(c, wrong, silent + (c + sum(wrong) + silent == 0)) for c, wrong, silent in ballots]
    n = [c + sum(wrong) + silent for c, wrong, silent in ballots]
    ks = list(range(1, min(8, *n) + 1)) if len(n) > 1 else list(range(1, min(8, n[0]) + 1))
    owners = [place for place, (_, wrong, _) in enumerate(ballots) for _ in wrong]
    votes = [one for _, wrong, _ in ballots for one in wrong]
    found = majority_at_k(owners, votes, [c for c, _, _ in ballots], n, ks)
    expected = [[brute_force(*ballot, k) for k in ks] for ballot in ballots]
    assert found == pytest.approx(np.array(expected), abs=1e-12)


@given(BALLOT)
def test_one_sample_is_pass_at_1_and_all_samples_are_the_pools_own_vote(
    ballot: tuple[int, list[int], int],
) -> None:
    correct, wrong, silent = ballot
    n = correct + sum(wrong) + silent
    if n == 0:
        return
    one, every = at(correct, wrong, n, [1, n])
    assert one == pytest.approx(correct / n)
    ahead = max(wrong, default=0)
    ties = 1 + wrong.count(correct)
    assert every == pytest.approx(0.0 if correct < ahead or not correct else 1 / ties)


@pytest.mark.parametrize(("n", "correct"), [(256, 128), (256, 131), (200, 60), (31, 16)])
def test_two_answers_are_a_hypergeometric_tail(n: int, correct: int) -> None:
    for k in (1, 2, 7, 16, n // 2, n - 1, n):
        drawn = hypergeom(n, correct, k)
        expected = drawn.sf(k // 2) + (0.5 * drawn.pmf(k // 2) if k % 2 == 0 else 0.0)
        assert at(correct, [n - correct], n, [k])[0] == pytest.approx(expected, abs=1e-10)


def test_answers_that_all_differ() -> None:
    """n − c wrong answers once each: the correct one ties alone, wins with two or more."""
    n, c, k = 40, 5, 6
    drawn = hypergeom(n, c, k)
    assert at(c, [1] * (n - c), n, [k])[0] == pytest.approx(drawn.sf(1) + drawn.pmf(1) / k)


def test_large_pools_agree_with_simulated_votes() -> None:
    source = np.random.default_rng(1)
    wrong, correct, n, k = [70, 40, 20, 10, 5, 5, 3, 2, 1], 80, 256, 64
    counts = [correct, *wrong, n - correct - sum(wrong)]
    drawn = source.multivariate_hypergeometric(counts, k, size=200_000)[:, :-1]
    top = drawn.max(axis=1)
    won = (drawn[:, 0] == top) / (drawn == top[:, None]).sum(axis=1)
    error = won.std() / np.sqrt(len(won))
    assert at(correct, wrong, n, [k])[0] == pytest.approx(won.mean(), abs=5 * error)


@given(BALLOT, st.integers(1, 5))
def test_silent_samples_do_not_vote(ballot: tuple[int, list[int], int], k: int) -> None:
    """One silent sample more: either it is among the k, or the vote is that of k others."""
    correct, wrong, silent = ballot
    n = correct + sum(wrong) + silent + 1
    if n - 1 < k or k < 2:
        return
    more = at(correct, wrong, n, [k])[0]
    without, fewer = at(correct, wrong, n - 1, [k])[0], at(correct, wrong, n - 1, [k - 1])[0]
    assert more == pytest.approx((n - k) / n * without + k / n * fewer, abs=1e-12)


def test_no_vote_at_all_is_no_win() -> None:
    assert at(0, [], 5, [1, 5]).tolist() == [0.0, 0.0]
    assert majority_at_k([], [], [], [], [1, 2]).shape == (0, 2)


@pytest.mark.parametrize(
    ("wrong", "correct", "n", "k"),
    [([2], 1, 3, 4), ([2], 1, 3, 1.5), ([3], 1, 3, 1), ([], 1, 3, 0)],
)
def test_impossible_votes_are_refused(wrong: list[int], correct: int, n: int, k: float) -> None:
    with pytest.raises(ValueError):
        majority_at_k([0] * len(wrong), wrong, [correct], [n], k)
