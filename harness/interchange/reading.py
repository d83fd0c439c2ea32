"""Reads the rows of an import as samples, some thousands at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.interchange.bad_rows import BadRow, BadRows, Place
from harness.interchange.keys import key_of
from harness.interchange.problem_rows import ProblemTable
from harness.interchange.sample_rows import SampleReader
from harness.interchange.sources import RowSource
from harness.pool import Sample
from harness.progress import Progress

_BATCH_ROWS = 5_000
_BATCH_CHARACTERS = 16 << 20


@dataclass
class Batch:
    """Some samples that can be used, as far as each row tells by itself.

    Attributes:
        altered: how many of the completions held what a file cannot (see `storable`).
    """

    places: list[Place] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    altered: int = 0

    def only(self, chosen: Sequence[bool]) -> Batch:
        """The samples that are chosen."""
        kept = [number for number, is_chosen in enumerate(chosen) if is_chosen]
        return Batch(
            [self.places[number] for number in kept],
            [self.keys[number] for number in kept],
            [self.samples[number] for number in kept],
        )


@dataclass(frozen=True)
class Rows:
    """The rows of an import; every reading gives the same samples with the same numbers.

    Attributes:
        sources: the rows, in order.
        problems: what they may name.
        first_index: where the numbering of rows without an index begins.
        unit: what the sizes of the sources count, for the progress.
    """

    sources: Sequence[RowSource]
    problems: ProblemTable
    first_index: int
    unit: str

    def batches(self, bad: BadRows, progress: Progress, label: str) -> Iterator[Batch]:
        """Reads everything.

        Args:
            bad: takes the rows that cannot be used.
            progress: where the reading says how far it is.
            label: what it says.
        """
        reader = SampleReader(self.problems, self.first_index)
        total = sum(source.total for source in self.sources)
        with progress.task(label, total, self.unit) as task:
            for source in self.sources:
                told = 0
                for batch in _batches(source, reader, bad):
                    yield batch
                    task.advance(source.done - told)
                    told = source.done


def _batches(source: RowSource, reader: SampleReader, bad: BadRows) -> Iterator[Batch]:
    batch, size = Batch(), 0
    for place, row in source.rows():
        try:
            if isinstance(row, BadRow):
                raise row
            rank, sample = reader.sample_of(row)
        except BadRow as fault:
            bad.add(place, fault)
            continue
        batch.places.append(place)
        batch.keys.append(key_of(rank, sample.sample_index))
        batch.samples.append(sample)
        batch.altered += sample.completion is not row["completion"]
        size += len(sample.completion)
        if len(batch.samples) >= _BATCH_ROWS or size >= _BATCH_CHARACTERS:
            yield batch
            batch, size = Batch(), 0
    yield batch
