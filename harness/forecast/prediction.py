"""Draws of what a pilot's problems will show when their pool has k samples a problem.

Two questions have two answers. *These problems*: the pilot's samples stay, so what is solved is
solved, and chance decides about the rest. *Other problems* of the same kind: which problems the
pilot happened to have is chance as well, so they are weighed anew in every draw (the Bayesian
bootstrap, Rubin 1981); equal weights for both sides pair a comparison.

Problems that are by chance easier than their kind also make its rates look higher. So a draw of
the distribution goes with a draw of the weights under which as many problems are solved
(`matched_to_weights`); without that, what is solved and what is still to be solved would be
uncertain independently, and intervals for other problems too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.forecast.counts import Ints, Pilot
from harness.forecast.distinct import solution_posterior
from harness.forecast.grid import RATES
from harness.forecast.rates import draw_rates, solved_later
from harness.metrics.estimators import Floats

# Draws times problems, which is what memory and time grow with.
_LARGEST_TABLE = 10_000_000
_DIVERSITY_TABLE = 1_200_000
# Of sums of weights, which are rounded.
_DIGITS_THAT_COUNT = 6


@dataclass(frozen=True)
class Prediction:
    """One metric at several k.

    Attributes:
        samples: (ks,) the k.
        value: (ks,) the expectation.
        these: (draws, ks) of these problems.
        others: (draws, ks) of other problems of the same kind.
    """

    samples: Ints
    value: Floats
    these: Floats
    others: Floats

    def at(self, k: float) -> Prediction:
        """At a real k: some problems get the whole number below, the others the one above.

        0 samples show nothing, so it also holds below 1.

        Raises:
            ValueError: a whole number that it needs is not among the k.
        """
        below, above = int(np.floor(k)), int(np.ceil(k))
        part = k - below
        rows = [self._column(below), self._column(above)]
        mixed = [(1.0 - part) * low + part * high for low, high in zip(*rows, strict=True)]
        return Prediction(np.array([above]), *(np.asarray(column) for column in mixed))

    def _column(self, k: int) -> tuple[Floats, Floats, Floats]:
        if k == 0:
            return 0.0 * self.value[:1], 0.0 * self.these[:, :1], 0.0 * self.others[:, :1]
        found = np.flatnonzero(self.samples == k)
        if not found.size:
            raise ValueError(f"nothing was predicted for {k} samples")
        place = slice(int(found[0]), int(found[0]) + 1)
        return self.value[place], self.these[:, place], self.others[:, place]


def ratio(above: Prediction, below: Prediction) -> Prediction:
    """A ratio of means, as diversity over solved problems is; draw by draw."""
    return Prediction(
        above.samples,
        above.value / below.value,
        above.these / below.these,
        above.others / below.others,
    )


def problem_weights(problems: int, draws: int, seed: int) -> Floats:
    """(draws, problems) weights of resampled problems, each row of mean 1."""
    drawn = np.random.default_rng(seed).standard_exponential((draws, problems))
    return np.asarray(drawn / drawn.mean(axis=1, keepdims=True))


def draws_for(problems: int, most: int) -> int:
    """How many draws keep the tables in memory."""
    return int(np.clip(_LARGEST_TABLE // max(problems, 1), 100, most))


def matched_to_weights(pilot: Pilot, weights: Floats, emphasis: Floats, seed: int) -> Floats:
    """Draws of the distribution of success rates, one for each draw of the weights of problems.

    Both say how many problems are solved by the pilot's number of samples; they are matched by
    their ranks in that.

    Args:
        pilot: the pilot.
        weights: (distributions, cells), at least as many as there are draws.
        emphasis: (draws, problems) from `problem_weights`.
        seed: of which distributions, where there are more.

    Returns:
        (draws, cells).
    """
    source = np.random.default_rng(seed)
    chosen = weights[source.permutation(len(weights))[: len(emphasis)]]
    # A draw that stopped would have shown a correct sample in any longer one.
    samples = np.where(pilot.stopped, pilot.samples_of.max(initial=0), pilot.samples_of)
    sizes, problems = np.unique(samples, return_counts=True)
    expected = chosen @ (1.0 - (1.0 - RATES[:, None]) ** sizes) @ problems
    shown = emphasis @ (pilot.correct_of > 0)
    # Where all or none are solved all draws of the weights show the same.
    ranked = np.lexsort([source.random(len(shown)), shown.round(_DIGITS_THAT_COUNT)])
    matched = np.empty_like(chosen)
    matched[ranked] = chosen[np.argsort(expected)]
    return matched


def coverage_prediction(
    pilot: Pilot, weights: Floats, ks: Sequence[int], emphasis: Floats, seed: int
) -> Prediction:
    """coverage@k.

    Args:
        pilot: the pilot.
        weights: (draws, cells) from `matched_to_weights`.
        ks: numbers of samples a problem, ascending.
        emphasis: (draws, problems) from `problem_weights`.
        seed: of what chance decides.
    """
    draws, problems = emphasis.shape
    unsolved = np.flatnonzero(~pilot.failed & (pilot.correct_of == 0))
    luck = np.random.default_rng([seed, 1]).random((draws, len(unsolved)), dtype=np.float32)
    measured_ends, forecast_ends = _prior_problem(draws, seed)
    kinds, which = np.unique(pilot.samples_of[unsolved], return_inverse=True)
    value, these, others = [], [], []
    for k in ks:
        known, sure = pilot.known_coverage(k)
        known = np.where(sure, known, 0.0)
        chances = np.zeros((draws, len(kinds)))
        for column, n in enumerate(kinds):
            if n < k:
                chances[:, column] = solved_later(weights, n, k - n)
        chance = chances[:, which]
        value.append(known.mean() + chance.sum(axis=1).mean() / problems)
        these.append(known.mean() + (luck < chance).sum(axis=1) / problems)
        weighed = emphasis @ known + (emphasis[:, unsolved] * chance).sum(axis=1)
        ends = measured_ends if k <= pilot.measured_up_to else forecast_ends
        share = (weighed + ends[0]) / (problems + ends.sum(axis=0))
        others.append(np.minimum(share, 1.0))  # Sums of weights are rounded.
    return Prediction(np.array(ks), np.array(value), np.stack(these, 1), np.stack(others, 1))


def _prior_problem(draws: int, seed: int) -> tuple[Floats, Floats]:
    """(2, draws) weights of the prior problem, solved and unsolved; of metrics measured, forecast.

    Measured ones have that of `harness.statistics.resampling`, split between both. Where one is
    forecast it is either: if nothing is left unsolved, all may be solved (the upper end is 1), as
    an estimate of 1 does it where coverage is measured.
    """
    source = np.random.default_rng([seed, 3])
    split = source.standard_gamma(0.5, (2, draws))
    solved = source.random(draws) < 0.5
    return split, split.sum(axis=0) * np.stack([solved, ~solved])


def diversity_prediction(
    pilot: Pilot, weights: Floats, ks: Sequence[int], emphasis: Floats, seed: int
) -> tuple[Prediction, Prediction]:
    """diversity@k over all problems, and the share of problems that are solved in the same draws.

    Args:
        pilot: a pilot of a uniform draw.
        weights: (draws, cells) from `matched_to_weights`.
        ks: numbers of samples a problem, ascending.
        emphasis: (draws, problems) from `problem_weights`.
        seed: of what chance decides.
    """
    problems = pilot.problems
    draws = int(np.clip(_DIVERSITY_TABLE // max(problems, 1), 100, len(emphasis)))
    source = np.random.default_rng([seed, 2])
    weights, emphasis = weights[:draws], emphasis[:draws]
    owner, multiplicity = pilot.multiplicities()
    posterior = solution_posterior(owner, multiplicity, seed=seed, draws=draws)
    c, n, d = pilot.correct_of, pilot.samples_of, np.bincount(owner, minlength=problems)
    cells = posterior.draw_cells(c, d, source)
    unseen = posterior.unseen(cells, d)
    rates = _rates(pilot, weights, source)
    more, reached = np.zeros((draws, problems), dtype=np.int64), n
    expected, gained = np.zeros((draws, problems)), np.zeros((draws, problems))
    columns: list[tuple[Any, ...]] = []
    for k in ks:
        step = source.binomial(np.maximum(k - reached, 0), rates)
        more, reached = more + step, np.maximum(reached, k)
        before, expected = expected, posterior.expected_new(cells, c, d, more)
        gained += _gain(expected - before, step, unseen - gained, unseen - before, source)
        shown = pilot.known_distinct(k)
        known, sure = pilot.known_coverage(k)
        solved = np.where(sure, known, more > 0)
        columns.append(_columns(shown + expected, shown + gained, solved, emphasis))
    parts = [np.stack(part, axis=-1) for part in zip(*columns, strict=True)]
    samples = np.array(ks)
    return Prediction(samples, *parts[:3]), Prediction(samples, *parts[3:])


def _columns(mean: Floats, found: Floats, solved: Floats, emphasis: Floats) -> tuple[Any, ...]:
    """Expectation, these and other problems, of distinct solutions and of solved problems."""
    share = np.broadcast_to(solved, found.shape)
    return (
        mean.mean(),
        found.mean(axis=1),
        (emphasis * found).mean(axis=1),
        share.mean(),
        share.mean(axis=1),
        (emphasis * share).mean(axis=1),
    )


def _gain(
    expected: Floats, step: Ints, left: Floats, expected_left: Floats, source: np.random.Generator
) -> Ints:
    """Draws of new solutions with this expectation.

    As if each further correct sample were new by itself, with the same probability; or where
    fewer solutions than samples are left, as if each of them turned up by itself.

    Args:
        expected: (draws, problems) new solutions.
        step: (draws, problems) further correct samples.
        left: (draws, problems) solutions to be found, whole numbers; infinite if they keep coming.
        expected_left: (draws, problems) their expectation, over which `expected` is one.
        source: of chance.
    """
    found = np.isfinite(left)
    share = np.divide(
        expected, expected_left, where=found & (expected_left > 0), out=np.ones_like(expected)
    )
    wanted = np.where(found, share * np.where(found, left, 0.0), expected)
    trials = np.minimum(step, np.where(found, left, step)).astype(np.int64)
    chance = np.clip(wanted / np.maximum(trials, 1), 0.0, 1.0)
    return source.binomial(trials, chance)


def _rates(pilot: Pilot, weights: Floats, source: np.random.Generator) -> Floats:
    """(draws, problems) success rates given what each problem has shown; 0 of failed ones."""
    pairs, which = np.unique(
        np.stack([pilot.correct_of, pilot.samples_of], axis=1), axis=0, return_inverse=True
    )
    rates = np.zeros((len(weights), pilot.problems))
    for place, (correct, samples) in enumerate(pairs):
        members = np.flatnonzero((which.ravel() == place) & ~pilot.failed)
        rates[:, members] = draw_rates(weights, correct, samples, len(members), source)
    return rates
