"""Distinct solutions of a pool: which samples are the same solution, for several keys at once.

Samples come in the pool's order, so all those of a problem stand together. They are factorised
some thousands at a time, at constant memory, and what needs Python sees each distinct text once,
over all cores.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harness.metrics.key_digests import KeyDigests
from harness.metrics.solution_keys import DIGEST_BYTES, TEXT

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CHUNK_ROWS = 20_000


@dataclass(frozen=True)
class Solutions:
    """The distinct solutions among the samples that are correct or undecided.

    Attributes:
        owners: (solutions,) the problem of each, as its position.
        multiplicity: (solutions,) correct samples that are this solution.
        undecided: (solutions,) undecided samples that are this solution.
    """

    owners: Ints
    multiplicity: Ints
    undecided: Ints

    def chosen(self, position: Ints) -> Solutions:
        """Those of some problems.

        Args:
            position: (problems,) the new position of each problem, −1 where it is left out.
        """
        owners = position[self.owners]
        kept = owners >= 0
        return Solutions(owners[kept], self.multiplicity[kept], self.undecided[kept])

    def undecided_as_correct(self) -> Solutions:
        """As they would be if every undecided sample were correct."""
        return replace(
            self,
            multiplicity=self.multiplicity + self.undecided,
            undecided=np.zeros_like(self.undecided),
        )


@dataclass(frozen=True)
class Texts:
    """Completions of consecutive samples that are correct or undecided.

    Attributes:
        owners: (samples,) the problem of each, as its position; ascending.
        correct: (samples,) whether it is correct; else it is undecided.
        completions: (samples,).
    """

    owners: Ints
    correct: Bools
    completions: pa.ChunkedArray


def distinct_solutions(parts: Iterable[Texts], keys: Sequence[str]) -> dict[str, Solutions]:
    """Factorises samples into distinct solutions, by each key.

    Args:
        parts: the samples in order; a problem may span several parts.
        keys: of `solution_keys.KEYS`.
    """
    found: dict[str, list[Solutions]] = {key: [] for key in keys}
    read = [key for key in keys if key != TEXT]
    with KeyDigests() as digests:
        for texts in _whole_problems(parts):
            trimmed = pc.utf8_trim_whitespace(texts.completions)
            encoded = trimmed.combine_chunks().dictionary_encode()
            labels = encoded.indices.to_numpy().astype(np.int64)
            if TEXT in keys:
                found[TEXT].append(_factorised(texts, labels))
            if read:
                for key, one in zip(
                    read, digests.of(encoded.dictionary.to_pylist(), read), strict=True
                ):
                    found[key].append(_factorised(texts, _labels_of(one)[labels]))
    return {key: _joined(parts) for key, parts in found.items()}


def _labels_of(digests: bytes) -> Ints:
    """A number for each digest, equal ones alike, in the order in which they come first."""
    every = np.frombuffer(digests, dtype=np.dtype((np.void, DIGEST_BYTES)))
    _, first, place = np.unique(every, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[place])


def _factorised(texts: Texts, labels: Ints) -> Solutions:
    size = int(labels.max(initial=0)) + 1
    pairs, place = np.unique(texts.owners * size + labels, return_inverse=True)
    correct = np.bincount(place[texts.correct], minlength=len(pairs))
    return Solutions(pairs // size, correct, np.bincount(place, minlength=len(pairs)) - correct)


def _joined(parts: Sequence[Solutions]) -> Solutions:
    none = np.zeros(0, dtype=np.int64)
    return Solutions(
        np.concatenate([none, *(part.owners for part in parts)]),
        np.concatenate([none, *(part.multiplicity for part in parts)]),
        np.concatenate([none, *(part.undecided for part in parts)]),
    )


def _whole_problems(parts: Iterable[Texts]) -> Iterator[Texts]:
    """The samples in parts that no problem spans."""
    waiting: list[Texts] = []
    rows = 0
    for part in parts:
        if len(part.owners):
            waiting.append(part)
            rows += len(part.owners)
        if rows >= CHUNK_ROWS:
            together = _together(waiting)
            whole = int(np.searchsorted(together.owners, together.owners[-1]))
            if whole:
                yield _slice(together, 0, whole)
            waiting = [_slice(together, whole, len(together.owners))]
            rows = len(waiting[0].owners)
    if waiting:
        yield _together(waiting)


def _together(parts: Sequence[Texts]) -> Texts:
    return Texts(
        np.concatenate([part.owners for part in parts]),
        np.concatenate([part.correct for part in parts]),
        pa.chunked_array([chunk for part in parts for chunk in part.completions.chunks]),
    )


def _slice(texts: Texts, start: int, end: int) -> Texts:
    return Texts(
        texts.owners[start:end],
        texts.correct[start:end],
        texts.completions.slice(start, end - start),
    )
