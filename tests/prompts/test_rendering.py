"""Prompts that are rendered on demand are those that are rendered at once."""

from __future__ import annotations

import pytest

from harness.problems import Problem
from harness.prompts import generation_prompt
from harness.prompts.rendering import RenderedPrompts, prompts_identity
from harness.recipe.schema import FewShot, Prompt

PROBLEMS = [Problem(f"What is {number} + {{}}?", str(number)) for number in range(4)]


@pytest.mark.parametrize("few_shot", [None, FewShot(source="lm_eval:gsm8k_cot", count=3)])
def test_same_texts_as_one_by_one(few_shot: FewShot | None) -> None:
    prompt = Prompt(template="Q: {question}\nA:", few_shot=few_shot)
    rendered = RenderedPrompts(prompt, PROBLEMS)
    assert dict(rendered) == {one.id: generation_prompt(prompt, one.question) for one in PROBLEMS}
    assert len(rendered) == 4


def test_the_identity_tells_templates_and_examples_apart() -> None:
    plain = Prompt(template="Q: {question}\nA:")
    identities = [
        prompts_identity(RenderedPrompts(prompt, PROBLEMS))
        for prompt in (
            plain,
            plain.model_copy(update={"template": "{question}"}),
            plain.model_copy(update={"few_shot": FewShot(source="lm_eval:gsm8k_cot", count=2)}),
            plain.model_copy(update={"few_shot": FewShot(source="lm_eval:gsm8k_cot", count=3)}),
        )
    ]
    assert len({repr(one) for one in identities}) == 4
    assert identities[0] == prompts_identity(RenderedPrompts(plain, PROBLEMS[:2]))
    texts = {"a": "x", "b": "y"}
    assert prompts_identity(texts) != prompts_identity({**texts, "b": "z"})
    assert set(prompts_identity(texts)) == {"digest"}
