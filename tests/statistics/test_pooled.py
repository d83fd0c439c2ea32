"""The pooled effect: joint over problems, and over training seeds where there are several."""

from __future__ import annotations

import numpy as np
import pytest

from harness.statistics.paired import paired_difference, sign_flip
from harness.statistics.pooled import pooled_difference


def _cells(
    source: np.random.Generator, cells: int, seeds: int, of_runs: float = 0.0, shift: float = 0.0
) -> list[np.ndarray]:
    """Cells over 200 problems some of which suit one side in all cells."""
    suits = source.normal(0, 0.3, 200)
    return [
        np.clip(
            np.round(
                suits[:, None]
                + shift
                + source.normal(0, of_runs, seeds)
                + source.normal(0, 0.6, (200, seeds))
            ),
            -1,
            1,
        )
        for _ in range(cells)
    ]


def test_the_value_is_the_mean_of_the_cells() -> None:
    cells = _cells(np.random.default_rng(0), 4, 3)
    found = pooled_difference([*cells, cells[0][:, :1]])
    means = [cell.mean() for cell in cells] + [cells[0][:, 0].mean()]
    assert found.value == pytest.approx(np.mean(means))
    assert found.low < found.value < found.high
    assert found.cells == 5
    assert found.cells_positive == sum(mean > 0 for mean in means)
    assert found.cells_negative == sum(mean < 0 for mean in means)
    # The cell with a single seed is taken to scatter as the others do.
    assert found.covers_seeds
    single = pooled_difference([cell[:, :1] for cell in cells])
    assert not single.covers_seeds and single.p_value_other_seeds is None


def test_one_cell_with_one_seed_is_the_paired_difference() -> None:
    source = np.random.default_rng(1)
    first, second = source.integers(0, 2, (2, 300)).astype(float)
    found = pooled_difference([(first - second)[:, None]])
    direct = paired_difference(first, second)
    assert (found.value, found.low, found.high) == (direct.value, direct.low, direct.high)
    assert found.p_value == sign_flip(first - second)


def test_copies_of_a_cell_are_no_new_evidence() -> None:
    """Cells share their problems: six times the same cell is as uncertain as one."""
    cell = _cells(np.random.default_rng(2), 1, 1)[0]
    one, six = pooled_difference([cell]), pooled_difference([cell] * 6)
    assert six.high - six.low == pytest.approx(one.high - one.low, rel=0.05)
    assert six.p_value == pytest.approx(one.p_value, abs=0.02)
    assert six.standard_error == pytest.approx(one.standard_error)


def test_runs_that_scatter_widen_the_interval() -> None:
    source = np.random.default_rng(3)
    calm, wild = (_cells(source, 4, 3, of_runs) for of_runs in (0.0, 0.3))
    narrow, wide = pooled_difference(calm), pooled_difference(wild)
    assert narrow.covers_seeds and wide.covers_seeds
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)
    single = pooled_difference([cell[:, :1] for cell in wild])
    assert not single.covers_seeds


@pytest.mark.parametrize(("cells", "seeds", "of_runs"), [(4, 1, 0.0), (4, 3, 0.15), (2, 4, 0.1)])
def test_the_interval_holds_the_truth_and_the_test_keeps_its_level(
    cells: int, seeds: int, of_runs: float
) -> None:
    source, held, rejected = np.random.default_rng(4), 0, 0
    for seed in range(300):
        found = pooled_difference(_cells(source, cells, seeds, of_runs), resamples=600, seed=seed)
        held += found.low <= 0 <= found.high
        p_value = found.p_value_other_seeds if found.covers_seeds else found.p_value
        rejected += p_value is not None and p_value < 0.05
    assert 0.92 <= held / 300 <= 0.985
    assert 0.015 <= rejected / 300 <= 0.08


def test_a_shift_common_to_all_cells_is_found() -> None:
    found = pooled_difference(_cells(np.random.default_rng(5), 6, 3, 0.02, shift=0.2))
    assert found.low > 0
    assert found.p_value < 0.001
    assert found.p_value_other_seeds is not None and found.p_value_other_seeds < 0.01
    assert (found.cells_positive, found.cells_negative) == (6, 0)


@pytest.mark.parametrize(
    "cells",
    [
        [],
        [np.zeros((3, 0))],
        [np.zeros(3)],
        [np.zeros((3, 1)), np.zeros((4, 1))],
        [np.array([[np.nan]])],
    ],
)
def test_cells_that_do_not_fit_are_refused(cells: list[np.ndarray]) -> None:
    with pytest.raises(ValueError):
        pooled_difference(cells)


def test_one_problem_has_an_interval() -> None:
    found = pooled_difference([np.array([[1.0, 1.0]]), np.array([[0.0, 1.0]])])
    assert -1 <= found.low < found.value == 0.75 <= found.high <= 1
