"""WC data against SE data: what the finetuned models say, paired by test problem.

Pure functions over 0/1 outcomes in the order of the test problems.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.statistics import Interval, bootstrap_mean, paired_difference, wilson

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


def compare(contest: Contest) -> dict[str, Any] | None:
    """One entry of `comparisons` in `evaluations.json`; None without a common training seed.

    `difference` is WC data minus SE data in fractions of the test problems (multiply by 100
    for points); `relative_gain` is that difference over the SE side's pass@1, as the paper
    states its gains, and None where that is 0.
    """
    seeds = contest.seeds()
    if not seeds:
        return None
    wc = np.stack([contest.wc[seed] for seed in seeds], axis=1)
    se = np.stack([contest.se[seed] for seed in seeds], axis=1)
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
        "relative_gain": (wc_mean - se_mean) / se_mean if se_mean > 0 else None,
        "gain_over_base": {
            "wc": asdict(paired_difference(wc, base)),
            "se": asdict(paired_difference(se, base)),
        },
    }


def pass_at_1(runs: Sequence[Outcomes]) -> Interval:
    """pass@1 over training seeds, with a 95 % interval.

    One seed is a plain proportion (Wilson). Several seeds share their test problems, so their
    outcomes are not independent: the interval then comes from resampling problems, each with
    its mean over the seeds.
    """
    if len(runs) == 1:
        return wilson(int(runs[0].sum()), len(runs[0]))
    return bootstrap_mean(np.mean(np.stack(runs), axis=0))
