"""The stage `measure`: the quality of both pools, WC against SE at every matched budget.

A budget is a view of the pools. What k samples a problem would have shown is estimated from
all n of them, without bias; nothing is drawn again for another budget.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from harness.budget import MatchedBudget, match_of, pool_sizes, stopping_rule
from harness.budget.allocation import allocation_document, stopping_words
from harness.errors import InputError
from harness.files import write_json
from harness.grading.graded import open_graded_pool
from harness.metrics.adaptive_arrays import AdaptiveArrays, adaptive_arrays
from harness.metrics.majority import MAJORITY_SAMPLES
from harness.metrics.measuring import (
    LEVEL_RESAMPLES,
    Columns,
    by_group,
    compare,
    coverage_curve,
    side_columns,
)
from harness.metrics.pool_arrays import PoolArrays, pool_arrays
from harness.metrics.side_columns import mixed_columns
from harness.metrics.solution_keys import KEYS
from harness.pool import Pool
from harness.progress import Progress
from harness.recipe import SIDES, Recipe, Side
from harness.recipe.schema import Until
from harness.run_folder import RunFolder

ESTIMATOR = "unbiased at k samples a problem, from all samples of the pool"
ADAPTIVE_ESTIMATOR = (
    "unbiased at k samples a problem, from the samples of each problem up to its stopping point"
)

Arrays = PoolArrays | AdaptiveArrays


def measure(run: RunFolder, progress: Progress) -> dict[str, Any]:
    """Measures both pools at every budget; writes `measure.json`.

    Args:
        run: the run; its pools must be graded.
        progress: told what is being done.

    Returns:
        The document in `measure.json`; metrics are fractions with 95 % intervals.

    Raises:
        InputError: a pool is not sampled, not graded, or holds other problems than the other.
    """
    pools: dict[Side, Pool] = {side: open_graded_pool(run, side) for side in SIDES}
    arrays: dict[Side, Arrays] = {side: _arrays(run.recipe, side, pools[side]) for side in SIDES}
    if arrays["wc"].problem_ids != arrays["se"].problem_ids:
        raise InputError(
            f"the pools of {run.path} do not hold the same problems in the same order.",
            "A comparison is paired by problem: sample both sides on one problem set.",
        )
    matched, until = match_of(run.recipe), stopping_rule(run.recipe)
    budgets = {}
    with progress.task("measure", len(matched), "budgets") as task:
        for name, budget in matched.items():
            budgets[name] = _budget_document(budget, arrays, pools)
            task.advance()
    first = next(iter(matched.values()))
    document = {
        "problems": len(arrays["wc"].problem_ids),
        "match": {
            "kind": first.kind,
            "ratio": first.ratio,
            "parameters": run.recipe.match.parameters,
            "unit": first.unit,
            "rounding": first.rounding,
        },
        "allocation": allocation_document(until),
        "estimator": ESTIMATOR if until is None else ADAPTIVE_ESTIMATOR,
        "refused": {} if until is None else _refused(until),
        "grader": {side: pools[side].grader_identity("answer") for side in SIDES},
        "budgets": budgets,
        "curve": _curves(matched.values(), arrays),
    }
    write_json(run.measure_file, document)
    return document


def _curves(
    budgets: Collection[MatchedBudget], arrays: Mapping[Side, Arrays]
) -> dict[str, list[dict[str, Any]]]:
    """Per side, coverage against cost up to the largest budget."""
    largest = {side: max(one.samples_per_problem[side] for one in budgets) for side in SIDES}
    any_budget = next(iter(budgets))
    return {
        side: coverage_curve(
            arrays[side],
            largest[side],
            any_budget.cost_per_sample[side],
            any_budget.cost_per_problem[side],
        )
        for side in SIDES
    }


def _arrays(recipe: Recipe, side: Side, pool: Pool) -> Arrays:
    chain, until = recipe.answer.chain_verifier is not None, stopping_rule(recipe)
    if until is None:
        return pool_arrays(pool, chain=chain, keys=KEYS)
    return adaptive_arrays(
        pool, chain=chain, enough=until.correct, largest=pool_sizes(recipe)[side]
    )


def _refused(until: Until) -> dict[str, str]:
    """The metrics that an adaptive pool has no unbiased estimate of, and why."""
    reason = (
        f"the allocation stops a problem at {stopping_words(until)}, and how many distinct "
        "solutions more samples would have shown cannot be estimated without bias"
    )
    majority = (
        f"the allocation stops a problem at {stopping_words(until)}, and which answers more "
        "samples would have voted for cannot be estimated without bias"
    )
    return {
        "diversity_all": reason,
        "diversity_solved": reason,
        **{f"majority_at_{k}": majority for k in MAJORITY_SAMPLES},
    }


def _budget_document(
    budget: MatchedBudget, arrays: Mapping[Side, Arrays], pools: Mapping[Side, Pool]
) -> dict[str, Any]:
    k = budget.mean_samples_per_problem
    taken = {side: budget.samples_of(side, arrays[side].problem_ids) for side in SIDES}
    columns = {side: mixed_columns(arrays[side], k[side]) for side in SIDES}
    comparison = compare(columns, samples_per_problem=k)
    groups = {
        "by_level": by_group(columns, arrays["wc"].levels, k),
        "by_subject": by_group(columns, arrays["wc"].subjects, k),
    }
    return {
        "samples_per_problem": dict(budget.samples_per_problem),
        "mean_samples_per_problem": k,
        "cost": {
            **budget.cost,
            "unit": budget.unit,
            "wc_over_se": budget.wc_over_se,
            "intended_wc_over_se": budget.intended_wc_over_se,
        },
        "tokens": {side: _tokens(pools[side], taken[side]) for side in SIDES},
        "sides": {
            side: {
                **_counts(pools[side], taken[side]),
                **comparison.metrics(side),
                "undecided_as_correct": _undecided_as_correct(arrays[side], side, columns, k[side]),
                **{kind: _of_side(found, side) for kind, found in groups.items()},
            }
            for side in SIDES
        },
        "difference": comparison.differences(),
        "number_matched": _number_matched(min(budget.samples_per_problem.values()), arrays),
    }


def _of_side(groups: Mapping[str, Mapping[str, Any]], side: Side) -> dict[str, Any]:
    return {name: {"problems": found["problems"], **found[side]} for name, found in groups.items()}


def _undecided_as_correct(
    arrays: Arrays, side: Side, columns: Mapping[Side, Columns], k: float
) -> dict[str, Any] | None:
    """The upper ends: the metrics if every undecided sample were correct.

    None where nothing is undecided. False positives have no such bound: nobody checked the
    chains of undecided samples as those of correct ones.
    """
    if not arrays.undecided:
        return None
    most = mixed_columns(arrays.undecided_as_correct(), k)
    found = compare(
        {**columns, side: most}, LEVEL_RESAMPLES, samples_per_problem=dict.fromkeys(SIDES, k)
    ).metrics(side)
    return {**found, "false_positive_rate": None}


def _number_matched(k: int, arrays: Mapping[Side, Arrays]) -> dict[str, Any]:
    """The same comparison at equal numbers: which model is better, sample for sample."""
    columns: dict[Side, Columns] = {side: side_columns(arrays[side], k) for side in SIDES}
    comparison = compare(columns, samples_per_problem=dict.fromkeys(SIDES, k))
    return {
        "samples_per_problem": k,
        "sides": {side: comparison.metrics(side) for side in SIDES},
        "difference": comparison.differences(),
    }


def _counts(pool: Pool, taken: Mapping[str, int]) -> dict[str, int]:
    """Counts over the budget's own samples: of every problem the first ones, so many."""
    table = pool.verdicts("answer").select(["problem_id", "sample_index", "outcome", "answer"])
    first = table.filter(_of_budget(table, taken))
    counted = {
        row["values"]: row["counts"] for row in pc.value_counts(first["outcome"]).to_pylist()
    }
    return {
        "samples": first.num_rows,
        "correct": counted.get("correct", 0),
        "undecided": counted.get("undecided", 0),
        "unparsed": first["answer"].null_count,
    }


def _of_budget(table: pa.Table, taken: Mapping[str, int]) -> pa.ChunkedArray:
    """(rows,) whether a sample is one of the first so many of its problem."""
    places = pc.index_in(table["problem_id"], value_set=pa.array(list(taken)))
    return pc.less(table["sample_index"], pa.array(list(taken.values())).take(places))


def _tokens(pool: Pool, taken: Mapping[str, int]) -> dict[str, int]:
    """Measured tokens of the budget's own samples; a prompt counts once a problem."""
    columns = ["problem_id", "sample_index", "prompt_tokens", "completion_tokens"]
    table = pool.samples(columns)
    of_first = _of_budget(table, taken)
    first = pc.and_(of_first, pc.equal(table["sample_index"], 0))
    return {
        "prompt": pc.sum(table.filter(first)["prompt_tokens"]).as_py() or 0,
        "completion": pc.sum(table.filter(of_first)["completion_tokens"]).as_py() or 0,
    }
