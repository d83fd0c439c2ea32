"""Where the config.json of a card's model comes from: the card, a folder, or the Hub."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.hub_client import first_line, is_transport_error, why_unreachable
from harness.models import model_location
from harness.recipe import ModelCard

CONFIG_FILE = "config.json"
_IN_THE_CARD = "Put the keys of its config.json into the card as `config`"


def config_of(card: ModelCard) -> Mapping[str, Any]:
    """The keys of a model's config.json.

    Raises:
        InputError: it is neither in the card, nor in the model's folder, nor on the Hub; says why
            the Hub did not give it.
    """
    if card.config is not None:
        return card.config
    location = model_location(card)
    folder = Path(location)
    file = folder / CONFIG_FILE if folder.is_dir() else _from_hub(card)
    try:
        document = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{file} is not there.", f"{_IN_THE_CARD}.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read as JSON ({error}).") from error
    if not isinstance(document, dict):
        raise InputError(f"{file} is not a JSON object.", f"{_IN_THE_CARD}.")
    return document


def local_config_of(card: ModelCard) -> Mapping[str, Any] | None:
    """The keys of a model's config.json, where the card or a folder has them; else None.

    Unlike `config_of` it never asks the Hub, and takes a file that cannot be read for none.
    """
    # A refused recipe's card has no `config` at all where that was what is wrong.
    if getattr(card, "config", None) is not None:
        return card.config
    try:
        return config_of(card) if Path(model_location(card)).is_dir() else None
    except (InputError, OSError, ValueError, RuntimeError):  # Ids that cannot be paths, too.
        return None


def _from_hub(card: ModelCard) -> Path:
    if "/" not in card.id:
        raise InputError(
            f"{card.id} is neither a folder nor on the Hub, and its card has no `config`.",
            f"{_IN_THE_CARD}, where they are known; a match by number, tokens or price needs none.",
        )
    file, reason = _hub_file(card.id, card.revision)
    if file is None:
        raise InputError(
            f"the Hub did not give the {CONFIG_FILE} of {card.id}: {reason.rstrip('.')}.",
            f"{_IN_THE_CARD}; or check the network and HF_ENDPOINT, or log in (`hf auth login`) "
            "where the model is gated, and try again.",
        )
    return file


@lru_cache(maxsize=256)  # A Hub that does not answer is waited for once, not at every check.
def _hub_file(model: str, revision: str | None) -> tuple[Path | None, str]:
    """The file from the Hub or from its cache, or why there is none."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    unreachable = why_unreachable()
    try:
        file = hf_hub_download(
            model, CONFIG_FILE, revision=revision, local_files_only=unreachable is not None
        )
    except LocalEntryNotFoundError as error:
        return None, unreachable or first_line(error.__cause__ or error)
    except (HFValidationError, OSError) as error:  # A gated model is an OSError too.
        return None, first_line(error)
    except Exception as error:
        if not is_transport_error(error):
            raise
        return None, first_line(error)
    return Path(file), ""
