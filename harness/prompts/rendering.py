"""The prompts of a problem set, rendered when they are asked for.

A few-shot prompt is some kilobytes long; those of a whole problem set together would be most
of what a client holds in memory, and each is needed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.files import digest_of
from harness.problems import Problem
from harness.prompts import few_shot_text, training_prompt
from harness.recipe.schema import Prompt


class RenderedPrompts(Mapping[str, str]):
    """The generators' prompt of each problem, by its id.

    Attributes:
        prompt: the template and its few-shot examples.
        identity: what decides the prompts, for a pool's identity.
    """

    def __init__(self, prompt: Prompt, problems: Sequence[Problem]) -> None:
        """For the problems of a pool.

        Raises:
            InputError: the recipe asks for more examples than there are.
            EnvironmentFailure: the examples cannot be read from lm-eval.
        """
        self.prompt = prompt
        self._examples = few_shot_text(prompt)
        self._problems = {problem.id: problem for problem in problems}
        self.identity: dict[str, Any] = {
            "template": prompt.template,
            "few_shot": None
            if prompt.few_shot is None
            else {**prompt.few_shot.model_dump(mode="json"), "digest": digest_of(self._examples)},
        }

    def __getitem__(self, problem_id: str) -> str:
        question = self._problems[problem_id].question
        return self._examples + training_prompt(self.prompt, question)

    def __iter__(self) -> Iterator[str]:
        return iter(self._problems)

    def __len__(self) -> int:
        return len(self._problems)


def prompts_identity(prompts: Mapping[str, str]) -> dict[str, Any]:
    """What decides the prompts: the template's own identity, or a digest of their texts."""
    if isinstance(prompts, RenderedPrompts):
        return prompts.identity
    return {"digest": digest_of(dict(prompts))}
