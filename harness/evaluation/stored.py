"""A language model for lm-eval that answers from stored generations.

lm-eval then does what it always does (filters, metrics, aggregation, per-sample log) without
torch, without a GPU and without a second pass through the engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.models.utils import postprocess_generated_text


class StoredGenerations(LM):  # type: ignore[misc]  # lm-eval has no type information.
    """Serves greedy completions by prompt.

    Args:
        completions: the completion of every prompt that will be asked. Greedy decoding makes
            it a function of the prompt, so two documents with one prompt share it.
        information: what to note about the model in lm-eval's results document.
    """

    def __init__(
        self, completions: Mapping[str, str], information: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__()
        self._completions = completions
        self._information = dict(information or {})

    def generate_until(self, requests: Sequence[Instance]) -> list[str]:
        """The stored completion of each request, cut at its stop strings.

        Raises:
            KeyError: a prompt was never completed; the caller checks that before.
        """
        return [self._answer(*instance.args) for instance in requests]

    def _answer(self, prompt: str, arguments: Mapping[str, Any]) -> str:
        text = postprocess_generated_text(self._completions[prompt], arguments.get("until"), None)
        return str(text)

    def get_model_info(self) -> dict[str, Any]:
        """What lm-eval copies into the `config` of its results."""
        return self._information

    def loglikelihood(self, requests: Sequence[Instance]) -> NoReturn:
        """Refused: stored texts carry no probabilities."""
        raise NotImplementedError("stored generations have no log-likelihoods")

    def loglikelihood_rolling(self, requests: Sequence[Instance]) -> NoReturn:
        """Refused: stored texts carry no probabilities."""
        raise NotImplementedError("stored generations have no log-likelihoods")
