"""Estimates of the paper's recipes for models whose sizes and prompts are known."""

from __future__ import annotations

from harness.plan import plan_of
from harness.plan.amounts import Range
from harness.plan.estimate import Estimate, estimate_of
from harness.plan.gpus import load_gpu
from harness.plan.known import Known, known_of
from harness.plan.model_sizes import ModelSizes
from harness.plan.prompt_lengths import PromptLengths
from harness.plan.serving import Hardware
from harness.recipe import Recipe
from tests.plan.reference_models import Decoder

HOUR = 3600
GEMMA_9B = Decoder(9_241_705_984, 42, 16, 8, 256)
GEMMA_27B = Decoder(27_227_128_320, 46, 32, 16, 128)
GEMMA_7B = Decoder(8_537_680_896, 28, 16, 16, 256)
LENGTHS = PromptLengths(Range(600, 600), Range(80, 100), exact=False, unknown=())
SIZES = {
    "google/gemma-2-9b": ModelSizes(GEMMA_9B, counted=False),
    "google/gemma-2-27b": ModelSizes(GEMMA_27B, counted=False),
    "google/gemma-7b": ModelSizes(GEMMA_7B, counted=False),
}


def estimate(
    recipe: Recipe, gpu: str = "h100-sxm", gpus: int | None = None, price: float | None = None,
    sizes: dict[str, ModelSizes] = SIZES,
) -> Estimate:  # fmt: skip
    """The estimate of a recipe of the paper, with known lengths and sizes."""
    planned = plan_of(recipe)
    known = Known(sizes, dict.fromkeys(sizes, LENGTHS), dict.fromkeys(sizes, LENGTHS),
                  known_of(recipe).axolotl)  # fmt: skip
    return estimate_of(recipe, known, planned.problems, planned.pools, planned.cells,
                       Hardware(load_gpu(gpu), gpus, price))  # fmt: skip
