r"""maj@k: how often the most frequent answer among k samples is the correct one, exactly.

k of n samples are drawn without replacement; the correct answer wins if no wrong answer has
more votes, and shares the win equally with the wrong answers that have as many. The numbers of
votes follow a multivariate hypergeometric distribution: independent binomials with any common
rate, given that their sum is k. So for each number of votes t of the correct answer a polynomial
over the wrong classes that can reach t (their joint votes, and how many of them tie at t) gives
the chance exactly, in sums of positive numbers; the others and the samples without a vote are
one binomial. There is no sum over subsets and no subtraction, and no error but rounding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.metrics.estimators import Floats, log_factorials

Ints = NDArray[np.int64]

# Of maj@k, as the paper evaluates it (section 1.8 of its digest).
MAJORITY_SAMPLES = (1, 4, 8, 16)
# Of the polynomials held at once: fits a core's cache.
BLOCK_CELLS = 400_000
# Numbers of votes less likely than this are left out: all of them are below rounding.
NEGLIGIBLE = 1e-18


def majority_at_k(
    problem: ArrayLike, votes: ArrayLike, correct: ArrayLike, samples: ArrayLike, k: ArrayLike
) -> Floats:
    """Probability that the majority among k samples is correct, ties shared (paper, 1.8).

    Args:
        problem: (classes,) the problem's position of each class of wrong answers.
        votes: (classes,) how many samples gave that answer.
        correct: (problems,) correct samples, one class.
        samples: (problems,) samples n; those in no class do not vote. Without any vote nothing
            wins, which counts as wrong.
        k: (ks,) or a number; whole.

    Returns:
        (problems, ks), or (problems,) for a single k.

    Raises:
        ValueError: a k is not whole or exceeds the samples of a problem, or a problem has more
            votes than samples.
    """
    n, c = np.asarray(samples, dtype=np.int64), np.asarray(correct, dtype=np.int64)
    ks = np.atleast_1d(np.asarray(k))
    if (ks != np.floor(ks)).any() or (ks < 1).any() or (len(n) and ks.max() > n.min()):
        raise ValueError(f"k must be whole and lie in [1, n]; n from {n.min(initial=0)}")
    wrong = _padded(np.asarray(problem, dtype=np.int64), np.asarray(votes, np.int64), len(n))
    if (wrong.sum(axis=1) + c > n).any():
        raise ValueError("a problem has more votes than samples")
    # Problems with the same counts have the same chance.
    distinct, place = np.unique(np.column_stack([n, c, wrong]), axis=0, return_inverse=True)
    found = np.stack([_at(distinct, int(one)) for one in ks], axis=1)[place.ravel()]
    return found if np.ndim(k) else found[:, 0]


def _padded(problem: Ints, votes: Ints, problems: int) -> Ints:
    """(problems, most classes) votes of the classes, the largest first, padded with zeros."""
    order = np.lexsort((-votes, problem))
    owner = problem[order]
    counts = np.bincount(owner, minlength=problems)
    starts = np.cumsum(counts) - counts
    padded = np.zeros((problems, max(1, int(counts.max(initial=0)))), dtype=np.int64)
    padded[owner, np.arange(len(owner)) - starts[owner]] = votes[order]
    return padded


def _at(rows: Ints, k: int) -> Floats:
    """(rows,) chances at one k; a row is n, correct votes, and the wrong classes' votes."""
    n, c = rows[:, 0], rows[:, 1]
    chance = np.zeros(len(rows))
    if not len(rows):
        return chance
    rates: Floats = np.asarray((k + 0.5) / (n + 1.0), dtype=np.float64)
    binomial = _Binomial(rates, log_factorials(int(n.max())))
    for t in range(1, min(k, int(c.max())) + 1):
        rivals = int((rows[:, 2:] >= t).sum(axis=1).max()) if 2 * t <= k else 0
        cells = (k - t + 1) * (min(rivals, (k - t) // t) + 1)
        step = max(1, BLOCK_CELLS // cells)
        # The chance that the correct answer has t votes, given that k samples are drawn.
        able = np.flatnonzero(
            binomial.at(c, t) * binomial.at(n - c, k - t) > NEGLIGIBLE * binomial.at(n, k)
        )
        for start in range(0, len(able), step):
            part = able[start : start + step]
            given = _not_beaten(rows[part], t, k, binomial.of(part))
            chance[part] += binomial.of(part).at(c[part], t) * given
    return np.clip(chance / binomial.at(n, k), 0.0, 1.0)


class _Binomial:
    """Binomial chances with a common rate for each row, which cancels in the end.

    The rate is about k / n, so that what matters neither over- nor underflows.
    """

    def __init__(self, rate: Floats, factorials: Floats) -> None:
        self._rate, self._factorials = rate, factorials

    def of(self, part: Ints) -> _Binomial:
        """Of some of the rows."""
        return _Binomial(self._rate[part], self._factorials)

    def at(self, size: Ints, drawn: int) -> Floats:
        """(rows,) chance that `drawn` of `size` are drawn; 0 where there are fewer."""
        rest = size - drawn
        logs = self._factorials
        found = logs[size] - logs[drawn] - logs[np.maximum(rest, 0)]
        found += drawn * np.log(self._rate) + rest * np.log1p(-self._rate)
        return np.where(rest >= 0, np.exp(np.where(rest >= 0, found, 0.0)), 0.0)

    def up_to(self, size: Ints, most: int) -> Floats:
        """(rows, most + 1) chances of 0 … `most`."""
        return np.stack([self.at(size, drawn) for drawn in range(most + 1)], axis=1)


def _not_beaten(rows: Ints, t: int, k: int, binomial: _Binomial) -> Floats:
    """(rows,) chance that k − t others are drawn and no wrong class has over t, ties shared."""
    n, c, wrong = rows[:, 0], rows[:, 1], rows[:, 2:]
    rest = k - t
    if t > rest:  # Nobody else can have as many.
        return binomial.at(n - c, rest)
    reach = wrong >= t
    rivals = int(reach.sum(axis=1).max())
    ties = min(rivals, rest // t)
    state = np.zeros((len(rows), ties + 1, rest + 1))
    state[:, 0, 0] = 1.0
    for rival in range(rivals):
        some = np.flatnonzero(reach[:, rival])
        state[some] = _with_class(state[some], binomial.of(some).up_to(wrong[some, rival], t))
    others = n - c - np.where(reach, wrong, 0).sum(axis=1)
    shares = 1.0 / np.arange(1, ties + 2)
    chances = binomial.up_to(others, rest)[:, ::-1]
    found: Floats = np.einsum("psd,s,pd->p", state, shares, chances, optimize=True)
    return found


def _with_class(state: Floats, chances: Floats) -> Floats:
    """The state (rows, ties, votes) with a further class of at most t votes.

    Args:
        state: chance of each number of ties and of votes.
        chances: (rows, t + 1) of each number of votes of the class; the last one is a tie.
    """
    t = chances.shape[1] - 1
    found = state * chances[:, 0, None, None]
    for drawn in range(1, t):
        found[:, :, drawn:] += state[:, :, :-drawn] * chances[:, drawn, None, None]
    found[:, 1:, t:] += state[:, :-1, :-t] * chances[:, t, None, None]
    return found
