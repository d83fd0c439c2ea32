"""What a plan knows of a model's sizes: its architecture, or only how many parameters it has."""

from __future__ import annotations

from dataclasses import dataclass

from harness.budget.parameters import flop_parameters, nearest_count
from harness.errors import HarnessError
from harness.plan.roofline import ModelCosts
from harness.recipe import ModelCard


@dataclass(frozen=True)
class CountedModel:
    """A model of which only the number of parameters is known.

    2P FLOPs a token, whatever the context (Kaplan et al. 2020), and a KV cache of unknown
    size, which counts as none.

    Attributes:
        parameters: all of them.
        active_parameters: those that one token meets, which are P.
    """

    parameters: int
    active_parameters: int

    def prefill_flops(self, tokens: int) -> int:
        """FLOPs of reading a prompt."""
        return 2 * self.active_parameters * tokens

    def decode_flops(self, prompt_tokens: int, completion_tokens: int) -> int:
        """FLOPs of a completion; the prompt adds nothing."""
        return 2 * self.active_parameters * completion_tokens

    def kv_cache_bytes(self, tokens: int, bytes_per_value: int = 2) -> int:
        """Nothing, for want of knowledge."""
        return 0


@dataclass(frozen=True)
class ModelSizes:
    """The sizes of a model.

    Attributes:
        costs: what it takes to run it.
        counted: whether only its parameters are known.
    """

    costs: ModelCosts
    counted: bool


def sizes_of(card: ModelCard) -> ModelSizes | None:
    """The sizes of a card's model; None where not even its parameters are known.

    A plan never fails for want of a configuration, whatever the reason that there is none.
    """
    from harness.budget.architecture import architecture_of

    try:
        return ModelSizes(architecture_of(card), counted=False)
    except (HarnessError, OSError):
        which = nearest_count(card)
        if which is None:
            return None
        known = flop_parameters(card, which)
        return ModelSizes(CountedModel(known.stored, known.count), counted=True)
