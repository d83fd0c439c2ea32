"""One effect over several cells, such as paradigms and budgets, that are no independent trials.

The cells of a comparison share their test problems, so that a problem that suits one side suits
it in many cells at once. The problems are therefore resampled, and their signs flipped, jointly
for all cells. How much training by another seed would have changed a model is a second source
of chance: with several seeds a cell it is estimated, as independent from run to run, and added;
with one it is unknown, and the result speaks of these models only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.statistics.intervals import percentile_interval
from harness.statistics.paired import bootstrap_p_value, resampled_mean, sign_flip
from harness.statistics.resampling import RESAMPLES, Floats


@dataclass(frozen=True)
class PooledDifference:
    """The mean difference over cells, each counting the same.

    Attributes:
        value: mean over cells, seeds and problems.
        low: lower end of the 95 % interval.
        high: its upper end.
        p_value: of no difference between these models, by a sign-flip permutation in which a
            problem keeps one sign in all cells.
        p_value_other_seeds: of no difference between models trained by other seeds; None where
            a cell has one seed only.
        standard_error: of `value`, from the sources of chance that the interval covers.
        covers_seeds: whether the interval covers training by other seeds.
        cells: how many cells.
        cells_positive: in how many the difference is above 0.
        cells_negative: in how many it is below.
    """

    value: float
    low: float
    high: float
    p_value: float
    p_value_other_seeds: float | None
    standard_error: float
    covers_seeds: bool
    cells: int
    cells_positive: int
    cells_negative: int


def pooled_difference(
    cells: Sequence[Floats], *, resamples: int = RESAMPLES, seed: int = 0
) -> PooledDifference:
    """The mean difference over cells.

    Args:
        cells: of each cell, (problems, seeds) paired differences; all over the same problems in
            the same order. The number of seeds may differ.
        resamples: of the bootstrap, and of the permutation.
        seed: of both.

    Raises:
        ValueError: no cells, cells over different numbers of problems, or a value that is not
            finite.
    """
    every = [np.asarray(cell, dtype=np.float64) for cell in cells]
    if not every or any(cell.ndim != 2 or cell.size == 0 for cell in every):
        raise ValueError("expected at least one cell, each of shape (problems, seeds)")
    if len({len(cell) for cell in every}) > 1:
        raise ValueError("the cells have different numbers of problems")
    if not all(np.isfinite(cell).all() for cell in every):
        raise ValueError("a value is not a finite number")
    problems = len(every[0])
    by_problem = np.mean([cell.mean(axis=1) for cell in every], axis=0)
    value = float(by_problem.mean())
    drawn = resampled_mean(by_problem, resamples, seed)
    variance = float(by_problem.var(ddof=1)) / problems if problems > 1 else 0.0
    runs = _run_variance(every)
    if runs is not None:
        chance, freedom = runs
        noise = np.random.default_rng([seed, 1]).standard_t(freedom, size=resamples)
        drawn = drawn + noise * np.sqrt(chance)
        variance += chance
    means = np.array([cell.mean() for cell in every])
    low, high = percentile_interval(drawn, value)
    return PooledDifference(
        value,
        low,
        high,
        p_value=sign_flip(by_problem, resamples, seed),
        p_value_other_seeds=None if runs is None else bootstrap_p_value(drawn),
        standard_error=float(np.sqrt(variance)),
        covers_seeds=runs is not None,
        cells=len(every),
        cells_positive=int((means > 0).sum()),
        cells_negative=int((means < 0).sum()),
    )


def _run_variance(cells: Sequence[Floats]) -> tuple[float, int] | None:
    """What other seeds add to the variance of the mean over cells, and its degrees of freedom.

    Two crossed random effects, problems and runs (Searle, Casella, McCulloch, Variance
    Components, 1992): the means of runs also scatter because each run answers each problem with
    chance of its own. That part is in the resampled problems already and is taken off. All
    cells are taken to scatter alike, as few seeds say little about each.
    """
    seeds = np.array([cell.shape[1] for cell in cells])
    if (seeds < 2).any() or len(cells[0]) < 2:
        return None
    excess = float(np.mean([_run_excess(cell) / cell.shape[1] for cell in cells]))
    return max(0.0, excess) / len(cells), int((seeds - 1).sum())


def _run_excess(cell: Floats) -> float:
    """Variance of runs beyond the chance of their answers; may be negative by chance."""
    problems, seeds = cell.shape
    runs = cell.mean(axis=0)
    left = cell - cell.mean(axis=1, keepdims=True) - runs + cell.mean()
    answers = float((left**2).sum()) / ((problems - 1) * (seeds - 1))
    return float(runs.var(ddof=1) - answers / problems)
