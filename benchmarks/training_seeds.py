"""Finetuned models with several training seeds: false alarms, intervals and power.

    python benchmarks/training_seeds.py [--simulations 1000] [--jobs 1]

Models of both sides answer the same problems, hard ones and easy ones. Every training run shifts
all log-odds of its model by chance, and each side has problems that suit it, in part the same in
all comparisons. Without a difference between the data, a test should reject in at most 5 %, and
so should any of several tests after Holm's correction; a 95 % interval should hold the truth in
93 to 97 %. Beside them stands the power where WC data are better in every comparison. The functions
are those that `evaluations.json` comes from.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from harness.statistics import pooled_difference
from harness.statistics.holm import holm
from harness.statistics.run_scatter import run_scatter

RESAMPLES = 2_000
LEVEL = 0.05
EASE = 1.5  # Standard deviation of a problem's log-odds.
BETTER = 0.45  # Log-odds that WC data add where they are better: 7.9 points.

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Design:
    """One line of the table.

    Attributes:
        seeds: of each cell.
        run_sd: standard deviation of a run's log-odds in each cell.
        suits: standard deviation of a problem's log-odds of WC minus SE data.
        gain: log-odds of WC minus SE data in every cell.
        problems: of the test set.
    """

    seeds: tuple[int, ...]
    run_sd: tuple[float, ...]
    suits: float = 0.5
    gain: float = 0.0
    problems: int = 500


@dataclass(frozen=True)
class Outcome:
    """One simulation: p values of cells and pooled, and whether intervals hold the truth."""

    p_values: Floats
    holds: Floats
    pooled_p_value: float
    pooled_holds: bool
    these_models: Floats
    spread: float


def simulate(design: Design, seed: int) -> Outcome:
    """Draws all cells once and compares them as `compare_all` does."""
    source = np.random.default_rng(seed)
    ease = source.normal(0, EASE, design.problems)
    in_all = source.normal(0, design.suits / 2**0.5, design.problems)
    cells, truths, spreads = [], [], []
    for seeds, run_sd in zip(design.seeds, design.run_sd, strict=True):
        suits = in_all + source.normal(0, design.suits / 2**0.5, design.problems) + design.gain
        runs = []
        for sign in (0.5, -0.5):
            shift = source.normal(0, run_sd, seeds)
            rates = _rate(ease[:, None] + sign * suits[:, None] + shift)
            runs.append((source.random(rates.shape) < rates).astype(float))
        cells.append(runs[0] - runs[1])
        truths.append(_true_difference(design, run_sd))
        spreads.append(runs[0].mean(axis=0).std(ddof=1) if seeds > 1 else np.nan)
    scatter = run_scatter(cells)
    each = [
        pooled_difference([cell], scatter=scatter, resamples=RESAMPLES, seed=seed)
        for cell in cells
        if cell.shape[1] > 1
    ]
    kept = [truth for cell, truth in zip(cells, truths, strict=True) if cell.shape[1] > 1]
    together = pooled_difference(cells, resamples=RESAMPLES, seed=seed)
    return Outcome(
        p_values=np.array([one.p_value_other_seeds for one in each], dtype=float),
        holds=np.array([o.low <= t <= o.high for o, t in zip(each, kept, strict=True)], float),
        pooled_p_value=float(together.p_value_other_seeds or np.nan),
        pooled_holds=together.low <= float(np.mean(truths)) <= together.high,
        these_models=np.array([one.p_value for one in each]),
        spread=float(np.nanmean(spreads)),
    )


def _rate(log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-log_odds)))


@cache
def _true_difference(design: Design, run_sd: float) -> float:
    """WC minus SE over all problems and runs, by Gauss–Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    sd = (EASE**2 + run_sd**2 + design.suits**2 / 4) ** 0.5
    sides = [float(weights @ _rate(sd * nodes + sign * design.gain)) for sign in (0.5, -0.5)]
    return (sides[0] - sides[1]) / float(weights.sum())


def designs() -> list[tuple[str, Design]]:
    """Every line: cells × seeds, by how much another seed moves a model."""
    shapes = [(6, 2), (4, 3), (3, 3), (4, 5), (1, 2), (1, 3)]
    scatters = [(0.2, shapes), (0.08, shapes), (0.0, shapes[:2])]
    lines = [
        (f"{cells} × {seeds}", Design((seeds,) * cells, (run_sd,) * cells))
        for run_sd, those in scatters
        for cells, seeds in those
    ]
    other = {
        "5, 3, 2, 1 seeds": Design((5, 3, 2, 1), (0.2,) * 4),
        "4 × 3, one with twice the scatter": Design((3,) * 4, (0.16, 0.16, 0.16, 0.32)),
        "6 × 2, one with twice the scatter": Design((2,) * 6, (0.16,) * 5 + (0.32,)),
        "6 × 2, half with twice the scatter": Design((2,) * 6, (0.12, 0.24) * 3),
        "4 × 3, one with four times the scatter": Design((3,) * 4, (0.1, 0.1, 0.1, 0.4)),
        "6 × 2, one with four times the scatter": Design((2,) * 6, (0.1,) * 5 + (0.4,)),
        "4 × 3, 100 problems": Design((3,) * 4, (0.2,) * 4, problems=100),
    }
    return lines + list(other.items())


def row(line: tuple[str, Design], simulations: int) -> list[str]:
    """One line of the table."""
    name, design = line
    null = [simulate(design, seed) for seed in range(simulations)]
    gain = replace(design, gain=BETTER)
    real = [simulate(gain, seed) for seed in range(simulations // 2)]
    return [
        name,
        f"{100 * np.mean([one.spread for one in null]):.1f}",
        _percent(np.mean([one.these_models.min() < LEVEL / len(one.holds) for one in null])),
        _percent(np.mean([one.p_values < LEVEL for one in null])),
        _percent(np.mean([holm(one.p_values).min() < LEVEL for one in null])),
        _percent(np.mean([one.holds for one in null])),
        _percent(np.mean([one.pooled_p_value < LEVEL for one in null])),
        _percent(np.mean([one.pooled_holds for one in null])),
        _percent(np.mean([one.p_values < LEVEL for one in real])),
        _percent(np.mean([holm(one.p_values) < LEVEL for one in real])),
        _percent(np.mean([one.pooled_p_value < LEVEL for one in real])),
        _percent(np.mean([one.holds for one in real])),
    ]


def _percent(share: float | np.floating[Any]) -> str:
    return f"{100 * share:.1f} %"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--simulations", type=int, default=1_000)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(partial(row, simulations=options.simulations), designs()))
    headers = [
        "cells × seeds",
        "pass@1 from seed to seed, points",
        "these models: any false alarm (Holm)",
        "one cell rejects",
        "any false alarm (Holm)",
        "interval holds",
        "pooled rejects",
        "pooled interval holds",
        "power, one cell",
        "power, one cell (Holm)",
        "power, pooled",
        "interval holds a real effect",
    ]
    print(tabulate(rows, headers, disable_numparse=True))


if __name__ == "__main__":
    main()
