"""Prompts: how a question is put to a generator (few-shot) and to a finetuned model (zero-shot).

A completion follows its prompt directly. Where prompt and solution are parted by a space, the
space belongs to the completion (`solution_prefix`), as base models produce it: a prompt that
ends in a space is tokenized in a way that they have not seen in training.
"""

from __future__ import annotations

from harness.files import digest_of
from harness.prompts.fewshot import examples_of
from harness.recipe.schema import Prompt

__all__ = [
    "examples_of",
    "few_shot_text",
    "generation_prompt",
    "prompt_digest",
    "reference_completion",
    "training_prompt",
]

_BETWEEN_EXAMPLES = "\n\n"


def training_prompt(prompt: Prompt, question: str) -> str:
    """The zero-shot prompt: what finetuned models are trained and tested on."""
    # Not str.format: questions and templates are full of braces.
    return prompt.template.replace("{question}", question)


def generation_prompt(prompt: Prompt, question: str) -> str:
    """The prompt of a generator: the few-shot examples, then the question.

    Raises:
        InputError: the recipe asks for more examples than there are.
        EnvironmentFailure: the examples cannot be read from lm-eval.
    """
    return few_shot_text(prompt) + training_prompt(prompt, question)


def reference_completion(prompt: Prompt, solution: str) -> str:
    """A reference solution as a completion: behind `solution_prefix`, which it has only once."""
    prefix = prompt.solution_prefix
    return solution if prefix and solution.startswith(prefix) else prefix + solution


def prompt_digest(prompt: Prompt) -> str:
    """A digest of everything that shapes the prompts, the texts of the examples included."""
    return digest_of({"prompt": prompt.model_dump(mode="json"), "examples": few_shot_text(prompt)})


def few_shot_text(prompt: Prompt) -> str:
    """What stands before the question: the worked examples, "" without any.

    Raises:
        InputError: the recipe asks for more examples than there are.
        EnvironmentFailure: the examples cannot be read from lm-eval.
    """
    if prompt.few_shot is None:
        return ""
    examples = examples_of(prompt.few_shot.source, prompt.few_shot.count)
    return "".join(
        training_prompt(prompt, example.question)
        + reference_completion(prompt, example.solution)
        + _BETWEEN_EXAMPLES
        for example in examples
    )
