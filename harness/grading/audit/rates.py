"""False-negative and false-positive rates of graders over a pool, from an audit.

Within a stratum each grader says the same about all samples. So all that is unknown is how many
of a stratum's samples are right, and the rates are ratios of sums over strata:

    false negatives = right samples not called correct / right samples
    false positives = wrong samples called correct / wrong samples

The estimate puts the share among the judged samples for that of the stratum (the stratified
estimator; Cochran, Sampling Techniques, 1977, chapter 5). The interval is the middle 95 % of
the ratio when each stratum's number of right samples is drawn from what is known of it: that
which was seen, and of the others a beta-binomial number under Jeffreys' prior, whose intervals
cover well for shares near 0 and 1, and which leaves no doubt where all was seen (Brown, Cai and
DasGupta, Interval Estimation for a Binomial Proportion, Statistical Science 16, 2001).
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
    "stratified ratio estimator; 95 % intervals from beta-binomial draws under Jeffreys' prior "
    "(Brown, Cai and DasGupta, 2001)"
)
DRAWS = 20_000
_JEFFREYS = 0.5


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
    drawn = _drawn(sizes, right, seen, seed)
    graders: dict[str, Any] = {}
    for grader in judged[0].stratum.outcomes if judged else ():
        called = np.array([one.stratum.outcomes[grader] == "correct" for one in judged])

        def missed(rights: Floats, called: Any = called) -> Floats:
            return _ratio(rights[:, ~called].sum(axis=1), rights.sum(axis=1))

        def accepted(rights: Floats, called: Any = called) -> Floats:
            wrongs = sizes - rights
            return _ratio(wrongs[:, called].sum(axis=1), wrongs.sum(axis=1))

        graders[grader] = {
            "false_negative_rate": _interval(missed, estimate, drawn),
            "false_positive_rate": _interval(accepted, estimate, drawn),
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


def _drawn(sizes: Floats, right: Floats, seen: Floats, seed: int) -> Floats:
    """(draws, strata) right samples that each stratum may have."""
    source = np.random.default_rng(seed)
    shape = (DRAWS, len(sizes))
    shares = source.beta(right + _JEFFREYS, seen - right + _JEFFREYS, size=shape)
    rest = np.broadcast_to((sizes - seen).astype(np.int64), shape)
    return np.asarray(right + source.binomial(rest, shares), dtype=np.float64)


def _ratio(above: Floats, below: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(above / below)


def _interval(
    rate: Callable[[Floats], Floats], estimate: Floats, drawn: Floats
) -> dict[str, float] | None:
    """A rate with its interval, which never leaves the estimate outside."""
    value = float(rate(estimate)[0])
    rates = rate(drawn)
    if not np.isfinite(value) or not np.isfinite(rates).any():
        return None
    low, high = percentile_interval(rates)
    return Interval(value, min(low, value), max(high, value)).document()
