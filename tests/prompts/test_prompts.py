"""Prompts: the texts that models see, the examples as lm-eval has them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.prompts import (
    examples_of,
    generation_prompt,
    prompt_digest,
    reference_completion,
    training_prompt,
)
from harness.recipe.loading import load_recipe
from harness.recipe.schema import FewShot, Prompt

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
PLAIN = Prompt(template="Q: {question}\nA:", solution_prefix=" ")


def test_the_standard_forms() -> None:
    math, gsm8k = load_recipe("w2s-math").prompt, load_recipe("w2s-gsm8k").prompt
    assert training_prompt(math, "1+1?") == "Problem:\n1+1?\n\nSolution:"
    assert training_prompt(gsm8k, "1+1?") == "Q: 1+1?\nA:"
    assert generation_prompt(load_recipe("w2s-micro").prompt, "1+1?") == "Q: 1+1?\nA:"


@pytest.mark.parametrize(
    ("name", "count", "marks", "ending"),
    [
        ("w2s-math", 4, ["sqrt{x-2}", "mathbf{A}", "Terrell", "6x-4y"], "I hope it is correct."),
        ("w2s-gsm8k", 8, ["15 trees", "3 cars", "Leah", "Jason", "Shawn", "nine", "58", "Olivia"],
         "The answer is 8."),
    ],
)  # fmt: skip
def test_generators_see_the_papers_examples_in_order(
    name: str, count: int, marks: list[str], ending: str
) -> None:
    prompt = load_recipe(name).prompt
    text = generation_prompt(prompt, "THE QUESTION")
    *examples, last = text.split(training_prompt(prompt, "X").split("X")[0])[1:]
    assert len(examples) == count
    assert all(mark in example for mark, example in zip(marks, examples, strict=True))
    assert examples[-1].endswith(ending + "\n\n")
    assert last.startswith("THE QUESTION")
    assert text.endswith(training_prompt(prompt, "THE QUESTION"))
    assert not text.endswith(" ")


def test_the_examples_are_those_that_lm_eval_would_use() -> None:
    """The same texts by lm-eval's own means: its YAML reader, its Python function."""
    program = """
import ast, json, pathlib, sys, types
import lm_eval
folder = pathlib.Path(lm_eval.__file__).parent / "tasks"
for name in ("antlr4", "sympy", "sympy.parsing", "sympy.parsing.latex", "math_verify"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["math_verify"].parse = sys.modules["math_verify"].verify = None
sys.modules["sympy.parsing.latex"].parse_latex = None
import importlib.metadata as metadata
known = metadata.version
metadata.version = lambda name: "4.11" if name.startswith("antlr4") else known(name)
sys.path.insert(0, str(folder / "minerva_math"))
import utils
from lm_eval.tasks._yaml_loader import load_yaml
config = load_yaml(str(folder / "gsm8k" / "gsm8k-cot.yaml"), resolve_func=False)
print(json.dumps([
    [[e["problem"], e["solution"]] for e in utils.list_fewshot_samples()],
    [[e["question"], e["target"]] for e in config["fewshot_config"]["samples"]],
]))
"""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    if result.returncode:
        pytest.skip(f"lm-eval has another way of reading its tasks: {result.stderr[-300:]}")
    import json

    minerva, gsm8k = json.loads(result.stdout.splitlines()[-1])
    assert [list(example) for example in examples_of("lm_eval:minerva_math", 4)] == minerva
    assert [list(example) for example in examples_of("lm_eval:gsm8k_cot", 8)] == gsm8k


def test_reading_the_examples_imports_nothing_heavy() -> None:
    program = (
        "import sys; from harness.prompts import examples_of\n"
        "examples_of('lm_eval:minerva_math', 4); examples_of('lm_eval:gsm8k_cot', 8)\n"
        "assert not {'lm_eval', 'datasets', 'torch', 'numpy'} & set(sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_fewer_examples_are_the_first_ones_and_more_are_refused() -> None:
    assert examples_of("lm_eval:gsm8k_cot", 2) == examples_of("lm_eval:gsm8k_cot", 8)[:2]
    with pytest.raises(InputError, match="which has 4"):
        examples_of("lm_eval:minerva_math", 5)


@given(TEXTS)
def test_questions_are_put_in_as_they_are(question: str) -> None:
    assert training_prompt(PLAIN, question) == f"Q: {question}\nA:"


@given(TEXTS, st.sampled_from(["", " ", "\n"]))
def test_reference_completions_have_the_prefix_once(solution: str, prefix: str) -> None:
    prompt = Prompt(template="{question}", solution_prefix=prefix)
    once = reference_completion(prompt, solution)
    assert once.startswith(prefix)
    assert once in (solution, prefix + solution)
    assert reference_completion(prompt, once) == once


def test_the_digest_covers_everything_that_shapes_a_prompt() -> None:
    variants = [
        PLAIN,
        Prompt(template="Question: {question}\nA:", solution_prefix=" "),
        Prompt(template="Q: {question}\nA:"),
        Prompt(template="Q: {question}\nA:", solution_prefix=" ", stop=["Q:"]),
        *(
            Prompt(
                template="Q: {question}\nA:",
                solution_prefix=" ",
                few_shot=FewShot(source="lm_eval:gsm8k_cot", count=count),
            )
            for count in (1, 2)
        ),
    ]
    digests = {prompt_digest(prompt) for prompt in variants}
    assert len(digests) == len(variants)
    assert prompt_digest(PLAIN) == prompt_digest(PLAIN.model_copy())
