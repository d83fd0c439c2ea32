"""The estimates of a plan: what the recipe's pools, finetunings and tests take on named GPUs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from harness.cells import cells_of
from harness.models import MICRO_PREFIX
from harness.plan.amounts import NOTHING, Amount, Range, known_total, total
from harness.plan.counts import token_rates_of
from harness.plan.detectable import DetectableDifference, comparisons_of, detectable_difference
from harness.plan.estimate_assumptions import estimate_assumptions
from harness.plan.known import Known
from harness.plan.sampling import PlannedSampling, planned_sampling
from harness.plan.serving import Hardware
from harness.plan.testing import PlannedTest, planned_test
from harness.plan.training import PlannedTraining, planned_trainings
from harness.plan.values import PlannedCell, PlannedPool
from harness.recipe import SIDES, ModelCard, Recipe, Side

# Loading weights, compiling and capturing graphs.
START_SECONDS = Range(20, 300)
# Models are published in bfloat16 or float16.
BYTES_OF_A_STORED_WEIGHT = 2
_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Estimate:
    """What a plan's recipe takes on named GPUs. None stands for what is not known.

    Attributes:
        hardware: the GPUs.
        sampling: of each side.
        training: of the cells, those that train alike together.
        test: of all models.
        engine_starts: how often an engine is started for sampling and tests.
        start_hours: GPU-hours of the starts.
        detectable: differences that the test set can show.
        base_model_bytes: files of the models that are loaded, before any finetuning.
        assumptions: what the numbers take for granted, one sentence each.
    """

    hardware: Hardware
    sampling: Mapping[Side, PlannedSampling | None]
    training: tuple[PlannedTraining, ...]
    test: PlannedTest | None
    engine_starts: int
    start_hours: Amount
    detectable: DetectableDifference | None
    base_model_bytes: int = 0
    assumptions: tuple[str, ...] = ()

    @property
    def training_hours(self) -> Amount | None:
        """GPU-hours of all cells whose models' sizes are known."""
        if not self.training:
            return NOTHING
        return known_total(
            None if group.gpu_hours is None else group.gpu_hours.times(group.cells)
            for group in self.training
        )

    @property
    def sampling_hours(self) -> Amount | None:
        """GPU-hours of both sides, as far as they are known."""
        return known_total(side.gpu_hours for side in self._sides)

    @property
    def test_hours(self) -> Amount | None:
        """GPU-hours of the test."""
        return None if self.test is None else self.test.gpu_hours

    @property
    def gpu_hours(self) -> Amount | None:
        """GPU-hours of everything that is known."""
        return known_total(
            (self.sampling_hours, self.training_hours, self.test_hours, self.start_hours)
        )

    @property
    def gpu_dollars(self) -> Amount | None:
        """Dollars for the GPUs, if their price was given."""
        hours, price = self.gpu_hours, self.hardware.price
        return None if hours is None or price is None else hours.times(price)

    @property
    def hours(self) -> Amount | None:
        """Hours with all GPUs busy; None where their number is open, or too small."""
        hours, gpus = self.gpu_hours, self.hardware.gpus
        if hours is None or gpus is None or gpus < self.least_gpus:
            return None
        return hours.times(1 / gpus)

    @property
    def token_dollars(self) -> Amount | None:
        """Dollars for tokens of models with a price, billed by servers or not."""
        return known_total((self.billed_dollars, self.alternative_dollars))

    @property
    def billed_dollars(self) -> Amount | None:
        """Dollars that servers bill: for samples, and for the tests of their models."""
        sides = [side.dollars for side in self._sides if side.billed]
        return known_total([*sides, None if self.test is None else self.test.dollars])

    @property
    def alternative_dollars(self) -> Amount | None:
        """Dollars for buying the samples of models with a price instead of drawing them on GPUs.

        The tests of these models are not in it: they run beside the finetuned ones.
        """
        return known_total(side.dollars for side in self._sides if not side.billed)

    @property
    def saved_gpu_dollars(self) -> Amount | None:
        """Dollars for the GPU-hours, engine starts left out, that `alternative_dollars` saves."""
        sides = [side for side in self._sides if not side.billed and side.dollars is not None]
        hours, price = known_total(side.gpu_hours for side in sides), self.hardware.price
        return None if hours is None or price is None else hours.times(price)

    @property
    def disk_bytes(self) -> Amount | None:
        """Pools, finished models, and the models that they are made of."""
        cells = [
            None if group.disk_bytes is None else Amount.exactly(group.disk_bytes * group.cells)
            for group in self.training
        ]
        pools = [None if side is None else side.disk_bytes for side in self.sampling.values()]
        return total([*pools, *cells, Amount.exactly(self.base_model_bytes)])

    @property
    def _sides(self) -> list[PlannedSampling]:
        return [side for side in self.sampling.values() if side is not None]

    @property
    def least_gpus(self) -> int:
        """GPUs that the largest piece of the work needs at least."""
        groups = [group.least_gpus for group in self.training if group.least_gpus]
        return max(
            1,
            *(int(gpus.low) for gpus in groups),
            *(side.gpus_an_engine or 1 for side in self._sides),
            self.test.gpus_an_engine if self.test else 1,
        )

    def document(self) -> dict[str, Any]:
        """The estimate as a JSON document."""
        return {
            "gpu": self.hardware.gpu.model_dump(mode="json"),
            "gpus": self.hardware.gpus,
            "least_gpus": self.least_gpus,
            "dollars_per_gpu_hour": self.hardware.price,
            "sampling": {name: side and asdict(side) for name, side in self.sampling.items()},
            "training": [asdict(group) for group in self.training],
            "test": self.test and asdict(self.test),
            "engine_starts": self.engine_starts,
            "base_model_bytes": self.base_model_bytes,
            "detectable_difference": self.detectable and asdict(self.detectable),
            "assumptions": list(self.assumptions),
            "totals": {name: part and asdict(part) for name, part in self._totals().items()},
        }

    def _totals(self) -> dict[str, Amount | None]:
        sides = self.sampling.values()
        return {
            "prompt_tokens": total(None if side is None else side.prompt_tokens for side in sides),
            "completion_tokens": total(
                None if side is None else side.completion_tokens for side in sides
            ),
            "sampling_flops": total(None if side is None else side.flops for side in sides),
            "training_flops": total(
                None if group.flops is None else group.flops.times(group.cells)
                for group in self.training
            ),
            "test_flops": None if self.test is None else self.test.flops,
            "dollars": self.token_dollars,
            "billed_dollars": self.billed_dollars,
            "alternative_dollars": self.alternative_dollars,
            "saved_gpu_dollars": self.saved_gpu_dollars,
            "disk_bytes": self.disk_bytes,
            "sampling_gpu_hours": self.sampling_hours,
            "training_gpu_hours": self.training_hours,
            "test_gpu_hours": self.test_hours,
            "start_gpu_hours": self.start_hours,
            "gpu_hours": self.gpu_hours,
            "gpu_dollars": self.gpu_dollars,
            "hours": self.hours,
        }


def estimate_of(
    recipe: Recipe,
    known: Known,
    problems: Mapping[str, int | None],
    pools: Mapping[Side, PlannedPool],
    cells: tuple[PlannedCell, ...],
    hardware: Hardware,
) -> Estimate:
    """What a recipe takes. Pure arithmetic on what is known.

    Args:
        recipe: the recipe.
        known: of its models and problems.
        problems: how many each split has, None where only the source knows.
        pools: the pools as planned.
        cells: the finetunings as planned.
        hardware: the GPUs.
    """
    sampling = {
        side: _sampling(recipe, side, pools[side], problems["train"], known, hardware)
        for side in SIDES
    }
    test = None
    if problems["test"] is not None:
        test = planned_test(recipe, problems["test"], known.test, known.sizes, hardware)
    used = [side.gpus_an_engine for side in sampling.values() if side and side.gpus_an_engine]
    starts = sum(hardware.engines(gpus) for gpus in used) + (test.engine_starts if test else 0)
    seconds = sum(hardware.engines(gpus) * gpus for gpus in used)
    if test:
        seconds += test.engine_starts * test.gpus_an_engine
    estimate = Estimate(
        hardware=hardware,
        sampling=sampling,
        training=planned_trainings(recipe, cells, known, hardware.gpu),
        test=test,
        engine_starts=starts,
        start_hours=Amount(
            START_SECONDS.low * seconds / _SECONDS_PER_HOUR,
            START_SECONDS.high * seconds / _SECONDS_PER_HOUR,
            START_SECONDS.high * seconds / _SECONDS_PER_HOUR,
        ),
        detectable=_detectable(recipe, problems["test"]),
        base_model_bytes=_base_model_bytes(recipe, known),
    )
    return replace(estimate, assumptions=estimate_assumptions(recipe, known, estimate))


def _detectable(recipe: Recipe, problems: int | None) -> DetectableDifference | None:
    if not problems:
        return None
    compared = comparisons_of(cells_of(recipe))
    return detectable_difference(problems, len(recipe.seeds.training) if compared else 1, compared)


def _base_model_bytes(recipe: Recipe, known: Known) -> int:
    """Files of every model that is loaded here and does not come with the harness."""
    served = {getattr(recipe.pair, side).id for side in SIDES if recipe.execution.servers_of(side)}
    trained = {recipe.student(cell.paradigm).id for cell in cells_of(recipe)}
    return sum(
        BYTES_OF_A_STORED_WEIGHT * sizes.costs.parameters
        for name, sizes in known.sizes.items()
        if sizes is not None
        and not name.startswith(MICRO_PREFIX)
        and (name not in served or name in trained)
    )


def _sampling(
    recipe: Recipe,
    side: Side,
    pool: PlannedPool,
    problems: int | None,
    known: Known,
    hardware: Hardware,
) -> PlannedSampling | None:
    if problems is None or pool.samples is None:
        return None
    card: ModelCard = getattr(recipe.pair, side)
    return planned_sampling(
        recipe,
        side,
        pool.samples,
        problems,
        known.train[card.id],
        known.sizes[card.id],
        token_rates_of(recipe, card),
        hardware,
    )
