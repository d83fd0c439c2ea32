"""Coverage as a power law of the number of samples: log coverage@k = a·k^b.

The fit of Large Language Monkeys (Brown et al., 2407.21787), as a second opinion: it knows only
the curve within the pilot and carries its shape on. a and b are below 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harness.metrics.estimators import Floats

_STEPS = 60
_PRECISE = 1e-9
_LARGEST_STEP = 0.5


@dataclass(frozen=True)
class PowerLaw:
    """log coverage@k = a·k^b.

    Attributes:
        a, b: both negative.
        largest_error: over the points that it was fitted to, of coverage.
    """

    a: float
    b: float
    largest_error: float

    def coverage(self, k: ArrayLike) -> Floats:
        """exp(a·k^b), of the shape of k."""
        found: Floats = np.exp(self.a * np.asarray(k, dtype=np.float64) ** self.b)
        return found


def fit_power_law(k: ArrayLike, coverage: ArrayLike) -> PowerLaw:
    """Least squares in coverage.

    Args:
        k: (ks,) at least two different numbers of samples.
        coverage: (ks,) coverage@k.

    Raises:
        ValueError: fewer than two points; coverage that is 0 or 1 at every k, so that there is no
            curve; no convergence.
    """
    ks, curve = np.asarray(k, dtype=np.float64), np.asarray(coverage, dtype=np.float64)
    if len(np.unique(ks)) < 2:
        raise ValueError("a power law needs coverage at two k or more")
    if (curve <= 0).all():
        raise ValueError("nothing is solved at any k, so there is no curve")
    if (curve >= 1).all():
        raise ValueError("everything is solved at every k, so there is no curve")
    points = fit_power_laws(ks, curve[None, :])[0]
    if not np.isfinite(points).all():
        raise ValueError("no power law fits the curve")
    law = PowerLaw(float(points[0]), float(points[1]), 0.0)
    return PowerLaw(law.a, law.b, float(np.abs(law.coverage(ks) - curve).max()))


def fit_power_laws(k: Floats, curves: Floats) -> Floats:
    """The same for many curves at once: Gauss–Newton in (log −a, b) from a regression line.

    Args:
        k: (ks,).
        curves: (curves, ks) of coverage@k.

    Returns:
        (curves, 2) of a and b; NaN where the steps did not converge.
    """
    logs = np.log(k)
    inside = np.clip(curves, 1e-6, 1.0 - 1e-6)
    lines = np.polynomial.polynomial.polyfit(logs, np.log(-np.log(inside)).T, 1)
    height, slope = lines[0], np.minimum(lines[1], -1e-3)
    change = np.full(len(curves), np.inf)
    for _ in range(_STEPS):
        exponent = np.exp(height[:, None] + slope[:, None] * logs)
        fitted = np.exp(-exponent)
        by_height = -fitted * exponent
        by_slope = by_height * logs
        rest = curves - fitted
        first, mixed = (by_height**2).sum(1), (by_height * by_slope).sum(1)
        second = (by_slope**2).sum(1)
        determinant = first * second - mixed**2 + 1e-15
        up, along = (by_height * rest).sum(1), (by_slope * rest).sum(1)
        step = np.stack([second * up - mixed * along, first * along - mixed * up]) / determinant
        step = np.clip(step, -_LARGEST_STEP, _LARGEST_STEP)
        height, slope = height + step[0], slope + step[1]
        change = np.abs(step).max(axis=0)
        if (change < _PRECISE).all():
            break
    found = np.stack([-np.exp(height), slope], axis=1)
    return np.where((change < 1e-4)[:, None], found, np.nan)
