"""False-negative and false-positive rates of graders over a pool, from an audit.

Within a stratum each grader says the same about all samples. So all that is unknown is how many
of a stratum's samples are right, and the rates are ratios of sums over strata:

    false negatives = right samples not called correct / right samples
    false positives = wrong samples called correct / wrong samples

The estimate puts the share among the judged samples for that of the stratum (the stratified
estimator; Cochran, Sampling Techniques, 1977, chapter 5). Both rates rise with the right samples
of strata that the grader does not call correct, and fall with those of the others. So the lower
end of the interval takes the shares of the former from the distribution behind the lower bound
of Clopper and Pearson (Biometrika 26, 1934), Beta(k, n - k + 1), and those of the latter from
that behind the upper bound, Beta(k + 1, n - k); the upper end the other way round. The end is
the 2.5 % quantile, or the 97.5 % quantile, of the rate under these draws. The samples that were
not judged are binomial numbers, so where all were judged no doubt is left. Draws under one
prior for both ends, Jeffreys' for instance, cover too seldom here: a prior's share of errors in
a large stratum outweighs all that was seen elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from harness.errors import InputError, Issues
from harness.grading.audit.sheet import Judged
from harness.statistics import Interval
from harness.statistics.intervals import Floats, percentile_interval

METHOD = (
    "stratified ratio estimator; 95 % intervals from draws behind the Clopper-Pearson bounds "
    "(1934) in each stratum"
)
DRAWS = 20_000


def audit_rates(judged: Sequence[Judged], seed: int = 0) -> dict[str, Any]:
    """The rates of every grader.

    Args:
        judged: what a person found, for every stratum of the pool.
        seed: of the draws for the intervals.

    Returns:
        Per grader `false_negative_rate` and `false_positive_rate` as {value, low, high}, None
        where the pool seems to have no right, or no wrong, samples; and how much was judged.

    Raises:
        InputError: strata without a judgement (all of them).
    """
    _check_covered(judged)
    sizes = np.array([len(one.stratum.rows) for one in judged], dtype=np.float64)
    right = np.array([one.correct for one in judged], dtype=np.float64)
    seen = right + np.array([one.wrong for one in judged], dtype=np.float64)
    estimate = (sizes * right / seen)[None, :]
    fewest, most = (_drawn(sizes, right, seen, seed, extra) for extra in (0, 1))
    outcomes = judged[0].stratum.outcomes if judged else {}
    graders = {
        grader: _rates_of(
            np.array([one.stratum.outcomes[grader] == "correct" for one in judged]),
            sizes,
            estimate,
            (fewest, most),
        )
        for grader in outcomes
    }
    return {
        "graders": graders,
        "method": METHOD,
        "samples": int(sizes.sum()),
        "judged": int(seen.sum()),
        "unclear": sum(one.unclear for one in judged),
        "open": sum(one.open for one in judged),
        "strata": [
            {
                "stratum": one.stratum.name,
                "samples": len(one.stratum.rows),
                "correct": one.correct,
                "wrong": one.wrong,
            }
            for one in judged
        ],
    }


def _rates_of(
    called: Any, sizes: Floats, estimate: Floats, ends: tuple[Floats, Floats]
) -> dict[str, Any]:
    """Both rates of one grader.

    Args:
        called: (strata,) whether the grader calls their samples correct.
        sizes: (strata,) samples.
        estimate: (1, strata) right samples, as estimated.
        ends: (draws, strata) right samples, as few and as many as the judgements allow.
    """

    def missed(rights: Floats) -> Floats:
        return _ratio(rights[:, ~called].sum(axis=1), rights.sum(axis=1))

    def accepted(rights: Floats) -> Floats:
        wrongs = sizes - rights
        return _ratio(wrongs[:, called].sum(axis=1), wrongs.sum(axis=1))

    fewest, most = ends
    low, high = np.where(called, most, fewest), np.where(called, fewest, most)
    return {
        "false_negative_rate": _interval(missed, estimate, low, high),
        "false_positive_rate": _interval(accepted, estimate, low, high),
    }


def _check_covered(judged: Sequence[Judged]) -> None:
    issues = Issues()
    for one in judged:
        if not one.correct + one.wrong:
            issues.add(
                f"stratum {one.stratum.name!r}",
                f"none of its {one.open + one.unclear} rows is judged; it stands for "
                f"{len(one.stratum.rows):,} samples.",
            )
    if len(issues):
        raise InputError(
            "the sheet says nothing about some strata, so no rate of the whole pool follows:",
            "Write correct or wrong into the column `human` of some of their rows.",
            issues,
        )


def _drawn(sizes: Floats, right: Floats, seen: Floats, seed: int, extra: int) -> Floats:
    """(draws, strata) right samples that each stratum may have.

    Args:
        sizes, right, seen: (strata,) samples, those judged correct, those judged.
        seed: of the draws.
        extra: 0: as few as the judgements allow; 1: as many.
    """
    source = np.random.default_rng(seed)
    above, below = right + extra, seen - right + 1 - extra
    shape = (DRAWS, len(sizes))
    shares = source.beta(np.maximum(above, 1), np.maximum(below, 1), size=shape)
    shares = np.where(above == 0, 0.0, np.where(below == 0, 1.0, shares))
    rest = np.broadcast_to((sizes - seen).astype(np.int64), shape)
    return np.asarray(right + source.binomial(rest, shares), dtype=np.float64)


def _ratio(above: Floats, below: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(above / below)


def _interval(
    rate: Callable[[Floats], Floats], estimate: Floats, lowest: Floats, highest: Floats
) -> dict[str, float] | None:
    """A rate with its interval, which never leaves the estimate outside."""
    value = float(rate(estimate)[0])
    low, high = rate(lowest), rate(highest)
    if not np.isfinite(value) or not np.isfinite(low).any() or not np.isfinite(high).any():
        return None
    ends = percentile_interval(low)[0], percentile_interval(high)[1]
    return Interval(value, min(ends[0], value), max(ends[1], value)).document()
