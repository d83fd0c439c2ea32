"""What a comparison says at one budget: metrics of both sides, differences paired by problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.metrics.adaptive_arrays import AdaptiveArrays
from harness.metrics.measuring import (
    LEVEL_RESAMPLES,
    RESAMPLES,
    Columns,
    Comparison,
    compare,
    side_columns,
)
from harness.metrics.pool_arrays import PoolArrays
from harness.metrics.side_columns import DISTINCT
from harness.recipe import SIDES, Side
from harness.statistics import bootstrap_mean

Arrays = PoolArrays | AdaptiveArrays
Document = dict[str, Any]

_GROW_WITH_SAMPLES = ("coverage", *DISTINCT)


def compared_columns(
    columns: Mapping[Side, Columns],
    samples_per_problem: Mapping[Side, float],
    resamples: int = RESAMPLES,
) -> Comparison:
    """Both sides at real numbers of samples a problem.

    From 1 on the columns hold for that number. Below 1 only that share of the problems gets a
    sample, so that what one sample shows, its interval included, is weighted with the share.

    Args:
        columns: per side, of `columns_at`.
        samples_per_problem: of each side.
        resamples: how many times the problems are resampled.
    """
    shares = {side: min(samples_per_problem[side], 1.0) for side in SIDES}
    return compare(
        {side: _weighted(columns[side], shares[side]) for side in SIDES},
        resamples,
        samples_per_problem=samples_per_problem,
    )


def _weighted(columns: Columns, share: float) -> Columns:
    return {
        name: values * share if name in _GROW_WITH_SAMPLES and share < 1 else values
        for name, values in columns.items()
    }


def columns_at(
    arrays: Mapping[Side, Arrays], samples_per_problem: Mapping[Side, float]
) -> dict[Side, Columns]:
    """The (problems,) values of both sides, of one sample where there is less than one.

    Raises:
        InputError: a problem has fewer samples.
    """
    return {side: side_columns(arrays[side], max(samples_per_problem[side], 1.0)) for side in SIDES}


def coverage_difference(
    arrays: Mapping[Side, Arrays], samples_per_problem: Mapping[Side, float]
) -> Document:
    """WC minus SE in coverage, as `at_budget` has it.

    Raises:
        InputError: a problem has fewer samples.
    """
    columns = {
        side: {"coverage": arrays[side].coverage(max(samples_per_problem[side], 1.0))}
        for side in SIDES
    }
    difference: Document = compared_columns(columns, samples_per_problem).differences()["coverage"]
    return difference


def side_document(arrays: Arrays, metrics: Document, samples_per_problem: float) -> Document:
    """One side: counts over its whole pool (up to the stopping points), metrics at the budget.

    `undecided_as_correct` is the upper end of coverage if the grader could have decided; None
    where nothing is undecided.
    """
    bound = None
    if arrays.undecided:
        most = arrays.undecided_as_correct().coverage(max(samples_per_problem, 1.0))
        share = min(samples_per_problem, 1.0)
        bound = {name: end * share for name, end in bootstrap_mean(most).document().items()}
    return {
        "samples": int(arrays.tokens.samples.sum()),
        "undecided": arrays.undecided,
        **metrics,
        "undecided_as_correct": bound,
    }


def at_budget(
    arrays: Mapping[Side, Arrays], samples_per_problem: Mapping[Side, float]
) -> tuple[dict[Side, Document], Document]:
    """Both sides and their differences at a matched budget.

    Raises:
        InputError: a problem has fewer samples than the budget asks for.
    """
    comparison = compared_columns(columns_at(arrays, samples_per_problem), samples_per_problem)
    sides = {
        side: side_document(arrays[side], comparison.metrics(side), samples_per_problem[side])
        for side in SIDES
    }
    return sides, comparison.differences()


def by_group(
    arrays: Mapping[Side, Arrays],
    samples_per_problem: Mapping[Side, float],
    groups: Sequence[str],
) -> dict[str, Document]:
    """Metrics and differences for each level or subject, "" for problems without one.

    Args:
        arrays: both sides, over the same problems.
        samples_per_problem: of the matched budget.
        groups: (problems,) the group of each.
    """
    columns = columns_at(arrays, samples_per_problem)
    names, found = np.array(groups), {}
    for name in sorted(set(groups), key=lambda one: (not one, one)):
        places = np.flatnonzero(names == name)
        part = {side: {n: v[places] for n, v in columns[side].items()} for side in SIDES}
        comparison = compared_columns(part, samples_per_problem, LEVEL_RESAMPLES)
        found[name] = {
            "problems": len(places),
            "sides": {
                side: {
                    "samples": int(arrays[side].tokens.samples[places].sum()),
                    "undecided": int(arrays[side].undecided_by_problem[places].sum()),
                    **comparison.metrics(side),
                }
                for side in SIDES
            },
            "difference": comparison.differences(),
        }
    return found
