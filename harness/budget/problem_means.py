"""The mean over problems of what a sample of each takes: k samples a problem are paid for.

Where a pool has more samples of some problems than of others, the mean over all samples would be
that of the problems which were drawn most.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


def mean_over_problems(samples: NDArray[np.int64], sum_of: Callable[[int], int]) -> Fraction:
    """The mean, in which every problem weighs alike; exact.

    Args:
        samples: (problems,) how many samples each has; some problem has at least one, others may
            have none and are left out.
        sum_of: the sum over all samples of the problems that have so many; it may be larger than
            the integers of an array.
    """
    drawn = samples[samples > 0]
    total = sum(Fraction(sum_of(size), size) for size in np.unique(drawn).tolist())
    return Fraction(total) / len(drawn)
