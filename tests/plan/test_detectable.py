"""Detectable differences against closed forms, the paper's number, and the statistics proper."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest

from harness.plan.detectable import DISCORDANT, RATE, detectable_difference
from harness.power import smallest_detectable_difference

ALARM, MISS = NormalDist().inv_cdf(0.975), NormalDist().inv_cdf(0.8)


@pytest.mark.parametrize("problems", [1, 3, 7, 30, 60, 500, 1319, 5000, 100_000])
def test_as_the_statistics_say(problems: int) -> None:
    found = detectable_difference(problems)
    unpaired = smallest_detectable_difference(problems, RATE)
    low, high = (
        smallest_detectable_difference(problems, RATE, discordant=share)
        for share in (DISCORDANT.low, DISCORDANT.high)
    )
    if math.isinf(unpaired):
        assert found.unpaired_points is None
    else:
        assert found.unpaired_points == pytest.approx(100 * unpaired, rel=1e-9)
    if math.isinf(low) or math.isinf(high):
        assert found.paired_points is None
    else:
        assert found.paired_points is not None
        assert found.paired_points.low == pytest.approx(100 * low, rel=1e-9)
        assert found.paired_points.high == pytest.approx(100 * high, rel=1e-9)


def test_paired_in_closed_form() -> None:
    """δ√n = z₁√ψ + z₂√(ψ - δ²), solved for δ."""
    found = detectable_difference(1319).paired_points
    assert found is not None
    for value, share in ((found.low, DISCORDANT.low), (found.high, DISCORDANT.high)):
        b = ALARM * math.sqrt(1319 * share)
        root = math.sqrt(b * b - (1319 + MISS**2) * (ALARM**2 - MISS**2) * share)
        assert value == pytest.approx(100 * (b + root) / (1319 + MISS**2), rel=1e-9)


def test_the_papers_test_set_cannot_show_its_gaps() -> None:
    """PAPER.md 3.6: about 8 points unpaired at n = 500, about 2.6 at n = 5,000."""
    few, many = (detectable_difference(problems).unpaired_points for problems in (500, 5000))
    assert few == pytest.approx(8, abs=1)
    assert many == pytest.approx(2.6, abs=0.3)
