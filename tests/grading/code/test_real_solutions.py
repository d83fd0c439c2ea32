"""Every reference solution of MBPP and HumanEval passes, and hardly any broken one does."""

from __future__ import annotations

import ast
import random
import warnings
from collections import Counter

from harness.grading.code import CodeGrader
from harness.problems import Problem

MUTANTS = 80
_OPPOSITES: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.GtE,
    ast.Gt: ast.LtE,
    ast.Eq: ast.NotEq,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.And: ast.Or,
}


def completion_of(problem: Problem) -> str:
    """The reference as a model would give it: the rest of the prompt, or a chat's answer."""
    if problem.subject == "HumanEval":
        return problem.solution.removeprefix(problem.question)
    return f"Here it is:\n\n```python\n{problem.solution}\n```\nIt runs in linear time."


def test_every_reference_is_correct(
    grader: CodeGrader, real_problems: dict[str, list[Problem]]
) -> None:
    assert {name: len(problems) for name, problems in real_problems.items()} == {
        "MBPP": 427,
        "HumanEval": 164,
    }
    problems = [problem for group in real_problems.values() for problem in group]
    verdicts = grader.grade((problem, completion_of(problem)) for problem in problems)
    refused = [
        (problem.external_id, verdict.reason)
        for problem, verdict in zip(problems, verdicts, strict=True)
        if verdict.outcome != "correct"
    ]
    assert refused == []


def mutated(source: str, random_numbers: random.Random) -> str | None:
    """A program with one operator or one number changed."""
    with warnings.catch_warnings(action="ignore"):  # Old escapes in regular expressions.
        tree = ast.parse(source)
    places = [
        node
        for node in ast.walk(tree)
        if (isinstance(node, ast.BinOp) and type(node.op) in _OPPOSITES)
        or (isinstance(node, ast.BoolOp) and type(node.op) in _OPPOSITES)
        or (isinstance(node, ast.Compare) and type(node.ops[0]) in _OPPOSITES)
        or (isinstance(node, ast.Constant) and type(node.value) is int)
    ]
    if not places:
        return None
    node = random_numbers.choice(places)
    if isinstance(node, ast.Constant):
        node.value += 1
    elif isinstance(node, ast.Compare):
        node.ops[0] = _OPPOSITES[type(node.ops[0])]()
    else:
        node.op = _OPPOSITES[type(node.op)]()
    return ast.unparse(tree)


def test_most_mutants_are_refused(
    grader: CodeGrader, real_problems: dict[str, list[Problem]]
) -> None:
    # Some mutants compute the same, and some tests are weak: of one mutant of each of the 449
    # references that have one, 90 % were refused.
    random_numbers = random.Random(4)
    problems = [problem for group in real_problems.values() for problem in group]
    random_numbers.shuffle(problems)
    pairs = [(problem, mutated(problem.solution, random_numbers)) for problem in problems]
    chosen = [(problem, text) for problem, text in pairs if text is not None][:MUTANTS]
    outcomes = Counter(verdict.outcome for verdict in grader.grade(chosen))
    assert outcomes["correct"] < 0.25 * MUTANTS
    assert outcomes["wrong"] > 0.7 * MUTANTS
