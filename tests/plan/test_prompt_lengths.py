"""Lengths of prompts: by a tokenizer, from texts, and guessed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from harness.errors import EnvironmentFailure
from harness.micro import MODELS, micro_problems, model_folder
from harness.plan.amounts import Range
from harness.plan.prompt_lengths import PromptLengths, local_problems, prompt_lengths
from harness.problems import Problem
from harness.prompts import generation_prompt, training_prompt
from harness.recipe import Recipe
from harness.recipe.loading import load_recipe
from harness.recipe.schema import Prompt


def lengths_of(recipe: Recipe, problems: list[Problem] | None = None) -> PromptLengths:
    return prompt_lengths(recipe, recipe.pair.se, problems)


@pytest.mark.parametrize("name", MODELS)
def test_pieces_of_the_embedded_prompts_are_tokens(name: str) -> None:
    """A piece that stands in the vocabulary as a whole is one token, whatever the merges."""
    document = json.loads((model_folder(name) / "tokenizer.json").read_text())
    vocabulary = document["model"]["vocab"]
    recipe = load_recipe("w2s-micro", [f"pair.se=micro-{name}", "match.kind=number"])
    problems = micro_problems("train", 500) + micro_problems("test", 300)
    counted = 0
    for problem in problems:
        text = training_prompt(recipe.prompt, problem.question)
        # The longest pieces of the vocabulary first, from the left: no pattern is used.
        symbols = text.replace(" ", "Ġ").replace("\n", "Ċ")
        while symbols:
            size = next(size for size in range(20, 0, -1) if symbols[:size] in vocabulary)
            symbols, counted = symbols[size:], counted + 1
    found = lengths_of(recipe, problems)
    assert found.exact
    assert found.question.low == found.question.high == pytest.approx(counted / len(problems))
    assert found.examples == Range(0, 0)


def test_texts_are_measured_in_bytes() -> None:
    recipe = load_recipe("w2s-gsm8k")
    problems = [Problem("x" * 85, "1"), Problem("é" * 85, "1")]
    found = lengths_of(recipe, problems)
    assert not found.exact
    assert not found.unknown
    # "Q: …\nA:" has 6 bytes around a question of 85 and one of 170.
    assert found.question.low == pytest.approx((91 + 176) / 2 / 4.5)
    assert found.question.high == pytest.approx((91 + 176) / 2 / 3)
    whole = len(generation_prompt(recipe.prompt, "x" * 85).encode())
    assert found.examples.high == pytest.approx((whole - 91) / 3)


def test_questions_on_the_hub_are_guessed_and_said_to_be() -> None:
    found = lengths_of(load_recipe("w2s-math"))
    assert found.unknown == ("questions of 100 to 400 bytes",)
    assert found.question.high - found.question.low > 100


def test_gsm8k_lies_within_the_guess() -> None:
    path = Path(__file__).parents[3] / "shared" / "data" / "gsm8k_train.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    recipe = load_recipe("w2s-gsm8k")
    with gzip.open(path, "rt") as lines:
        problems = [Problem(row["question"], row["answer"]) for row in map(json.loads, lines)]
    known, guessed = lengths_of(recipe, problems).question, lengths_of(recipe).question
    assert guessed.low < known.low < known.high < guessed.high


def test_local_problems_are_read_and_bad_ones_do_not_stop_a_plan(tmp_path: Path) -> None:
    for split in ("train", "test"):
        (tmp_path / f"{split}.jsonl").write_text(
            '{"question": "1 + 1?", "answer": "#### 2"}\n{"question": "2?", "answer": "#### 2"}\n'
        )
    recipe = load_recipe(
        "w2s-gsm8k", ["problems.source=jsonl", f"problems.path={tmp_path}",
                      "problems.train.count=null", "problems.test.count=null"])  # fmt: skip
    problems = local_problems(recipe, "train")
    assert problems is not None
    assert [problem.question for problem in problems] == ["1 + 1?", "2?"]
    (tmp_path / "train.jsonl").write_text("no JSON\n")
    assert local_problems(recipe, "train") is None
    assert local_problems(recipe, "validation") is None
    assert local_problems(load_recipe("w2s-math"), "train") is None


def test_without_lm_eval_the_examples_are_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(prompt: Prompt) -> str:
        raise EnvironmentFailure("lm-eval is not installed")

    monkeypatch.setattr("harness.plan.prompt_lengths.few_shot_text", missing)
    found = lengths_of(load_recipe("w2s-math"))
    assert "examples of 300 to 1000 bytes" in found.unknown
    assert found.examples == Range(4 * 300 / 4.5, 4 * 1000 / 3)
