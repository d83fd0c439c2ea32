"""Graders hold processes: what is left in a `with` block, or by an error in it, is closed."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager
from typing import Any, Self


class Closing(AbstractContextManager[Any]):
    """A context manager that closes itself on exit."""

    @abstractmethod
    def close(self) -> None:
        """Ends what runs; nothing happens the second time."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_problem: object) -> None:
        self.close()
