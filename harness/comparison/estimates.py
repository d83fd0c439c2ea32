"""What a comparison says at one budget: metrics of both sides, differences paired by problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.errors import InputError
from harness.metrics.adaptive_arrays import AdaptiveArrays
from harness.metrics.measuring import LEVEL_RESAMPLES, Columns, compare, side_columns
from harness.metrics.pool_arrays import PoolArrays
from harness.metrics.solution_keys import KEYS
from harness.recipe import SIDES, Side
from harness.statistics import bootstrap_mean

Arrays = PoolArrays | AdaptiveArrays
Document = dict[str, Any]

_GROW_WITH_SAMPLES = ("coverage", "distinct", *(f"distinct_{key}" for key in KEYS))


def columns_at(arrays: Arrays, samples_per_problem: float) -> Columns:
    """The (problems,) values of one side at a real number of samples a problem.

    From 1 on by the estimators for real k. Below 1 only that share of the problems gets a
    sample, so what one sample shows is weighted with it.

    Raises:
        InputError: a problem has fewer samples.
    """
    columns = side_columns(arrays, max(samples_per_problem, 1.0))
    if samples_per_problem >= 1:
        return columns
    return {
        name: values * samples_per_problem if name in _GROW_WITH_SAMPLES else values
        for name, values in columns.items()
    }


def side_document(arrays: Arrays, metrics: Document, samples_per_problem: float) -> Document:
    """One side: counts over its whole pool, metrics at the budget.

    `undecided_as_correct` is the upper end of coverage if the grader could have decided; None
    where nothing is undecided, or where more correct samples would have stopped the draw.
    """
    bound = None
    if arrays.undecided and isinstance(arrays, PoolArrays):
        most = columns_at(arrays.undecided_as_correct(), samples_per_problem)
        bound = bootstrap_mean(most["coverage"]).document()
    return {
        "samples": int(arrays.samples.sum()),
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
    columns = {side: columns_at(arrays[side], samples_per_problem[side]) for side in SIDES}
    comparison = compare(columns)
    sides = {
        side: side_document(arrays[side], comparison.metrics(side), samples_per_problem[side])
        for side in SIDES
    }
    return sides, comparison.differences()


def by_group(
    arrays: Mapping[Side, Arrays],
    samples_per_problem: Mapping[Side, float],
    groups: Sequence[str],
    kind: str,
) -> dict[str, Document]:
    """Metrics and differences for each level or subject, "" for problems without one.

    Args:
        arrays: both sides, over the same problems.
        samples_per_problem: of the matched budget.
        groups: (problems,) the group of each.
        kind: "level" or "subject".

    Raises:
        InputError: no problem has a group.
    """
    if not any(groups):
        raise InputError(
            f"no problem has a {kind}, so nothing can be shown by {kind}.",
            f"Import the pools with problems that have `{kind}`, or leave --by out.",
        )
    columns = {side: columns_at(arrays[side], samples_per_problem[side]) for side in SIDES}
    names, found = np.array(groups), {}
    for name in sorted(set(groups), key=lambda one: (not one, one)):
        places = np.flatnonzero(names == name)
        part = {side: {n: v[places] for n, v in columns[side].items()} for side in SIDES}
        comparison = compare(part, LEVEL_RESAMPLES)
        found[name] = {
            "problems": len(places),
            "sides": {
                side: {
                    "samples": int(arrays[side].samples[places].sum()),
                    "undecided": int(arrays[side].undecided_by_problem[places].sum()),
                    **comparison.metrics(side),
                }
                for side in SIDES
            },
            "difference": comparison.differences(),
        }
    return found
