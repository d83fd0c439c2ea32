"""One effect over several cells, such as paradigms and budgets, that are no independent trials.

The cells of a comparison share their test problems, so that a problem that suits one side suits
it in many cells at once. The problems are therefore resampled, and their signs flipped, jointly
for all cells. How much training by another seed would have changed a model is a second source
of chance: with several seeds it is estimated, as independent from run to run, and added
(`harness.statistics.run_scatter`); with one seed in every cell it is unknown, and the result
speaks of these models only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.statistics.intervals import percentile_interval
from harness.statistics.paired import bootstrap_p_value, resampled_mean, sign_flip
from harness.statistics.resampling import RESAMPLES, Floats
from harness.statistics.run_scatter import RunScatter, run_scatter


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
            that is unknown.
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
    cells: Sequence[Floats],
    *,
    scatter: RunScatter | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> PooledDifference:
    """The mean difference over cells.

    Args:
        cells: of each cell, (problems, seeds) paired differences; all over the same problems in
            the same order. The number of seeds may differ.
        scatter: of training runs, where more cells than these tell it; else these do.
        resamples: of the bootstrap, and of the permutation.
        seed: of both.

    Raises:
        ValueError: no cells, cells over different numbers of problems, or a value that is not
            finite.
    """
    every = _checked_cells(cells)
    problems = len(every[0])
    by_problem = np.mean([cell.mean(axis=1) for cell in every], axis=0)
    value = float(by_problem.mean())
    drawn = resampled_mean(by_problem, resamples, seed)
    variance = float(by_problem.var(ddof=1)) / problems if problems > 1 else 0.0
    scatter = run_scatter(every) if scatter is None else scatter
    if scatter is not None:
        # Of a variance by training of 1, what remains in the mean over all runs.
        share = sum(1 / cell.shape[1] for cell in every) / len(every) ** 2
        end = max(1.0, float(np.abs(by_problem).max()))
        # Two runs alone may leave nearly everything open, but no more than that.
        drawn = np.clip(drawn + share**0.5 * scatter.drawn_shifts(resamples, seed), -end, end)
        variance += share * scatter.variance
    means = np.array([cell.mean() for cell in every])
    low, high = percentile_interval(drawn, value)
    return PooledDifference(
        value,
        low,
        high,
        p_value=sign_flip(by_problem, resamples, seed),
        p_value_other_seeds=None if scatter is None else bootstrap_p_value(drawn),
        standard_error=float(np.sqrt(variance)),
        covers_seeds=scatter is not None,
        cells=len(every),
        cells_positive=int((means > 0).sum()),
        cells_negative=int((means < 0).sum()),
    )


def _checked_cells(cells: Sequence[Floats]) -> list[Floats]:
    every = [np.asarray(cell, dtype=np.float64) for cell in cells]
    if not every or any(cell.ndim != 2 or cell.size == 0 for cell in every):
        raise ValueError("expected at least one cell, each of shape (problems, seeds)")
    if len({len(cell) for cell in every}) > 1:
        raise ValueError("the cells have different numbers of problems")
    if not all(np.isfinite(cell).all() for cell in every):
        raise ValueError("a value is not a finite number")
    return every
