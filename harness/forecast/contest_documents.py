"""The JSON document of both sides of a recipe, as `harness plan --pilot --pilot --json` prints it.

Two pilots of a pair with a recipe add `contest` to the documents of `documents`:

    match: {kind, ratio, lengths (where the lengths of samples are from)},
    metrics: {METRIC: {crossover: {value, low, high, probability},
        stretches: [{first, last, winner (wc, se or null)}]}},
    budgets: [{se_samples, samples_per_problem: {wc, se}, basis: {wc, se},
        sides: {wc, se: {METRIC: {value, low, high, other_problems}}},
        difference: {METRIC: {value, low, high, other_problems: {low, high}, wc_wins}}}],
    planned: [{budget, multiplier, ... as in budgets}], the budgets of the recipe
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.forecast.contest import Contest, ForecastDifference, compared
from harness.forecast.documents import basis, metric_document
from harness.forecast.forecasting import Forecast
from harness.forecast.prediction import Prediction
from harness.recipe import SIDES, Side
from harness.statistics.intervals import Interval

Document = dict[str, Any]


@dataclass(frozen=True)
class PlannedBudgets:
    """Budgets of the recipe, both sides at each.

    Attributes:
        names: of the budgets.
        multipliers: what WC spends over what SE spends.
        samples: per side, samples a problem.
    """

    names: tuple[str, ...]
    multipliers: tuple[float, ...]
    samples: dict[Side, tuple[float, ...]]


def contest_document(
    found: Contest, match: Document, sizes: dict[Side, int], planned: list[Document]
) -> Document:
    """The document of a comparison of two pilots.

    Args:
        found: the comparison.
        match: its kind, the ratio of costs, and where the lengths of samples are from.
        sizes: per side, the k up to which its pilot itself shows coverage.
        planned: from `planned_documents`.
    """
    metrics = {
        name: {
            "crossover": asdict(found.crossovers[name]),
            "stretches": [asdict(stretch) for stretch in found.stretches[name]],
        }
        for name in found.differences
    }
    rows = _pairs(found.samples, found.sides, found.differences, sizes)
    return {
        "match": match,
        "metrics": metrics,
        "budgets": [
            {"se_samples": budget, **row} for budget, row in zip(found.budgets, rows, strict=True)
        ],
        "planned": planned,
    }


def planned_documents(
    planned: PlannedBudgets, forecasts: Mapping[Side, Forecast], sizes: dict[Side, int]
) -> list[Document]:
    """Both sides at the budgets of the recipe, each as its multiplier says."""
    if not planned.names:
        return []
    rows = _pairs(planned.samples, *compared(forecasts, planned.samples), sizes)
    return [
        {"budget": name, "multiplier": multiplier, **row}
        for name, multiplier, row in zip(planned.names, planned.multipliers, rows, strict=True)
    ]


def _pairs(
    samples: Mapping[Side, Sequence[float]],
    sides: Mapping[Side, Mapping[str, list[Prediction]]],
    differences: Mapping[str, list[ForecastDifference]],
    sizes: dict[Side, int],
) -> list[Document]:
    """Both sides at pairs of numbers of samples."""
    rows = []
    for place in range(len(samples["se"])):
        counts = {side: samples[side][place] for side in SIDES}
        measured = {side: counts[side] <= sizes[side] for side in SIDES}
        rows.append(
            {
                "samples_per_problem": counts,
                "basis": {side: basis(math.ceil(counts[side]), sizes[side]) for side in SIDES},
                "sides": {
                    side: {
                        name: metric_document(one[place], measured[side])
                        for name, one in sides[side].items()
                    }
                    for side in SIDES
                },
                "difference": {
                    name: _difference(one[place], all(measured.values()))
                    for name, one in differences.items()
                },
            }
        )
    return rows


def _difference(one: ForecastDifference, measured: bool) -> Document:
    these = Interval(one.these.value, one.low, one.high) if measured else one.these
    return {
        **these.document(),
        "other_problems": {"low": one.low, "high": one.high},
        "wc_wins": one.wc_wins,
    }
