"""Success rates that differ between problems as a Beta distribution: fitted, and extrapolated.

A problem's correct samples are Binomial(n, p) with p ~ Beta(a, b) over problems, possibly with
a share of problems that are never solved. Then coverage at any k has a closed form; its tail is
the power law of Large Language Monkeys (Schaeffer et al., 2502.17578). Draws that stop at the
c-th correct sample have the same likelihood in p, so they are fitted alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harness.metrics.estimators import Floats

# Beyond these the data cannot tell the rates from all equal, or from all 0 or 1.
_LOG_BOUNDS = (np.log(1e-3), np.log(1e4))
_STARTS = ((0.0, 0.0), (-1.0, 0.5), (1.5, 1.5))


@dataclass(frozen=True)
class BetaBinomial:
    """Success rates over problems: 0 with probability `zero_share`, else Beta(alpha, beta).

    Attributes:
        alpha, beta: shape of the rates that are not 0.
        zero_share: share of problems that are never solved.
        log_likelihood: of the counts that it was fitted to, without the binomial coefficients.
    """

    alpha: float
    beta: float
    zero_share: float = 0.0
    log_likelihood: float = float("nan")

    def coverage(self, k: ArrayLike) -> Floats:
        """E[1 − (1−p)^k] of a problem nobody has sampled: (1 − zero share)·(1 − B(a, b+k)/B(a, b)).

        Args:
            k: samples, of any shape; may be real.
        """
        return (1.0 - self.zero_share) * -np.expm1(self._log_missed(0, k))

    def solved_later(self, samples: ArrayLike, more: ArrayLike) -> Floats:
        """Probability that a problem without a correct sample gets one among the next samples.

        Args:
            samples: n so far, all of them wrong.
            more: how many follow; broadcasts with `samples`.
        """
        n = np.asarray(samples, dtype=np.float64)
        unsolved = np.exp(self._log_missed(0, n))
        alive = (
            (1 - self.zero_share) * unsolved / (self.zero_share + (1 - self.zero_share) * unsolved)
        )
        return alive * -np.expm1(self._log_missed(n, more))

    def _log_missed(self, before: ArrayLike, k: ArrayLike) -> Floats:
        """log E[(1−p)^k] under Beta(a, b + before)."""
        from scipy.special import betaln

        b = self.beta + np.asarray(before, dtype=np.float64)
        missed = betaln(self.alpha, b + np.asarray(k, dtype=np.float64)) - betaln(self.alpha, b)
        return np.asarray(missed, dtype=np.float64)


def fit_beta_binomial(
    correct: ArrayLike, samples: ArrayLike, *, zero_inflated: bool = False
) -> BetaBinomial:
    """Maximum likelihood from the counts of all problems.

    At the edges (none solved, all solved, equal rates) the likelihood rises towards a bound of
    the search, and the fit stays there.

    Args:
        correct: (problems,) correct samples c.
        samples: (problems,) samples n; problems without samples say nothing.
        zero_inflated: whether a share of problems may be never solved.

    Raises:
        ValueError: no problem has two samples, so a and b cannot be told apart.
    """
    from scipy.optimize import minimize

    pairs, counts = patterns(correct, samples)
    if pairs[:, 1].max(initial=0) < 2:
        raise ValueError("one sample a problem shows the mean of the rates, not their spread")

    def loss(point: Floats) -> float:
        share = 1.0 / (1.0 + np.exp(-point[2])) if zero_inflated else 0.0
        a, b = np.exp(point[:2])
        return -float(counts @ _log_likelihoods(pairs, a, b, share))

    bounds = [_LOG_BOUNDS, _LOG_BOUNDS] + [(-12.0, 12.0)] * zero_inflated
    fits = [
        minimize(loss, [*start, -1.0][: len(bounds)], bounds=bounds, method="L-BFGS-B")
        for start in _STARTS
    ]
    best = min(fits, key=lambda fit: float(fit.fun))
    share = 1.0 / (1.0 + np.exp(-best.x[2])) if zero_inflated else 0.0
    alpha, beta = np.exp(best.x[:2])
    return BetaBinomial(float(alpha), float(beta), float(share), -float(best.fun))


def best_fit(correct: ArrayLike, samples: ArrayLike) -> BetaBinomial:
    """The plain fit, or the zero-inflated one where its log-likelihood pays for the parameter.

    Judged by the Bayesian information criterion with a margin of 2 (Kass and Raftery, 1995:
    positive evidence).

    Raises:
        ValueError: no problem has two samples.
    """
    plain = fit_beta_binomial(correct, samples)
    inflated = fit_beta_binomial(correct, samples, zero_inflated=True)
    problems = int(np.sum(np.asarray(samples) > 0))
    gain = 2.0 * (inflated.log_likelihood - plain.log_likelihood)
    return inflated if gain > np.log(problems) + 2.0 else plain


def patterns(correct: ArrayLike, samples: ArrayLike) -> tuple[Floats, Floats]:
    """Distinct pairs (c, n) of the problems that have samples: (pairs, 2), and how many of each."""
    pairs = np.stack([np.asarray(correct), np.asarray(samples)], axis=1)
    found, counts = np.unique(pairs[pairs[:, 1] > 0], axis=0, return_counts=True)
    return found.astype(np.float64).reshape(-1, 2), counts.astype(np.float64)


def _log_likelihoods(pairs: Floats, a: float, b: float, zero_share: float) -> Floats:
    from scipy.special import betaln

    c, n = pairs.T
    with np.errstate(divide="ignore"):
        alive = np.log1p(-zero_share) + betaln(a + c, b + n - c) - betaln(a, b)
        dead = np.where(c == 0, np.log(zero_share), -np.inf)
    found: Floats = np.logaddexp(alive, dead)
    return found
