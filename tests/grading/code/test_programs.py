"""The program is found wherever models put it, and the rule that found it is recorded."""

# ruff: noqa: E501 (a completion is easier to read in a line)

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.grading.code import CodeGrader, program_texts
from harness.grading.code.inside.solution_side import chosen, defined_names, parsed_prefix
from harness.problems import Problem

PROMPT = 'from typing import List\n\n\ndef total(xs: List[int]) -> int:\n    """ Adds.\n    """\n'
HUMANEVAL = Problem(
    PROMPT, "def check(candidate):\n    assert candidate([1, 2]) == 3\n\ncheck(total)\n"
)
MBPP = Problem("Add numbers.", "assert total([1, 2]) == 3\n")
WHOLE = "def total(xs):\n    return sum(xs)\n"


@pytest.mark.parametrize(
    ("problem", "completion", "rule"),
    [
        (MBPP, WHOLE, "whole completion"),
        (MBPP, f"Sure!\n```python\n{WHOLE}```\nDone.", "fenced block"),
        (MBPP, f"```Python\r\n{WHOLE}```".replace("\n", "\r\n"), "fenced block"),
        (MBPP, f"```\n{WHOLE}", "fenced block"),
        (MBPP, f"~~~py\n{WHOLE}~~~", "fenced block"),
        (
            MBPP,
            f"```python\ndef total(xs): return 0\n```\nBetter:\n```python\n{WHOLE}```",
            "fenced block",
        ),
        (MBPP, f"```python\n{WHOLE}```\nUse:\n```python\nprint(total([]))\n```", "fenced block"),
        (MBPP, f"```bash\npip install x\n```\n```python\n{WHOLE}```", "fenced block"),
        (
            MBPP,
            "```python\nfrom math import fsum\n```\n```python\ntotal = lambda xs: fsum(xs)\n```",
            "fenced blocks together",
        ),
        (MBPP, f"[BEGIN]\n{WHOLE}[DONE]\nNext task: [BEGIN]x[DONE]", "between [BEGIN] and [DONE]"),
        (
            MBPP,
            f"The idea is to add.\n\n{WHOLE}\nThis works, I think.",
            "from the first definition",
        ),
        (MBPP, f"{WHOLE}\nThis works, I think.", "whole completion"),
        (MBPP, f"{WHOLE}\ndef unfinished(x):\n    return (x +", "whole completion"),
        (HUMANEVAL, "    return sum(xs)\n", "continuation"),
        (HUMANEVAL, "return sum(xs)\n", "continuation, indented"),
        (HUMANEVAL, "    return help_(xs)\n\ndef help_(xs):\n    return sum(xs)\n", "continuation"),
        (HUMANEVAL, "    return sum(xs)\n\nassert total([]) == 1\n", "continuation"),
        (
            HUMANEVAL,
            "    return sum(xs)\n\nif __name__ == '__main__':\n    input()\n",
            "continuation",
        ),
        (HUMANEVAL, "```python\n    return sum(xs)\n```", "fenced continuation"),
        (HUMANEVAL, f"```python\n{WHOLE.replace('xs)', 'xs: List)', 1)}```", "fenced block"),
        (HUMANEVAL, PROMPT + "    return sum(xs)", "whole completion"),
    ],
)
def test_program_is_found(grader: CodeGrader, problem: Problem, completion: str, rule: str) -> None:
    verdict = grader.grade_one(problem, completion)
    assert (verdict.outcome, verdict.reason) == ("correct", "")
    assert verdict.rule == rule
    assert verdict.answer is not None and "unfinished" not in verdict.answer


@pytest.mark.parametrize(
    ("completion", "outcome", "rule", "reason"),
    [
        ("", "wrong", "none", "no program found"),
        ("I do not know!", "wrong", "none", "no part of the text is a Python program"),
        ("def other(x): return x", "wrong", "whole completion", "NameError: name 'total' is not"),
        ("x" * 200_001, "undecided", "over the cap", "the completion is too long"),
        ("\ud800\0", "wrong", "whole completion", ""),
    ],
)
def test_no_program(
    grader: CodeGrader, completion: str, outcome: str, rule: str, reason: str
) -> None:
    verdict = grader.grade_one(MBPP, completion)
    assert (verdict.outcome, verdict.reason[: len(reason)]) == (outcome, reason)
    if completion != "\ud800\0":
        assert verdict.rule == rule


@given(st.text(max_size=400), st.sampled_from(["", PROMPT, "Add."]))
def test_any_text_is_searched(completion: str, question: str) -> None:
    texts = program_texts(completion, question)
    assert len({text for _, text in texts}) == len(texts)
    for _, text in texts:
        text.encode()
        assert "\0" not in text


@pytest.mark.parametrize("part", ["```\n", "def ", "\n", "[BEGIN]", "` ` `\n", "@", "    "])
def test_long_completions_take_linear_time(part: str) -> None:
    started = time.monotonic()
    program_texts(part * (199_000 // len(part)), PROMPT)
    assert time.monotonic() - started < 2.0


@given(st.text(alphabet="ab=(\n :def", max_size=60))
def test_a_parsed_prefix_is_a_prefix_that_parses(text: str) -> None:
    program, tree = parsed_prefix(text)
    assert text.startswith(program)
    assert tree is None or compile(tree, "x", "exec")


def test_names_are_looked_for_where_modules_bind_them() -> None:
    source = "import a.b\nif 1:\n    def c(): d = 1\ntry:\n    e, (f, g) = 1, 2\nexcept X: pass\n[h for h in a]"
    _, tree = parsed_prefix(source)
    assert tree is not None
    assert {"a", "c", "e", "f", "g"} <= defined_names(tree)
    assert "d" not in defined_names(tree)
    assert chosen(["x = (", "y = 1", "z = 1"], {"z"}, set()) == (2, "z = 1")
    assert chosen(["z = a", "a = 1; z = a"], {"z"}, set()) == (1, "a = 1; z = a")
    assert chosen(["z = a", "a = 1; z = a"], {"z"}, {"a"}) == (0, "z = a")
    assert chosen(["x = (", "y = 1"], {"z"}, set()) == (1, "y = 1")
    assert chosen(["x = ("], {"z"}, set()) == (-1, "")
