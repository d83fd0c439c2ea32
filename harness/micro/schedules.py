"""Shapes and training schedules of the embedded models: all that `rebuild` needs to know.

Schedules are in steps, so that a rebuild does the same work on a slow machine. How good a
model is in this regime follows from how long it is trained, not from its size: the lengths
are chosen so that WC's sampled pass@1 is about 0.8 of SE's, like the paper's pair (measured on
the validation split: 42.8 % and 54.0 %). Nothing here was chosen by a finetuning result.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

BATCH_DOCUMENTS = 16


@dataclass(frozen=True)
class Shape:
    """A Llama: hidden size = heads × 32, since CPU attention serves head size 32."""

    hidden: int
    heads: int
    feed_forward: int
    layers: int


@dataclass(frozen=True)
class Cycle:
    """One pass of warm-up, flat learning rate, and linear decay to 5 %.

    Attributes:
        steps: batches of 16 documents.
        learning_rate: of Muon, for the hidden matrices; AdamW's is a fifth of it.
        flat: share of the steps before the decay.
        curriculum: whether the first 30 % are easy and clean.
        seed: of the documents and their order.
    """

    steps: int
    learning_rate: float
    flat: float
    curriculum: bool
    seed: int


@dataclass(frozen=True)
class Schedule:
    """A model: its shape, the seed of its weights, and its cycles.

    `snapshots` names the models that are the state after an earlier cycle.
    """

    name: str
    shape: Shape
    seed: int
    cycles: tuple[Cycle, ...]
    snapshots: tuple[tuple[int, str], ...] = ()

    def document(self) -> dict[str, Any]:
        """The schedule as JSON-like values."""
        return asdict(self)


SCHEDULES = {
    "wc": Schedule(
        "wc",
        Shape(96, 3, 192, 4),
        seed=1,
        cycles=(
            Cycle(2250, 0.015, 0.70, curriculum=True, seed=1001),
            Cycle(1560, 0.015, 0.70, curriculum=False, seed=1002),
        ),
        snapshots=((0, "wc-early"),),
    ),
    "se": Schedule(
        "se",
        Shape(160, 5, 384, 4),
        seed=2,
        cycles=(
            Cycle(2250, 0.015, 0.75, curriculum=True, seed=2001),
            Cycle(2810, 0.012, 0.65, curriculum=False, seed=2002),
        ),
    ),
    "student": Schedule(
        "student",
        Shape(96, 3, 256, 3),
        seed=3,
        cycles=(Cycle(2600, 0.015, 0.70, curriculum=True, seed=3001),),
    ),
}
