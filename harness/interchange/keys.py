"""Keys of a million samples in eight bytes each: which are repeated, which a pool has already."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.pool import Sample
from harness.pool.samples import DRAWN_COLUMNS

Keys = NDArray[np.int64]
_INDEX_BITS = 32


def key_of(rank: int, sample_index: int) -> int:
    """Position of the problem and sample index in one integer."""
    return rank << _INDEX_BITS | sample_index


def repeated_keys(keys: array[int]) -> Keys:
    """The keys that stand more than once, each once, ascending."""
    ordered: Keys = np.frombuffer(keys, dtype=np.int64).copy()
    ordered.sort()
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])


class OnceOnly:
    """Lets each key pass once.

    Args:
        repeated: the keys that stand more than once, ascending; all others pass anyway.
    """

    def __init__(self, repeated: Keys) -> None:
        self._repeated = repeated
        self._passed = np.zeros(len(repeated), dtype=bool)

    def passes(self, keys: Sequence[int]) -> list[bool]:
        """For each key whether it is the first of its kind."""
        if not len(self._repeated):
            return [True] * len(keys)
        found = np.searchsorted(self._repeated, np.asarray(keys, dtype=np.int64))
        result = []
        for key, place in zip(keys, found.tolist(), strict=True):
            if place == len(self._repeated) or self._repeated[place] != key:
                result.append(True)
                continue
            result.append(not self._passed[place])
            self._passed[place] = True
        return result


class KnownSamples:
    """The samples that a pool has, by key and fingerprint: sixteen bytes each.

    Args:
        batches: tables with the pool's `DRAWN_COLUMNS`.
        ranks: position of each problem.
    """

    def __init__(self, batches: Iterable[pa.Table], ranks: dict[str, int]) -> None:
        keys, fingerprints = array("q"), array("q")
        for table in batches:
            columns = [table[name].to_pylist() for name in DRAWN_COLUMNS]
            keys.extend(
                key_of(ranks[problem_id], index)
                for problem_id, index in zip(columns[0], columns[1], strict=True)
            )
            fingerprints.extend(map(hash, zip(*columns[2:], strict=True)))
        order = np.argsort(np.frombuffer(keys, dtype=np.int64), kind="stable")
        self._keys: Keys = np.frombuffer(keys, dtype=np.int64)[order]
        self._fingerprints: Keys = np.frombuffer(fingerprints, dtype=np.int64)[order]

    def states(self, keys: Sequence[int], samples: Sequence[Sample]) -> list[bool | None]:
        """For each sample: None if the pool lacks its key, else whether it has the same."""
        if not len(self._keys):
            return [None] * len(keys)
        places = np.searchsorted(self._keys, np.asarray(keys, dtype=np.int64)).tolist()
        return [
            bool(self._fingerprints[place] == fingerprint_of(sample))
            if place < len(self._keys) and self._keys[place] == key
            else None
            for key, place, sample in zip(keys, places, samples, strict=True)
        ]


def fingerprint_of(sample: Sample) -> int:
    """64 bits of what was drawn: equal samples have equal fingerprints within this process."""
    # Python's hash of texts is keyed by a secret of the process, so nobody can aim at a clash.
    return hash(tuple(getattr(sample, name) for name in DRAWN_COLUMNS[2:]))
