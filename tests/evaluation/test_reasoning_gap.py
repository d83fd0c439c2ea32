"""The reasoning gap against counting by hand and against the paper's own numbers."""

from __future__ import annotations

import copy
import json
import math
import pickle

import numpy as np
import pytest

from harness.evaluation import reasoning_gap as gap
from harness.evaluation.reasoning_gap import STATIC, PairedOutcome

SNAPSHOTS = ("Oct-2023", "Nov-2023", "Dec-2023")


def _outcomes(table: dict[str, str]) -> list[PairedOutcome]:
    """From rows such as `1101`: the original, then the snapshots; a dot was not asked."""
    return [
        PairedOutcome(float(mark), original, snapshot)
        for original, marks in table.items()
        for snapshot, mark in zip((STATIC, *SNAPSHOTS), marks, strict=True)
        if mark != "."
    ]


TABLE = {"a/1": "1111", "a/2": "1101", "a/3": "0111", "a/4": "1111", "a/5": "1000", "a/6": "0000"}


def test_by_hand() -> None:
    found = _outcomes(TABLE)
    assert gap.paired_problems(found) == 6
    assert gap.static_accuracy(found) == pytest.approx(4 / 6)
    # Only what is solved in the original and in all snapshots counts.
    assert gap.functional_accuracy(found) == pytest.approx(2 / 6)
    assert gap.reasoning_gap(found) == pytest.approx((4 - 2) / 4)
    assert gap.snapshot_accuracy(found) == pytest.approx(11 / 18)


def test_order_does_not_matter_and_unpaired_problems_do_not_count() -> None:
    whole = _outcomes(TABLE)
    more = [*whole, *_outcomes({"a/7": ".111", "a/8": "1.11", "a/9": "1..."})]
    assert gap.paired_problems(more) == 6
    assert gap.reasoning_gap(more[::-1]) == gap.reasoning_gap(whole)
    # The snapshots of unpaired problems still count as such.
    assert gap.snapshot_accuracy(more) == pytest.approx((11 + 3 + 2) / (18 + 3 + 2))


def test_the_papers_gap_of_gpt4() -> None:
    """1299 of 5000 solved statically, 541 functionally: 58.35 % (arXiv 2402.19450, section 5)."""
    found = _outcomes(
        {f"x/{n}": "1111" if n < 541 else "1110" if n < 1299 else "0111" for n in range(5000)}
    )
    assert gap.static_accuracy(found) == pytest.approx(0.2598)
    assert gap.functional_accuracy(found) == pytest.approx(0.1082)
    assert round(100 * gap.reasoning_gap(found), 2) == 58.35


@pytest.mark.parametrize("table", [{}, {"a/1": "0111"}, {"a/1": "1..."}])
def test_where_there_is_no_gap_none_is_claimed(table: dict[str, str]) -> None:
    found = _outcomes(table)
    assert math.isnan(gap.reasoning_gap(found))
    assert math.isnan(gap.reasoning_gap_stderr(found))


def test_standard_errors_hold_under_simulation() -> None:
    source = np.random.default_rng(11)
    values, errors = [], []
    for _ in range(150):
        static = source.random(300) < 0.6
        kept = source.random(300) < 0.7
        marks = {f"a/{n}": f"{int(s)}11{int(k)}"
                 for n, (s, k) in enumerate(zip(static, kept, strict=True))}  # fmt: skip
        found = _outcomes(marks)
        values.append(gap.reasoning_gap(found))
        errors.append(gap.reasoning_gap_stderr(found))
    assert np.mean(values) == pytest.approx(0.3, abs=0.01)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)
    # The closed form of a proportion of the statically solved ones.
    assert np.mean(errors) == pytest.approx(math.sqrt(0.3 * 0.7 / 180), rel=0.05)


def test_snapshots_of_one_problem_are_one_observation() -> None:
    same = _outcomes({f"a/{n}": "1111" if n % 2 else "0000" for n in range(100)})
    assert gap.snapshot_accuracy_stderr(same) == pytest.approx(0.05, rel=0.1)
    assert gap.static_accuracy_stderr(same) == pytest.approx(0.05, rel=0.02)


def test_an_outcome_is_a_number_that_keeps_what_it_belongs_to() -> None:
    outcome = PairedOutcome(1.0, "a/1", "Oct-2023")
    assert json.dumps(outcome) == "1.0" and outcome == 1 and sum([outcome, outcome]) == 2.0
    for other in (copy.deepcopy(outcome), pickle.loads(pickle.dumps(outcome))):
        assert (other, other.original, other.snapshot) == (1.0, "a/1", "Oct-2023")
