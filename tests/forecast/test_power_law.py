"""The power law: the paper's curves, scipy's least squares, and curves without one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import curve_fit

from harness.forecast.power_law import fit_power_law, fit_power_laws

TENS = np.arange(1, 11)
# PAPER.md, 3.2: MATH, K = 1 … 10, and 9B at 3K.
SE_MATH = np.array([0.327, 0.434, 0.494, 0.534, 0.563, 0.587, 0.606, 0.622, 0.635, 0.647])
WC_MATH = np.array([0.270, 0.372, 0.431, 0.472, 0.502, 0.526, 0.546, 0.562, 0.577, 0.590])
WC_MATH_3K = np.array([0.432, 0.526, 0.577, 0.611, 0.636, 0.656, 0.672, 0.685, 0.696, 0.706])


def test_the_papers_curves() -> None:
    se = fit_power_law(TENS, SE_MATH)
    assert (se.a, se.b) == pytest.approx((-1.111, -0.409), abs=0.001)
    assert se.largest_error == pytest.approx(0.002, abs=0.0005)
    ks, curve = np.concatenate([[1, 2], 3 * TENS]), np.concatenate([WC_MATH[:2], WC_MATH_3K])
    wc = fit_power_law(ks, curve)
    assert (wc.a, wc.b) == pytest.approx((-1.296, -0.389), abs=0.001)
    assert wc.largest_error == pytest.approx(0.004, abs=0.0005)
    everywhere = fit_power_law(
        np.concatenate([TENS, 3 * TENS]), np.concatenate([WC_MATH, WC_MATH_3K])
    )
    assert everywhere.coverage(30) == pytest.approx(0.706, abs=0.005)


def test_least_squares_are_scipys() -> None:
    source = np.random.default_rng(0)
    curves = np.exp(-1.2 * TENS**-0.4) + source.normal(0, 0.01, (20, 10))
    for found, curve in zip(fit_power_laws(TENS.astype(float), curves), curves, strict=True):
        expected, _ = curve_fit(lambda k, a, b: np.exp(a * k**b), TENS, curve, (-1.0, -0.3))
        assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("curve", "words"), [(np.zeros(4), "nothing is solved"), (np.ones(4), "everything is solved")]
)
def test_no_curve_no_law(curve: np.ndarray, words: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match=words):
        fit_power_law(np.arange(1, 5), curve)


def test_one_point_is_no_curve() -> None:
    with pytest.raises(ValueError, match="two k"):
        fit_power_law([3], [0.4])


def test_curves_that_start_or_end_at_a_bound() -> None:
    law = fit_power_law([1, 2, 3, 4], [0.0, 0.02, 0.05, 0.05])
    assert 0 < law.coverage(40) < 1
    with pytest.raises(ValueError, match="no power law"):
        fit_power_law([1, 2, 3, 4], [0.9, 1.0, 1.0, 1.0])
