"""WC data against SE data: what the finetuned models say, paired by test problem.

Pure functions over 0/1 outcomes in the order of the test problems.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.statistics import (
    Interval,
    bootstrap_mean,
    paired_difference,
    pooled_difference,
    smallest_detectable_difference,
    smallest_detectable_effect,
    wilson,
)
from harness.statistics.holm import holm

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


def compare_all(contests: Sequence[Contest]) -> dict[str, Any]:
    """`comparisons` and `pooled` of `evaluations.json`.

    Each comparison also has `holm_p_value`, its p value adjusted for the number of comparisons,
    and so has its `other_seeds`.
    `pooled` is the mean difference over all of them, None with fewer than two.
    """
    compared = [contest for contest in contests if contest.seeds()]
    entries = [entry for contest in compared if (entry := compare(contest)) is not None]
    adjusted = holm([entry["difference"]["p_value"] for entry in entries])
    for entry, p_value in zip(entries, adjusted.tolist(), strict=True):
        entry["holm_p_value"] = p_value
    several = [entry["other_seeds"] for entry in entries if entry["other_seeds"]]
    for found, p_value in zip(several, holm([one["p_value"] for one in several]), strict=True):
        found["holm_p_value"] = float(p_value)
    return {
        "comparisons": entries,
        "pooled": pooled(compared) if len(compared) > 1 else None,
    }


def pooled(contests: Sequence[Contest]) -> dict[str, Any]:
    """The mean difference over contests with a common training seed, WC data minus SE data.

    `smallest_detectable` is the smallest mean difference that this design finds with 80 % power.
    """
    cells = []
    for contest in contests:
        wc, se = contest.paired_outcomes()
        cells.append(wc - se)
    found = pooled_difference(cells)
    return {
        **asdict(found),
        "smallest_detectable": smallest_detectable_effect(found.standard_error),
    }


def compare(contest: Contest) -> dict[str, Any] | None:
    """One entry of `comparisons` in `evaluations.json`; None without a common training seed.

    `difference` is WC data minus SE data in fractions of the test problems (multiply by 100
    for points); `relative_gain` is that difference over the SE side's pass@1, as the paper
    states its gains, and None where that is 0; `smallest_detectable` is the smallest difference
    that the design finds with 80 % power, None where it finds none at all. `difference` speaks of
    these models; `other_seeds` of models trained by other seeds, None with one seed.
    """
    seeds = contest.seeds()
    if not seeds:
        return None
    wc, se = contest.paired_outcomes()
    base = np.repeat(contest.base[:, None], len(seeds), axis=1)
    wc_mean, se_mean = float(wc.mean()), float(se.mean())
    return {
        "paradigm": contest.paradigm,
        "budget": contest.budget,
        "seeds": seeds,
        "base": asdict(pass_at_1([contest.base])),
        "wc": asdict(pass_at_1(list(wc.T))),
        "se": asdict(pass_at_1(list(se.T))),
        "difference": asdict(paired_difference(wc, se)),
        "other_seeds": _other_seeds(wc - se),
        "smallest_detectable": _smallest_detectable(wc, se),
        "relative_gain": (wc_mean - se_mean) / se_mean if se_mean > 0 else None,
        "gain_over_base": {
            "wc": asdict(paired_difference(wc, base)),
            "se": asdict(paired_difference(se, base)),
        },
    }


def _other_seeds(differences: Outcomes) -> dict[str, float | None] | None:
    """The interval and the test that cover training by other seeds; None where that is unknown.

    Args:
        differences: (problems, seeds).
    """
    found = pooled_difference([differences])
    if not found.covers_seeds:
        return None
    return {"low": found.low, "high": found.high, "p_value": found.p_value_other_seeds}


def _smallest_detectable(wc: Outcomes, se: Outcomes) -> float | None:
    """By the share of problems on which the sides disagree, or by the spread of their means."""
    problems, seeds = wc.shape
    if seeds == 1:
        share = float((wc != se).mean())
        found = smallest_detectable_difference(problems, float(se.mean()), discordant=share)
        return found if np.isfinite(found) else None
    if problems == 1:
        return None
    differences = (wc - se).mean(axis=1)
    found = smallest_detectable_effect(float(differences.std(ddof=1)) / problems**0.5)
    return found or None


def pass_at_1(runs: Sequence[Outcomes]) -> Interval:
    """pass@1 over training seeds, with a 95 % interval.

    One seed is a plain proportion (Wilson). Several seeds share their test problems, so their
    outcomes are not independent: the interval then comes from resampling problems, each with
    its mean over the seeds.
    """
    if len(runs) == 1:
        return wilson(int(runs[0].sum()), len(runs[0]))
    return bootstrap_mean(np.mean(np.stack(runs), axis=0))
