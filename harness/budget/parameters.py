"""Which parameters of a model count: all that it holds, or those that a token meets.

Memory and disk hold all of them. FLOPs go with those that one token meets, which in a mixture of
experts are far fewer ("active parameters": Jiang et al., Mixtral of Experts, 2024, section 2.1).
So P of 2P FLOPs a token (paper, Eq. 1) and of 6P (Kaplan et al., 2020) leaves out the experts that
a token is not sent to. How many those are is said by the card, or by the config.json that it has or
that lies in the model's folder; never is the Hub asked, so a match is the same without a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from harness.budget.architecture import Architecture
from harness.budget.config_keys import EXPERT_COUNTS
from harness.errors import InputError
from harness.recipe import ModelCard
from harness.recipe.cards import Parameters

ParameterCount = Literal["total", "non_embedding", "nominal"]
# By which a model is told where nothing says which count is meant: the nearest to what it holds.
_NEAREST: tuple[ParameterCount, ...] = ("total", "nominal", "non_embedding")
_WORDS = {
    "total": "parameters",
    "non_embedding": "parameters without embeddings",
    "nominal": "nominal parameters",
}
# Also of types whose layers are not known.
_EXPERT_COUNTS = (*EXPERT_COUNTS, "num_routed_experts", "moe_num_experts")


@dataclass(frozen=True)
class Mixture:
    """What is known of a mixture of experts.

    Attributes:
        active: parameters that a token meets, embeddings included; None where that is not known.
        embeddings: parameters that the count without embeddings leaves out; None where that is
            not known.
        unknown_because: why `active` is not known.
    """

    active: int | None
    embeddings: int | None = None
    unknown_because: str = ""


@dataclass(frozen=True)
class FlopParameters:
    """P of 2P FLOPs a token.

    Attributes:
        count: P: of a mixture of experts the active parameters, else all of them.
        stored: all of them, by the same count of the card.
        remark: what is to be said of a mixture of experts, in a sentence without its full stop;
            None of other models.
        advice: what to do where the active parameters are not known, and all count.
    """

    count: int
    stored: int
    remark: str | None = None
    advice: str | None = None

    @property
    def sentences(self) -> tuple[str, ...]:
        """The remark with its advice, if there is one."""
        said = None if self.remark is None else f"{self.remark}. {self.advice or ''}".strip()
        return () if said is None else (said,)


def parameters_of(card: ModelCard, which: str) -> int:
    """One of a card's parameter counts.

    Raises:
        InputError: the card does not have it.
    """
    count: int | None = getattr(card.parameters, which)
    if count is None:
        known = [name for name in _WORDS if getattr(card.parameters, name) is not None]
        raise InputError(
            f"the match counts {which} parameters, and the card of {card.id} does not say how many "
            f"it has (it has: {', '.join(known) or 'no count'}).",
            f"Add parameters.{which} to the card, or choose another count with match.parameters.",
        )
    return count


def nearest_count(card: ModelCard) -> ParameterCount | None:
    """The name of the count that is nearest to all parameters; None of a card without any."""
    return next((name for name in _NEAREST if getattr(card.parameters, name)), None)


def flop_parameters(card: ModelCard, which: str) -> FlopParameters:
    """The parameters that FLOPs go with, by one of the counts of a card.

    Without embeddings, a mixture's active parameters are without them too. `nominal` rounds what a
    model holds, which is no measure of what a token meets: `active` itself counts there, or the
    nominal count where that is the smaller one.

    Args:
        card: the card.
        which: "total", "non_embedding" or "nominal".

    Raises:
        InputError: the card does not have that count.
    """
    stored = parameters_of(card, which)
    mixture = mixture_of(card)
    if mixture is None:
        return FlopParameters(stored, stored)
    active, why = _by_count(mixture, which)
    if active is None:
        return FlopParameters(
            stored,
            stored,
            f"{card.id} is a mixture of experts, and how many parameters a token meets is not "
            f"known ({why}): FLOPs count all {stored:,}, which is too many",
            "Add parameters.active, and with it parameters.total, to its card.",
        )
    count = min(active, stored)
    return FlopParameters(
        count,
        stored,
        f"{card.id} is a mixture of experts: FLOPs count the {count:,} of its {stored:,} "
        f"{_WORDS[which]} that a token meets",
    )


def mixture_of(card: ModelCard) -> Mixture | None:
    """What is known of a mixture of experts; None of any other model.

    A card whose active parameters are all of them says that its model is none.
    """
    counts = card.parameters
    if counts.active is not None and counts.active == counts.total:
        return None
    config = _local_config(card)
    if counts.active is not None:
        return Mixture(counts.active, _embeddings(counts, config))
    if config is None:
        return None
    try:
        architecture = Architecture.from_config(config)
    except InputError as error:
        if not _names_experts(config):
            return None
        return Mixture(None, unknown_because=error.message.rstrip(".:"))
    active = architecture.active_parameters
    if active == architecture.parameters:
        return None
    if (wrong := counts.contradiction(active)) is not None:
        return Mixture(None, unknown_because=f"by its config.json {active:,}; {wrong}")
    return Mixture(active, _embeddings(counts, config))


def with_active_parameters(card: ModelCard) -> ModelCard:
    """The card with the active parameters that its config.json says; as it is without any.

    A card that is kept thus says the same where the model's folder is not.
    """
    mixture = mixture_of(card)
    if mixture is None or mixture.active is None:
        return card
    counts = card.parameters.model_copy(update={"active": mixture.active})
    return card.model_copy(update={"parameters": counts})


def _by_count(mixture: Mixture, which: str) -> tuple[int | None, str]:
    """The active parameters by a count, or None and why not."""
    if mixture.active is None or which != "non_embedding":
        return mixture.active, mixture.unknown_because
    if mixture.embeddings is None:
        return None, "without parameters.total its embeddings are not known"
    active = mixture.active - mixture.embeddings
    return (active, "") if active > 0 else (None, "its embeddings are more than parameters.active")


def _embeddings(counts: Parameters, config: Mapping[str, Any] | None) -> int | None:
    if counts.total is not None and counts.non_embedding is not None:
        return counts.total - counts.non_embedding
    try:
        architecture = None if config is None else Architecture.from_config(config)
    except InputError:
        return None
    if architecture is None:
        return None
    return architecture.parameters - architecture.non_embedding_parameters


def _local_config(card: ModelCard) -> Mapping[str, Any] | None:
    # Here, since the Hub's client is not needed where the card says all.
    from harness.budget.config_sources import local_config_of

    return local_config_of(card)


def _names_experts(config: Mapping[str, Any]) -> bool:
    """Whether a config.json that cannot be counted is of a mixture of experts all the same."""
    parts = [config, *(part for part in config.values() if isinstance(part, Mapping))]
    return any(_several(part.get(name)) for part in parts for name in _EXPERT_COUNTS)


def _several(count: Any) -> bool:
    """Whether there are several experts; some files have a count for each layer."""
    counts = count if isinstance(count, list) else [count]
    return any(isinstance(one, int) and one > 1 for one in counts)
