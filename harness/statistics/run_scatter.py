"""How far models scatter that were trained alike but for the seed.

Two crossed random effects, problems and training runs (Searle, Casella, McCulloch, Variance
Components, 1992): the means of runs scatter because training differs, and because each run
answers each problem with chance of its own. Resampled problems show the second already, so only
the first is added to what they show.

A few seeds say little about a variance, two nearly nothing. All comparisons of an experiment are
therefore taken to scatter alike and estimate it together, and what is left of doubt is drawn with
it instead of trusting one number that may be 0 by chance (generalised pivotal quantities,
Weerahandi, Journal of the American Statistical Association 88, 1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.statistics.resampling import Floats


@dataclass(frozen=True)
class RunScatter:
    """Variances of a run's mean difference, pooled over cells.

    Attributes:
        of_means: of the means of runs within a cell: training and answers.
        of_answers: the part that comes from each run's own answers.
        degrees_of_freedom: behind `of_means`: all runs but one a cell.
    """

    of_means: float
    of_answers: float
    degrees_of_freedom: int

    @property
    def variance(self) -> float:
        """The estimated variance of a run by training, at least 0."""
        return max(0.0, self.of_means - self.of_answers)

    def drawn_shifts(self, resamples: int, seed: int) -> Floats:
        """(resamples,) of how far training may have moved one run, by all that fits what was seen.

        A variance by training is `of_means` times its degrees of freedom over a chi-squared
        number, less `of_answers`, which thousands of answers tell well; a shift is normal with
        that variance. Both numbers come from one quasi-random sequence (Halton's): ends of
        intervals and small p values, as Holm's correction asks for, need evenly filled tails.
        """
        from scipy.stats import chi2, norm, qmc

        places = qmc.Halton(2, seed=seed).random(resamples)
        chance = chi2.ppf(places[:, 0], self.degrees_of_freedom) / self.degrees_of_freedom
        variances = np.maximum(0.0, self.of_means / chance - self.of_answers)
        return np.asarray(norm.ppf(places[:, 1]) * np.sqrt(variances))


def run_scatter(cells: Sequence[Floats]) -> RunScatter | None:
    """The scatter of training runs over the cells that have several.

    Args:
        cells: of each cell, (problems, seeds) paired differences. Cells count by their seeds
            less one, those with one seed not at all.

    Returns:
        None where no cell has two seeds, or there is one problem only.
    """
    several = [cell for cell in cells if cell.shape[1] > 1 and len(cell) > 1]
    if not several:
        return None
    freedom = np.array([cell.shape[1] - 1 for cell in several])
    parts = np.array([_of_means_and_answers(cell) for cell in several])
    of_means, of_answers = np.average(parts, axis=0, weights=freedom).tolist()
    return RunScatter(of_means, of_answers, int(freedom.sum()))


def _of_means_and_answers(cell: Floats) -> tuple[float, float]:
    """Mean squares of runs and of the interaction, each over the problems."""
    problems, seeds = cell.shape
    runs = cell.mean(axis=0)
    left = cell - cell.mean(axis=1, keepdims=True) - runs + cell.mean()
    answers = float((left**2).sum()) / ((problems - 1) * (seeds - 1))
    return float(runs.var(ddof=1)), answers / problems
