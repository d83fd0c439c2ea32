"""A pilot's own samples: what they show, their prefixes, and parts of its problems."""

from __future__ import annotations

import numpy as np
import pytest

from harness.metrics.estimators import coverage_at_k
from harness.metrics.sequential import sequential_coverage_at_k
from tests.forecast.pilots_for_tests import by_hand


def test_what_is_known_of_coverage() -> None:
    pilot = by_hand(["a..a", "....", ".b", "..", ""], failed=[4])
    assert pilot.measured_up_to == 2
    known, sure = pilot.known_coverage(2)
    assert sure.all()
    assert known[:4] == pytest.approx(coverage_at_k([2, 0, 1, 0], [4, 4, 2, 2], 2))
    assert known[4] == 0.0
    known, sure = pilot.known_coverage(3)
    assert sure.tolist() == [True, True, True, False, True]
    assert known[[0, 1, 2]] == pytest.approx([1.0, 0.0, 1.0])


def test_what_is_known_of_distinct_solutions() -> None:
    pilot = by_hand(["aab.", "c...", "dd"])
    # Pairs of 4: of "aab." 3 of 6 hold an a and a b or … : a in 5 of 6, b in 3 of 6.
    assert pilot.known_distinct(2) == pytest.approx([5 / 6 + 3 / 6, 3 / 6, 1.0])
    assert pilot.known_distinct(3)[2] == 1.0  # All that its two samples show.


def test_a_prefix_is_the_pilot_of_an_earlier_day() -> None:
    pilot = by_hand(["a.b", "c", "", "..d"])
    first = pilot.first(2)
    assert first.samples_of.tolist() == [2, 1, 0, 2]
    assert first.correct_of.tolist() == [1, 1, 0, 0]


def test_some_problems_in_another_order() -> None:
    pilot = by_hand(["a.", "bbb", "..", ""], failed=[3])
    part = pilot.of_problems(["p3", "p1", "p0"])
    assert part.samples_of.tolist() == [0, 3, 2]
    assert part.correct_of.tolist() == [0, 3, 1]
    assert part.failed.tolist() == [True, False, False]
    with pytest.raises(KeyError):
        pilot.of_problems(["p9"])


def test_problems_nobody_asked_for() -> None:
    pilot = by_hand(["a.", "", "..", ""], failed=[3])
    assert pilot.measured_up_to == 0
    assert pilot.drawn.problem_ids == ("p0", "p2", "p3")
    assert pilot.drawn.measured_up_to == 2


def test_adaptive_pilots_are_known_where_they_stopped() -> None:
    pilot = by_hand(["a", ".a", "...", "..a"], enough=1)
    assert pilot.stopped.tolist() == [True, True, False, True]
    assert pilot.measured_up_to == 3
    for k in (1, 2, 3):
        expected = sequential_coverage_at_k(
            [1, 1, 0, 1], [1, 2, 3, 3], np.array([True, True, False, True]), k
        )
        known, sure = pilot.known_coverage(k)
        assert sure.all()
        assert known == pytest.approx(expected)
    known, sure = pilot.known_coverage(9)
    assert sure.tolist() == [True, True, False, True]
    assert known[[0, 1, 3]].tolist() == [1.0, 1.0, 1.0]


def test_the_mean_counts_every_problem_that_can_be_drawn() -> None:
    pilot = by_hand(["a..a", "..", "", ""], failed=[3])
    assert pilot.drawable == 3
    assert pilot.mean_samples == pytest.approx(6 / 3)
    assert pilot.drawn.mean_samples == pytest.approx(6 / 2)


def test_the_even_part_keeps_most_samples() -> None:
    """12 problems with 6 samples, 3 with 2, one without any, one refused."""
    pilot = by_hand(["a.b..."] * 12 + ["c."] * 3 + ["", ""], failed=[16])
    even = pilot.evenly_drawn(2)
    assert even is not None
    assert even.samples_of.tolist() == [6] * 12 + [0]
    assert even.failed.tolist() == [False] * 12 + [True]
    few = by_hand(["a.b..."] * 9 + ["c."] * 6).evenly_drawn(2)
    assert few is not None
    assert few.samples_of.tolist() == [2] * 15  # Nine problems are too few.
    assert few.correct_of.tolist() == [1] * 15
    assert by_hand(["a.b..."] * 9 + ["c."] * 6).evenly_drawn(3) is None


def test_the_even_part_of_an_adaptive_pilot_has_all_problems() -> None:
    """Without those of few samples it would be without those that were never solved."""
    pilot = by_hand(["a"] * 15 + ["....", "...", ".....a"], enough=1)
    even = pilot.evenly_drawn(2)
    assert even is not None
    assert even.problems == 18
    assert even.samples_of.tolist() == [1] * 15 + [3, 3, 3]
