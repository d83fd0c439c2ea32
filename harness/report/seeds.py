"""What several training seeds say, one by one and together.

Intervals of pass@1 are over test problems for the models that were trained; how much the
chance of training matters shows only in the differences from seed to seed.
"""

from __future__ import annotations

from harness.report.results import Comparison, Difference, Evaluations


def differences_by_seed(evaluations: Evaluations, comparison: Comparison) -> list[float]:
    """WC minus SE data for each of the comparison's training seeds, in its order.

    Empty where a model of one of them is not among the results.
    """
    found = {
        (model.cell.arm, model.cell.seed): model.pass_at_1.value
        for model in evaluations.models
        if model.cell
        and (model.cell.paradigm, model.cell.budget) == (comparison.paradigm, comparison.budget)
    }
    try:
        return [found["wc", seed] - found["se", seed] for seed in comparison.seeds]
    except KeyError:
        return []


def difference_of_data(comparison: Comparison) -> Difference:
    """WC minus SE data, with the interval and the test that a claim about the data needs.

    With several training seeds they cover training by other seeds; with one, or where that is
    not known, they speak of the models that were trained.
    """
    other = comparison.other_seeds
    if other is None:
        return comparison.difference
    return Difference(
        value=comparison.difference.value, low=other.low, high=other.high, p_value=other.p_value,
        test="resampled problems, with training by other seeds",
    )  # fmt: skip
