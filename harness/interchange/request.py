"""What a user asks to be imported."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from harness.interchange.data_sets import DataSetName
from harness.interchange.origin import KnownDecoding
from harness.interchange.problem_rows import GoldFormat
from harness.interchange.sources import Format


@dataclass(frozen=True)
class ImportRequest:
    """Samples, their problems, and where they go.

    Attributes:
        samples: files or data sets, in the order that numbers samples without an index.
        problems: a file or a data set; None where the samples bring their problems (lm-eval).
        model: a model card's name or file, or the name of a model without a card.
        out: the pool's folder; made if it is not there.
        format: what `samples` are; told from their paths and first rows if None.
        columns, problem_columns: `NAME=COLUMN` texts, where the names are others.
        gold_format: how the gold answer stands in the problems' `gold`.
        decoding: what is known of how the samples were drawn.
        first_index: where the numbering of samples without an index begins.
        skip_bad: whether bad rows are left out, or refuse the whole import.
    """

    samples: tuple[DataSetName, ...]
    problems: DataSetName | None
    model: str
    out: Path
    format: Format | None = None
    columns: tuple[str, ...] = ()
    problem_columns: tuple[str, ...] = ()
    gold_format: GoldFormat = "plain"
    decoding: KnownDecoding = field(default_factory=KnownDecoding)
    first_index: int = 0
    skip_bad: bool = False
