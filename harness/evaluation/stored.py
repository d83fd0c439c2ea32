"""A language model for lm-eval that answers from stored generations.

lm-eval then does what it always does (filters, metrics, aggregation, per-sample log) without
torch, without a GPU and without a second pass through the engine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.models.utils import postprocess_generated_text

from harness.errors import InputError


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
        return [_cut(self._completions[one.args[0]], one.args[1]) for one in requests]

    def get_model_info(self) -> dict[str, Any]:
        """What lm-eval copies into the `config` of its results."""
        return self._information

    def loglikelihood(self, requests: Sequence[Instance]) -> NoReturn:
        """Refused: stored texts carry no probabilities."""
        raise NotImplementedError("stored generations have no log-likelihoods")

    def loglikelihood_rolling(self, requests: Sequence[Instance]) -> NoReturn:
        """Refused: stored texts carry no probabilities."""
        raise NotImplementedError("stored generations have no log-likelihoods")


class StoredSamples(StoredGenerations):
    """Serves several samples a prompt to tasks with `repeats`: to each repeat the next one.

    lm-eval asks once for every repeat of a document, and its own client of servers asks each
    time with the same seed. Samples that were drawn all at once, each with a seed of its own
    (by `harness.generators`, say), have no such trouble.

    Args:
        samples: the samples of every prompt that will be asked, in the order of their index.
        information: what to note about the model in lm-eval's results document.
    """

    def __init__(
        self, samples: Mapping[str, Sequence[str]], information: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__({}, information)
        self._samples = samples

    def generate_until(self, requests: Sequence[Instance]) -> list[str]:
        """The stored samples, cut at their stop strings.

        Raises:
            InputError: a prompt has fewer samples than the task repeats it.
            KeyError: a prompt was never sampled.
        """
        served: Counter[tuple[Any, ...]] = Counter()
        texts = []
        for instance in requests:
            prompt, arguments = instance.args
            document = (instance.task_name, instance.doc_id, instance.idx)
            if served[document] == len(self._samples[prompt]):
                raise InputError(
                    f"task {instance.task_name} asks for {instance.repeats} samples a problem, and "
                    f"document {instance.doc_id} has {served[document]}.",
                    f"Set its `repeats` to {served[document]} or less, or draw more samples.",
                )
            texts.append(_cut(self._samples[prompt][served[document]], arguments))
            served[document] += 1
        return texts


def _cut(text: str, arguments: Mapping[str, Any]) -> str:
    return str(postprocess_generated_text(text, arguments.get("until"), None))
