"""The samples of a pool beside their verdicts: one pass over the file, at constant memory.

Both are kept in the pool's order, so that a row of the one is a row of the other; this is
checked, for a verdict beside the wrong sample would spoil every number silently.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harness.errors import InputError
from harness.metrics.solutions import Bools, Ints, Texts
from harness.pool import Pool
from harness.pool.samples import KEY_COLUMNS

INDEX_BITS = 32


@dataclass(frozen=True)
class TokenSums:
    """Tokens of a pool as they were counted.

    Attributes:
        prompt: (problems,) sum over the samples, each with its whole prompt.
        completion: (problems,) sum over the samples.
        uncounted: (problems,) samples whose completion tokens nobody counted.
    """

    prompt: Ints
    completion: Ints
    uncounted: Ints

    def chosen(self, places: Ints) -> TokenSums:
        """Those of some problems, by their positions."""
        return TokenSums(self.prompt[places], self.completion[places], self.uncounted[places])


class PoolRows:
    """Reads a pool's samples once, and keeps what is needed of them.

    Args:
        pool: the pool.
        grader: whose verdicts they are.

    Attributes:
        owners: (samples,) the problem of each sample, as its position.
        outcomes: (samples,) of the grader.
        answers: (samples,) as extracted, null where none was found.
    """

    def __init__(self, pool: Pool, grader: str) -> None:
        verdicts = pool.verdicts(grader)
        self._pool, self._grader = pool, grader
        self._keys = pool.order.keys_of(verdicts)
        self.owners: Ints = self._keys >> INDEX_BITS
        self.outcomes = labels_of(verdicts["outcome"])
        self.answers: pa.Array = verdicts["answer"].combine_chunks()

    def indices(self) -> Ints:
        """(samples,) the index of each sample within its problem."""
        indices: Ints = self._keys & ((1 << INDEX_BITS) - 1)
        return indices

    def outcomes_of(self, grader: str) -> NDArray[np.object_]:
        """(samples,) outcomes of another grader.

        Raises:
            InputError: it did not grade the same samples.
        """
        verdicts = self._pool.verdicts(grader)
        if not np.array_equal(self._pool.order.keys_of(verdicts), self._keys):
            raise self._unlike(verdicts.num_rows, grader)
        return labels_of(verdicts["outcome"])

    def texts(self) -> Iterator[Texts]:
        """Completions of the samples that are correct or undecided, a batch at a time.

        Raises:
            InputError: the samples are not those that were graded.
        """
        correct = self.outcomes == "correct"
        marked = correct | (self.outcomes == "undecided")
        for rows, table in self._batches("completion"):
            chosen = marked[rows]
            if chosen.any():
                yield Texts(
                    self.owners[rows][chosen],
                    correct[rows][chosen],
                    table["completion"].filter(pa.array(chosen)),
                )

    def token_sums(self, counted: Bools | None = None) -> TokenSums:
        """Tokens of each problem's samples.

        Args:
            counted: (samples,) whether a sample counts; all do by default.

        Raises:
            InputError: the samples are not those that were graded.
        """
        sums = np.zeros((3, len(self._pool.problems)))
        for rows, table in self._batches("prompt_tokens", "completion_tokens"):
            missing = table["completion_tokens"].is_null().to_numpy()
            columns = (
                _filled(table["prompt_tokens"]),
                _filled(table["completion_tokens"]),
                missing.astype(np.float64),
            )
            for place, column in enumerate(columns):
                weights = column if counted is None else column * counted[rows]
                sums[place] += np.bincount(self.owners[rows], weights, sums.shape[1])
        return TokenSums(*sums.astype(np.int64))

    def _batches(self, *columns: str) -> Iterator[tuple[slice, pa.Table]]:
        start = 0
        for table in self._pool.batches([*KEY_COLUMNS, *columns]):
            rows = slice(start, start + table.num_rows)
            if not np.array_equal(self._pool.order.keys_of(table), self._keys[rows]):
                raise self._unlike(len(self._keys), self._grader)
            yield rows, table
            start = rows.stop
        if start != len(self._keys):
            raise self._unlike(len(self._keys), self._grader)

    def _unlike(self, graded: int, grader: str) -> InputError:
        return InputError(
            f"{self._pool.folder} holds {len(self._pool):,} samples, and {graded:,} verdicts of "
            f"the grader {grader!r}, which are not for the same samples.",
            f"Grade the new samples: harness grade {self._pool.folder} --grader {grader}",
        )


def labels_of(column: pa.ChunkedArray) -> NDArray[np.object_]:
    """A column of a few different texts as an array of shared strings."""
    encoded = column.combine_chunks().dictionary_encode()
    names = np.array([*encoded.dictionary.to_pylist(), ""], dtype=object)
    labels: NDArray[np.object_] = names[encoded.indices.to_numpy()]
    return labels


def _filled(column: pa.ChunkedArray) -> NDArray[np.float64]:
    values: NDArray[np.float64] = pc.fill_null(column, 0).to_numpy().astype(np.float64)
    return values


def has_answers(grader: str, outcomes: NDArray[np.object_], answers: pa.Array) -> bool:
    """Whether a grader's answers can be voted on.

    Programs are not, nor what an exact verifier checked: where each correct sample has an
    answer, it is the final answer that was compared.
    """
    found: Bools = answers.is_valid().to_numpy(zero_copy_only=False)
    return grader not in ("chain", "code") and bool(found[outcomes == "correct"].all())
