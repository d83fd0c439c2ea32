"""Several tests at once: p values that keep the chance of any false alarm below the level."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from harness.statistics.resampling import Floats


def holm(p_values: ArrayLike) -> Floats:
    """p values adjusted by Holm's step-down method (Scandinavian Journal of Statistics 6, 1979).

    Rejecting where an adjusted value is at most 0.05 rejects any true hypothesis at all with
    probability at most 0.05, however the tests depend on each other.

    Args:
        p_values: (tests,).

    Returns:
        (tests,), in the same order.

    Raises:
        ValueError: a value is not a probability.
    """
    values = np.asarray(p_values, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"expected one probability a test, found {values.tolist()}")
    order = np.argsort(values, kind="stable")
    steps = values[order] * np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
