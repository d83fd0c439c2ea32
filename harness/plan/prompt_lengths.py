"""How long the prompts of a recipe are, in tokens, as far as that can be known beforehand.

The tokenizers of the models are rarely on this machine, and tokens are not worth a download:
texts are measured in bytes and divided by what tokenizers usually make of English with
formulas. The embedded models are the exception, since they split texts by a fixed pattern of
which every piece is in their vocabulary.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import HarnessError
from harness.models import MICRO_PREFIX, model_location
from harness.plan.amounts import Range
from harness.problems import Problem
from harness.prompts import few_shot_text, training_prompt
from harness.recipe import ModelCard, Recipe

# Numbers and LaTeX take few bytes a token, plain English many.
MOST_BYTES_PER_TOKEN, LEAST_BYTES_PER_TOKEN = 4.5, 3.0
# GSM8K's questions have 235 bytes on average, competition problems about 200.
UNKNOWN_QUESTION_BYTES = (100, 400)
UNKNOWN_EXAMPLE_BYTES = (300, 1000)


@dataclass(frozen=True)
class PromptLengths:
    """The parts of an average prompt.

    Attributes:
        examples: the few-shot examples, which all prompts of a generator begin with.
        question: the rest, which is the whole prompt of a finetuned model.
        exact: whether a tokenizer counted them.
        unknown: parts that could only be guessed, as phrases.
    """

    examples: Range
    question: Range
    exact: bool
    unknown: tuple[str, ...]

    @property
    def whole(self) -> Range:
        """The whole prompt of a generator."""
        return self.examples + self.question

    def measured(self, whole: float) -> PromptLengths:
        """The same prompts, of which the mean length is known; examples keep their share."""
        share = self.examples.high / self.whole.high if self.whole.high else 0.0
        examples, question = whole * share, whole * (1 - share)
        return replace(self, examples=Range(examples, examples), question=Range(question, question))


def local_problems(recipe: Recipe, split: str) -> list[Problem] | None:
    """The problems of a split if they are on this machine and can be read, else None."""
    from harness.problems.loading import load_problems

    if recipe.problems.source == "hub" or getattr(recipe.problems, split) is None:
        return None
    try:
        return load_problems(recipe.problems, split)
    except HarnessError:
        return None  # Drawing will say what is wrong with them; a plan is not the place.


def is_counted_exactly(card: ModelCard) -> bool:
    """Whether the tokens of a card's model can be counted here."""
    return card.id.startswith(MICRO_PREFIX)


def prompt_lengths(
    recipe: Recipe, card: ModelCard, problems: Sequence[Problem] | None
) -> PromptLengths:
    """The average prompt of a split's problems, as a model reads it.

    Args:
        recipe: the recipe.
        card: the model whose tokens are counted.
        problems: the problems, where they are at hand.
    """
    count = _micro_tokens if is_counted_exactly(card) else _estimated_tokens
    unknown = []
    if problems:
        prompts = [training_prompt(recipe.prompt, problem.question) for problem in problems]
        question = _mean([count(card, prompt) for prompt in prompts])
    else:
        unknown.append("questions of {} to {} bytes".format(*UNKNOWN_QUESTION_BYTES))
        template = count(card, training_prompt(recipe.prompt, ""))
        question = template + _from_bytes(*UNKNOWN_QUESTION_BYTES)
    try:
        examples = count(card, few_shot_text(recipe.prompt))
    except HarnessError:
        assert recipe.prompt.few_shot is not None, "only examples can be missing"
        shots = recipe.prompt.few_shot.count
        unknown.append("examples of {} to {} bytes".format(*UNKNOWN_EXAMPLE_BYTES))
        examples = _from_bytes(*(shots * bytes_ for bytes_ in UNKNOWN_EXAMPLE_BYTES))
    exact = count is _micro_tokens and not unknown
    return PromptLengths(examples, question, exact, tuple(unknown))


def _mean(counts: Sequence[Range]) -> Range:
    number = len(counts)
    return Range(sum(one.low for one in counts) / number, sum(one.high for one in counts) / number)


def _estimated_tokens(card: ModelCard, text: str) -> Range:
    size = len(text.encode(errors="surrogatepass"))
    return _from_bytes(size, size)


def _from_bytes(least: float, most: float) -> Range:
    return Range(least / MOST_BYTES_PER_TOKEN, most / LEAST_BYTES_PER_TOKEN)


def _micro_tokens(card: ModelCard, text: str) -> Range:
    pieces = len(_micro_pattern(model_location(card)).findall(text))
    return Range(pieces, pieces)


@functools.cache
def _micro_pattern(folder: str) -> re.Pattern[str]:
    """The pattern by which an embedded model's tokenizer splits texts."""
    document = json.loads((Path(folder) / "tokenizer.json").read_text(encoding="utf-8"))
    (split,) = (
        step for step in document["pre_tokenizer"]["pretokenizers"] if step["type"] == "Split"
    )
    return re.compile(split["pattern"]["Regex"])
