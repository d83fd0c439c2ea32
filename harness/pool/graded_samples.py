"""What graders say about the samples in one folder, beside the samples themselves."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sized
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness.pool.durable import disk_explained
from harness.pool.order import ProblemOrder
from harness.pool.verdicts import (
    grader_identity,
    read_verdicts,
    stream_verdicts,
    verdict_file,
    write_verdicts,
)


class GradedSamples(Sized):
    """Verdicts of any number of graders.

    Attributes:
        folder: where samples and verdicts lie.
    """

    folder: Path

    @property
    @abstractmethod
    def order(self) -> ProblemOrder:
        """The order of problems, which verdicts are kept in."""

    def write_verdicts(
        self, grader: str, table: pa.Table, identity: Mapping[str, Any] | None = None
    ) -> None:
        """Keeps a grader's verdicts, in place of its older ones.

        Args:
            grader: its name, such as "answer" or "chain".
            table: columns problem_id, sample_index, outcome, answer, rule, stage, reason.
            identity: the grader's version and settings; from the table's metadata
                (key `grader`, JSON) if None.
        """
        path = verdict_file(self.folder, grader)
        with disk_explained(self.folder, self.__len__):
            write_verdicts(path, table, self.order, identity)

    def verdicts(self, grader: str) -> pa.Table:
        """A grader's verdicts in canonical order.

        Raises:
            InputError: the samples were not graded by it yet.
        """
        return read_verdicts(verdict_file(self.folder, grader))

    def verdict_batches(self, grader: str) -> Iterator[pa.Table]:
        """As `verdicts`, some thousands at a time, at constant memory."""
        return stream_verdicts(verdict_file(self.folder, grader))

    def grader_identity(self, grader: str) -> dict[str, Any] | None:
        """Version and settings of the grader that gave the verdicts; None without verdicts."""
        return grader_identity(verdict_file(self.folder, grader))
