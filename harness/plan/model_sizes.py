"""What a plan knows of a model's sizes: its architecture, or only how many parameters it has."""

from __future__ import annotations

import functools
import json
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from harness.errors import HarnessError, InputError
from harness.models import model_location
from harness.plan.counts import stored_parameters
from harness.plan.roofline import ModelCosts
from harness.recipe import ModelCard

_PATIENCE_SECONDS = 2


@dataclass(frozen=True)
class CountedModel:
    """A model of which only the number of parameters is known.

    2P FLOPs a token, whatever the context (Kaplan et al. 2020), and a KV cache of unknown
    size, which counts as none.
    """

    parameters: int

    @property
    def active_parameters(self) -> int:
        """All of them."""
        return self.parameters

    def prefill_flops(self, tokens: int) -> int:
        """FLOPs of reading a prompt."""
        return 2 * self.parameters * tokens

    def decode_flops(self, prompt_tokens: int, completion_tokens: int) -> int:
        """FLOPs of a completion; the prompt adds nothing."""
        return 2 * self.parameters * completion_tokens

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
        return ModelSizes(architecture_of(_with_cached_config(card)), counted=False)
    except (HarnessError, OSError):
        known = stored_parameters(card)
        return None if known is None else ModelSizes(CountedModel(known), counted=True)


def _with_cached_config(card: ModelCard) -> ModelCard:
    """The card, with the config.json of the Hub's cache where the Hub itself does not answer.

    Its client tries for half a minute before it gives up, for each model; a plan is wanted now.

    Raises:
        InputError: there is no such folder, or the Hub is needed and away.
        OSError: the cached file cannot be read.
    """
    at_hand = card.config is not None or Path(model_location(card)).is_dir()
    if at_hand or "/" not in card.id or _hub_answers():
        return card
    from huggingface_hub import try_to_load_from_cache

    try:
        file = try_to_load_from_cache(card.id, "config.json", revision=card.revision)
        if not isinstance(file, str):
            raise ValueError("it is not in the cache")
        config = json.loads(Path(file).read_bytes())
    except ValueError as error:  # the id of no repository, or no JSON
        raise InputError(f"the Hub gives no config.json of {card.id}: {error}.") from error
    return card.model_copy(update={"config": config})


@functools.cache
def _hub_answers() -> bool:
    """Whether the Hub takes a connection within two seconds; a proxy is trusted to reach it."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    address = urlsplit(constants.ENDPOINT)
    if getproxies().get(address.scheme):
        return True
    port = address.port or (80 if address.scheme == "http" else 443)
    try:
        socket.create_connection((address.hostname, port), timeout=_PATIENCE_SECONDS).close()
    except OSError:
        return False
    return True
