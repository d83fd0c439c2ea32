"""The parts of a plan, as plain values. Counts that depend on an unknown number are None."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from harness.budget import SpentTotal
from harness.recipe import Side

if TYPE_CHECKING:
    from harness.plan.estimate import Estimate


@dataclass(frozen=True)
class PlannedBudget:
    """One matched budget.

    Attributes:
        given: the side whose count the recipe gives, or "total".
        exact_samples_per_problem: counts before rounding.
        samples_per_problem: counts as drawn.
        mean_samples_per_problem: counts that the budget holds on average; where rounding is mixed
            some problems have one fewer than others.
        cost: cost a problem and expected completion token, with `unit`.
        wc_over_se: the cost ratio that rounding leaves.
        total: what is spent of a total, by expected lengths; None where the budget is none, or
            where that is not known.
    """

    given: Literal["wc", "se", "total"]
    exact_samples_per_problem: Mapping[Side, float]
    samples_per_problem: Mapping[Side, int]
    mean_samples_per_problem: Mapping[Side, float]
    cost: Mapping[Side, float]
    unit: str
    wc_over_se: float
    total: SpentTotal | None = None


@dataclass(frozen=True)
class PlannedPool:
    """What one side draws.

    Attributes:
        model: id of the generator.
        endpoint: addresses of the servers that sample, or None for a managed engine.
        samples_per_problem: the largest budget's.
        samples: over all training problems.
        expected_tokens, largest_tokens: completion tokens.
        flops, largest_flops: 2P a completion token.
        dollars, largest_dollars: by the output price in force; None without a price.
        price_date: the day of that price.
        least_disk_bytes, disk_bytes: between which it lies with completions as expected.
    """

    model: str
    endpoint: str | None
    samples_per_problem: int
    samples: int | None
    expected_tokens: int | None
    largest_tokens: int | None
    flops: float | None
    largest_flops: float | None
    dollars: float | None
    largest_dollars: float | None
    price_date: str | None
    least_disk_bytes: int | None
    disk_bytes: int | None


@dataclass(frozen=True)
class PlannedCell:
    """One finetuning.

    Attributes:
        rows_seen: steps times batch size.
        least_epochs: how often each row is seen if every sample were kept; more if not.
        completion_tokens: expected tokens of the completions seen.
        largest_tokens: if every row filled the sequence length.
        flops, largest_flops: 6P a token, for the two counts.
        disk_bytes: estimate for the finished model.
    """

    id: str
    paradigm: str
    arm: str
    budget: str
    seed: int
    model: str
    steps: int
    batch_size: int
    learning_rate: float
    rows_seen: int
    least_epochs: float | None
    completion_tokens: int
    largest_tokens: int
    flops: float | None
    largest_flops: float | None
    disk_bytes: int | None


@dataclass(frozen=True)
class PlannedEvaluation:
    """The final test: one greedy completion a problem and model."""

    task: str
    base_models: int
    cells: int
    problems: int | None
    completions: int | None


@dataclass(frozen=True)
class Plan:
    """What a recipe will do.

    Attributes:
        problems: how many there are in each split; None where only the source knows.
        ratio: cost of an SE sample over cost of a WC sample.
        assumptions: what the numbers take for granted, one sentence each.
        estimate: what it takes on named GPUs, with prompts and attention.
    """

    recipe: str
    profile: str | None
    problems: Mapping[str, int | None]
    match: Mapping[str, Any]
    ratio: float
    budgets: Mapping[str, PlannedBudget]
    pools: Mapping[Side, PlannedPool]
    arms: tuple[str, ...]
    cells: tuple[PlannedCell, ...]
    evaluation: PlannedEvaluation
    assumptions: tuple[str, ...]
    estimate: Estimate | None = None

    def document(self) -> dict[str, Any]:
        """The plan as a JSON document, with totals over the cells."""
        document = asdict(replace(self, estimate=None))
        for name in ("arms", "cells", "assumptions"):
            document[name] = list(document[name])
        document["totals"] = {
            "samples": _sum(pool.samples for pool in self.pools.values()),
            "sampling_flops": _sum(pool.flops for pool in self.pools.values()),
            "dollars": _sum(pool.dollars for pool in self.pools.values()),
            "training_steps": sum(cell.steps for cell in self.cells),
            "training_flops": _sum(cell.flops for cell in self.cells),
            "least_disk_bytes": _sum(
                [pool.least_disk_bytes for pool in self.pools.values()]
                + [cell.disk_bytes for cell in self.cells]
            ),
            "disk_bytes": _sum(
                [pool.disk_bytes for pool in self.pools.values()]
                + [cell.disk_bytes for cell in self.cells]
            ),
        }
        document["estimate"] = None if self.estimate is None else self.estimate.document()
        return document


def _sum(parts: Any) -> Any:
    """The sum; None if a part is not known."""
    known = list(parts)
    return None if any(part is None for part in known) else sum(known)
