"""WC data against SE data: what the finetuned models say, paired by test problem.

Pure functions over 0/1 outcomes in the order of the test problems.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.power import POWER
from harness.statistics import (
    Interval,
    PooledDifference,
    bootstrap_mean,
    paired_difference,
    pooled_difference,
    smallest_detectable_difference,
    smallest_detectable_effect,
    wilson,
)
from harness.statistics.holm import holm
from harness.statistics.run_scatter import RunScatter, run_scatter

ALIKE = (
    "Training runs are independent of each other, and another seed moves the difference of each "
    "comparison by as much."
)
Outcomes = NDArray[np.float64]  # (problems,): 1 where the completion was right, else 0.


@dataclass(frozen=True)
class Contest:
    """The models of one comparison.

    Attributes:
        paradigm: what was finetuned.
        budget: the sampling budget behind both training sets.
        base: outcomes of the model before finetuning.
        wc: outcomes of the models finetuned on WC data, by training seed.
        se: the same for SE data.
    """

    paradigm: str
    budget: str
    base: Outcomes
    wc: Mapping[int, Outcomes]
    se: Mapping[int, Outcomes]

    def seeds(self) -> list[int]:
        """Training seeds that both sides have, in the order of the WC side."""
        return [seed for seed in self.wc if seed in self.se]

    def paired_outcomes(self) -> tuple[Outcomes, Outcomes]:
        """(problems, seeds) outcomes of both sides, of the seeds that both have."""
        seeds = self.seeds()
        return (
            np.stack([self.wc[seed] for seed in seeds], axis=1),
            np.stack([self.se[seed] for seed in seeds], axis=1),
        )

    def paired_differences(self) -> Outcomes:
        """(problems, seeds) of WC minus SE data."""
        wc, se = self.paired_outcomes()
        return wc - se


def compare_all(contests: Sequence[Contest]) -> dict[str, Any]:
    """`comparisons`, `pooled` and `training_runs` of `evaluations.json`.

    Each comparison also has `holm_p_value`, its p value adjusted for the number of comparisons,
    and so has its `other_seeds`. All comparisons with several seeds estimate together how far
    training by another seed moves a model: `training_runs`, None where there is one seed only.
    `pooled` is the mean difference over all of them, None with fewer than two.
    """
    compared = [contest for contest in contests if contest.seeds()]
    scatter = run_scatter([contest.paired_differences() for contest in compared])
    found = [compare(contest, scatter) for contest in compared]
    entries = [entry for entry in found if entry is not None]
    _adjust(entries, [entry["difference"] for entry in entries])
    several = [entry["other_seeds"] for entry in entries if entry["other_seeds"]]
    _adjust(several, several)
    return {
        "comparisons": entries,
        "pooled": pooled(compared) if len(compared) > 1 else None,
        "training_runs": None if scatter is None else _training_runs(scatter),
    }


def _adjust(entries: Sequence[dict[str, Any]], tests: Sequence[Mapping[str, Any]]) -> None:
    """Gives each entry `holm_p_value`, of the p value of its test."""
    adjusted = holm([test["p_value"] for test in tests])
    for entry, p_value in zip(entries, adjusted.tolist(), strict=True):
        entry["holm_p_value"] = p_value


def _training_runs(scatter: RunScatter) -> dict[str, Any]:
    """What another seed does to a difference, and what is assumed to say so."""
    return {
        "standard_deviation": scatter.variance**0.5,
        "degrees_of_freedom": scatter.degrees_of_freedom,
        "assumption": ALIKE,
    }


def pooled(contests: Sequence[Contest]) -> dict[str, Any]:
    """The mean difference over contests with a common training seed, WC data minus SE data.

    `smallest_detectable` is the smallest mean difference that this design finds with 80 % power.
    """
    found = pooled_difference([contest.paired_differences() for contest in contests])
    return {**asdict(found), "smallest_detectable": _detectable(found)}


def compare(contest: Contest, scatter: RunScatter | None = None) -> dict[str, Any] | None:
    """One entry of `comparisons` in `evaluations.json`; None without a common training seed.

    `difference` is WC data minus SE data in fractions of the test problems (multiply by 100
    for points); `relative_gain` is that difference over the SE side's pass@1, as the paper
    states its gains, and None where that is 0; `smallest_detectable` is the smallest difference
    that the design finds with 80 % power, None where it finds none at all. `difference` speaks of
    these models; `other_seeds` of models trained by other seeds, None with one seed.

    Args:
        contest: the models.
        scatter: of training runs over all comparisons; else this one tells it alone.
    """
    seeds = contest.seeds()
    if not seeds:
        return None
    wc, se = contest.paired_outcomes()
    base = np.repeat(contest.base[:, None], len(seeds), axis=1)
    runs = pooled_difference([wc - se], scatter=scatter) if len(seeds) > 1 else None
    wc_mean, se_mean = float(wc.mean()), float(se.mean())
    return {
        "paradigm": contest.paradigm,
        "budget": contest.budget,
        "seeds": seeds,
        "base": asdict(pass_at_1([contest.base])),
        "wc": asdict(pass_at_1(list(wc.T))),
        "se": asdict(pass_at_1(list(se.T))),
        "difference": asdict(paired_difference(wc, se)),
        "other_seeds": None if runs is None else _other_seeds(runs),
        "smallest_detectable": _smallest_paired(wc, se)
        if runs is None
        else _detectable(runs) or None,
        "relative_gain": (wc_mean - se_mean) / se_mean if se_mean > 0 else None,
        "gain_over_base": {
            "wc": asdict(paired_difference(wc, base)),
            "se": asdict(paired_difference(se, base)),
        },
    }


def _other_seeds(found: PooledDifference) -> dict[str, float | None] | None:
    """The interval and the test that cover training by other seeds; None where that is unknown."""
    if not found.covers_seeds:
        return None
    return {"low": found.low, "high": found.high, "p_value": found.p_value_other_seeds}


def _smallest_paired(wc: Outcomes, se: Outcomes) -> float | None:
    """Of one seed: by the share of problems on which the sides disagree."""
    found = smallest_detectable_difference(
        len(wc), float(se.mean()), discordant=float((wc != se).mean())
    )
    return found if np.isfinite(found) else None


def _detectable(found: PooledDifference) -> float | None:
    """By the standard error; with several seeds also by how wide few of them make the interval.

    None where not even a difference of 1 is found.
    """
    if not found.covers_seeds:
        return smallest_detectable_effect(found.standard_error)
    half_width = (found.high - found.low) / 2
    smallest = half_width + NormalDist().inv_cdf(POWER) * found.standard_error
    return smallest if smallest <= 1 else None


def pass_at_1(runs: Sequence[Outcomes]) -> Interval:
    """pass@1 over training seeds, with a 95 % interval.

    One seed is a plain proportion (Wilson). Several seeds share their test problems, so their
    outcomes are not independent: the interval then comes from resampling problems, each with
    its mean over the seeds.
    """
    if len(runs) == 1:
        return wilson(int(runs[0].sum()), len(runs[0]))
    return bootstrap_mean(np.mean(np.stack(runs), axis=0))
