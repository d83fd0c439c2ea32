"""The first reading of an import: everything that is wrong, before anything is written."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np

from harness.interchange.bad_rows import NAMED_ROWS, BadRow, BadRows, Place
from harness.interchange.keys import Keys, KnownSamples, OnceOnly, fingerprint_of, repeated_keys
from harness.interchange.reading import Batch, Rows
from harness.pool import Sample
from harness.progress import Progress


@dataclass(frozen=True)
class Checked:
    """What the first reading found.

    Attributes:
        samples: how many can be imported.
        repeated: the keys that stand more than once.
        row_faults: how many rows cannot be used by themselves, whatever else there is.
        altered: how many completions hold what a file cannot, and are stored without it.
    """

    samples: int
    repeated: Keys
    row_faults: int
    altered: int

    @property
    def notes(self) -> list[str]:
        """What a user should know about the samples."""
        if not self.altered:
            return []
        return [
            f"{self.altered:,} completions hold lone surrogates, which UTF-8 cannot; each is "
            "stored as U+FFFD."
        ]


def check_rows(rows: Rows, known: KnownSamples, bad: BadRows, progress: Progress) -> Checked:
    """Reads all rows.

    Args:
        rows: the rows of the import.
        known: what the pool has already.
        bad: takes every row that cannot be imported.
        progress: where the reading says how far it is.
    """
    keys = array("q")
    before = len(bad)
    clashes = altered = 0
    for batch in rows.batches(bad, progress, "checking"):
        states = known.states(batch.keys, batch.samples)
        for place, sample, state in zip(batch.places, batch.samples, states, strict=True):
            if state is False:
                clashes += 1
                bad.add(place, _other_in_pool(sample))
        altered += batch.altered
        keys.extend(batch.only([state is not False for state in states]).keys)
    row_faults = len(bad) - before - clashes
    repeated = repeated_keys(keys)
    samples = len(keys)
    if len(repeated):
        samples -= _name_repeats(rows, known, repeated, bad, progress)
    return Checked(samples, repeated, row_faults, altered)


def _name_repeats(
    rows: Rows, known: KnownSamples, repeated: Keys, bad: BadRows, progress: Progress
) -> int:
    """Notes every row whose key an earlier one has; how many there are."""
    once, named, found = OnceOnly(repeated), _FirstPlaces(repeated), 0
    for batch in rows.batches(BadRows(), progress, "finding repeated samples"):
        states = known.states(batch.keys, batch.samples)
        fit = batch.only([state is not False for state in states])
        for number, is_first in enumerate(once.passes(fit.keys)):
            if is_first:
                named.note(fit, number)
            else:
                found += 1
                bad.add(fit.places[number], named.fault(fit, number))
    return found


class _FirstPlaces:
    """Where the first few hundred of the repeated keys stand first."""

    def __init__(self, repeated: Keys) -> None:
        self._repeated = repeated
        self._first: dict[int, tuple[Place, int]] = {}

    def note(self, batch: Batch, number: int) -> None:
        key = batch.keys[number]
        place = int(np.searchsorted(self._repeated, key))
        if (
            len(self._first) < NAMED_ROWS
            and place < len(self._repeated)
            and self._repeated[place] == key
        ):
            self._first[key] = batch.places[number], fingerprint_of(batch.samples[number])

    def fault(self, batch: Batch, number: int) -> BadRow:
        sample = batch.samples[number]
        message = f"it is sample {sample.sample_index} of problem {sample.problem_id} again"
        if (first := self._first.get(batch.keys[number])) is not None:
            place, fingerprint = first
            same = "the same as" if fingerprint == fingerprint_of(sample) else "other than"
            message += f", {same} in {place}"
        return BadRow("repeated sample", f"{message}.")


def _other_in_pool(sample: Sample) -> BadRow:
    return BadRow(
        "other sample in the pool",
        f"the pool has another sample {sample.sample_index} of problem {sample.problem_id}; new "
        "samples need an index of their own (sample_index, or --first-index for all without one).",
    )
