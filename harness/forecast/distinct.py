"""How many distinct solutions more correct samples bring, whether or not they run out.

Two families say how solutions repeat within a problem: they keep coming (`pitman_yor`), or there
are only so many (`finite_solutions`). σ or α is shared by all problems; θ or the number of
solutions differs between them, as a normal distribution of its logarithm. Each family and
parameter weighs as its marginal likelihood says, and forecasts are drawn from the mixture.
Good and Toulmin's series needs no model but explodes beyond twice the pilot, and forecasts go to
ten times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.forecast.counts import Ints
from harness.forecast.finite_solutions import FiniteSolutions
from harness.forecast.pitman_yor import PitmanYor
from harness.metrics.estimators import Floats

Process = PitmanYor | FiniteSolutions

_DEVIATIONS = np.array([0.1, 0.25, 0.5, 1.0, 2.0])
_DISCOUNTS = np.arange(0.0, 0.95, 0.1)
_CONCENTRATIONS = np.append(np.geomspace(0.1, 20.0, 16), np.inf)
# However many problems show repeats, they weigh less than that many would by themselves.
_MOST_PROBLEMS = 300
_PROCESSES: tuple[Process, ...] = (
    *(PitmanYor(float(discount)) for discount in _DISCOUNTS),
    *(FiniteSolutions(float(concentration)) for concentration in _CONCENTRATIONS),
)


def _prior() -> Floats:
    """(processes,) half for each family; in it half for a parameter that may not be there."""
    keep_coming = np.where(_DISCOUNTS == 0.0, 0.5, 0.5 / (len(_DISCOUNTS) - 1))
    run_out = np.where(np.isinf(_CONCENTRATIONS), 0.5, 0.5 / (len(_CONCENTRATIONS) - 1))
    return np.concatenate([keep_coming, run_out]) / 2.0


@dataclass(frozen=True)
class SolutionPosterior:
    """Posterior draws of how solutions repeat.

    Attributes:
        processes: (draws,) family and shared parameter.
        shares: (draws,) of each the share of problems in each cell of its process.
    """

    processes: tuple[Process, ...]
    shares: tuple[Floats, ...]

    def draw_cells(self, correct: Ints, distinct: Ints, source: np.random.Generator) -> Floats:
        """θ or number of solutions of problems, given what each has shown.

        Args:
            correct: (problems,) correct samples c.
            distinct: (problems,) distinct solutions d among them.
            source: of the draws.

        Returns:
            (draws, problems).
        """
        pairs, which = np.unique(np.stack([correct, distinct], 1), axis=0, return_inverse=True)
        found = np.empty((len(self.processes), len(correct)))
        tables = {one: _scaled(one.log_partitions(pairs))[0] for one in set(self.processes)}
        for row, (process, share) in enumerate(zip(self.processes, self.shares, strict=True)):
            cumulated = np.cumsum(share * tables[process], axis=1)
            # Cumulated chances of one pair a unit: one search serves all problems.
            cumulated = cumulated / cumulated[:, -1:] + np.arange(len(pairs))[:, None]
            picks = which.ravel() + source.random(len(correct))
            places = np.searchsorted(cumulated.ravel(), picks) - which.ravel() * len(share)
            found[row] = process.cells[np.clip(places, 0, len(share) - 1)]
        return found

    def expected_new(self, cells: Floats, correct: Ints, distinct: Ints, more: Ints) -> Floats:
        """(draws, problems) expected new distinct solutions among further correct samples.

        Args:
            cells: (draws, problems) from `draw_cells`.
            correct: (problems,) correct samples c.
            distinct: (problems,) distinct solutions d among them.
            more: (draws, problems) further correct samples.
        """
        found = np.zeros(cells.shape)
        if more.any():
            for process, rows in self._rows():
                found[rows] = process.expected_new(cells[rows], correct, distinct, more[rows])
        return found

    def unseen(self, cells: Floats, distinct: Ints) -> Floats:
        """(draws, problems) solutions left to be found, infinite where they keep coming."""
        found = np.empty(cells.shape)
        for process, rows in self._rows():
            found[rows] = process.unseen(cells[rows], distinct)
        return found

    def _rows(self) -> list[tuple[Process, Ints]]:
        rows: dict[Process, list[int]] = {}
        for row, process in enumerate(self.processes):
            rows.setdefault(process, []).append(row)
        return [(process, np.array(places)) for process, places in rows.items()]


def solution_posterior(
    owner: Ints, multiplicity: Ints, *, seed: int, draws: int
) -> SolutionPosterior:
    """How solutions repeat, from the multiplicities in all problems.

    Args:
        owner: (solutions,) problem of each distinct correct solution.
        multiplicity: (solutions,) how many samples are that solution.
        seed: of the draws.
        draws: how many.
    """
    correct = np.bincount(owner, multiplicity).astype(np.int64)
    distinct = np.bincount(owner)
    shown = correct >= 2  # A single correct sample repeats nothing, whatever the process.
    pairs, counts = np.unique(
        np.stack([correct[shown], distinct[shown]], axis=1), axis=0, return_counts=True
    )
    tables = [_shares(one.cells) for one in _PROCESSES]
    evidence = [
        _log_likelihoods(one, pairs, counts, multiplicity, shares)
        for one, shares in zip(_PROCESSES, tables, strict=True)
    ]
    peak = max(float(one.max()) for one in evidence)
    # Coarsened (Miller and Dunson, 2019): no family is exact, so problems beyond so many say less.
    power = 1.0 / (1.0 + int(counts.sum()) / _MOST_PROBLEMS)
    parts = [
        prior * np.exp(power * (logs - peak)) * _hyperprior(one.cells)
        for one, prior, logs in zip(_PROCESSES, _prior(), evidence, strict=True)
    ]
    chances = np.concatenate(parts)
    picks = np.random.default_rng(seed).choice(chances.size, draws, p=chances / chances.sum())
    starts = np.cumsum([0, *map(len, parts)])
    which = np.searchsorted(starts, picks, side="right") - 1
    return SolutionPosterior(
        processes=tuple(_PROCESSES[one] for one in which),
        shares=tuple(
            tables[one][row] for one, row in zip(which, picks - starts[which], strict=True)
        ),
    )


def _shares(cells: Floats) -> Floats:
    """(hyperparameters, cells) normal distributions of the logarithm over the cells."""
    logs = np.log(cells)
    centres, deviations = (axis.ravel() for axis in np.meshgrid(logs, _DEVIATIONS, indexing="ij"))
    scaled = (logs - centres[:, None]) / deviations[:, None]
    found = np.exp(-0.5 * scaled**2) * np.gradient(logs)
    normalised: Floats = found / found.sum(axis=1, keepdims=True)
    return normalised


def _hyperprior(cells: Floats) -> Floats:
    """(hyperparameters,) even over the logarithm of centres; half for hardly any deviation."""
    steps = np.gradient(np.log(cells))
    deviations = np.where(_DEVIATIONS[0] == _DEVIATIONS, 0.5, 0.5 / (len(_DEVIATIONS) - 1))
    return np.outer(steps / steps.sum(), deviations).ravel()


def _log_likelihoods(
    process: Process, pairs: Ints, counts: Ints, multiplicity: Ints, shares: Floats
) -> Floats:
    """(hyperparameters,) log probability of all partitions under one process."""
    scaled, peaks = _scaled(process.log_partitions(pairs))
    mixed = np.log(np.maximum(shares @ scaled.T, 1e-300))
    found: Floats = (mixed + peaks) @ counts + process.log_blocks(multiplicity)
    return found


def _scaled(logs: Floats) -> tuple[Floats, Floats]:
    """(pairs, cells) probabilities up to a factor a pair, and (pairs,) its logarithm."""
    peaks = logs.max(axis=1)
    # More solutions than the largest of a finite process are impossible in all of its cells.
    return np.exp(logs - np.where(np.isneginf(peaks), 0.0, peaks)[:, None]), peaks
