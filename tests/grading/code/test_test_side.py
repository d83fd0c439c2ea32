"""Tests see of a program what they would see in one process, and nothing of its tricks."""

# ruff: noqa: E501 (a program is easier to read in a line)

from __future__ import annotations

import pytest

from harness.grading.code import CodeGrader
from harness.problems import Problem

HELPED = (
    "import math\n\ndef half(x):\n    return x / 2\n\n\ndef asked(x):\n    import re\n"
    '    """ Uses half. """\n'
)
NODE = "class Node:\n    def __init__(self, v):\n        self.v, self.next = v, None\n"


@pytest.mark.parametrize(
    ("question", "tests", "program", "outcome"),
    [
        ("q", "x = [3, 1]\nf(x)\nassert x == [1, 3]", "def f(x): x.sort()", "correct"),
        ("q", "x = [3, 1]\nf(x)\nassert x == [1, 3]", "def f(x): return sorted(x)", "wrong"),
        ("q", "d = {}\nf(d)\nassert d == {1: 2}", "def f(d): d[1] = 2", "correct"),
        ("q", "assert f(*[1], y=2) == 3", "def f(x, *, y): return x + y", "correct"),
        ("q", "assert f(2) == f(1) + 1", "def f(x): return x", "correct"),
        ("q", "assert list(f(3)) == [0, 1, 2]", "def f(x): yield from range(x)", "correct"),
        ("q", "assert f(2) == sys.getsizeof(2)", "import sys\ndef f(x): return sys.getsizeof(x)", "correct"),
        ("q", "assert sum(10, 15) == 6", "def sum(a, b): return 6", "correct"),
        ("q", "assert len(f([1])) == 5", "def len(x): return 5\ndef f(x): return x", "wrong"),
        ("q", "import math\nassert f(4) == math.sqrt(4)", "def f(x): return math.sqrt(x)", "correct"),
        ("q", "assert LIMIT + f() == 3", "LIMIT = 1\ndef f(): return 2", "wrong"),
        ("q", "try:\n    f(-1)\n    assert False\nexcept ValueError as e:\n    assert 'neg' in str(e)",
         "def f(x): raise ValueError('negative')", "correct"),
        ("q", "try:\n    f(-1)\nexcept BaseException:\n    pass", "import os\ndef f(x): os._exit(0)", "wrong"),
        ("q", "try:\n    f(-1)\nexcept BaseException:\n    pass", "import sys\ndef f(x): sys.exit(0)", "wrong"),
        ("q", "a = Node(1)\na.next = Node(2)\nassert a.next.v == 2 and total(a) == 3",
         NODE + "def total(n): return n.v + total(n.next) if n else 0", "correct"),
        ("q", "assert f(Node(1)) != f(Node(1))", NODE + "def f(n): return n", "correct"),
        ("q", "assert f(lambda x: x) == 1", "def f(g): return 1", "undecided"),
        ("q", "assert 1 == 1", "def f(): pass", "undecided"),
        ("q", "assert f( == 1", "def f(): pass", "undecided"),
        ("q", "assert f() == {1, 2}", "def f(): return {2, 1}", "correct"),
        ("q", "assert f() == 1", "def f(x: 'no', y: print(1) = 2): return 1\nf.__defaults__ = (1, 2)\nassert f.__annotations__['y'] is None", "correct"),
        ("q", "assert f() is None", "def f(): print('x')", "correct"),
        (HELPED, "assert half(asked(2)) == 1", "def asked(x): return half(4)", "correct"),
        (HELPED, "assert half(2) == asked(1)", "def half(x): return 7\ndef asked(x): return 7", "wrong"),
    ],
)  # fmt: skip
def test_verdict(grader: CodeGrader, question: str, tests: str, program: str, outcome: str) -> None:
    verdict = grader.grade_one(Problem(question, tests), f"```python\n{program}\n```")
    assert verdict.outcome == outcome, verdict.reason


def test_reason_names_the_assertion(grader: CodeGrader) -> None:
    problem = Problem("q", "assert f(1) == 1\nassert f(2) == 4\n")
    verdict = grader.grade_one(problem, "def f(x): return x")
    assert verdict.reason == "AssertionError at assert f(2) == 4"
    assert (verdict.stage, verdict.answer) == ("tests", "def f(x): return x")


def test_sets_of_texts_have_one_order(grader: CodeGrader) -> None:
    problem = Problem("q", "assert f() == 'impossible'")
    program = "def f(): raise ValueError(''.join(set('abcdefgh')))"
    reasons = {grader.grade_one(problem, f"{program} # {n}").reason for n in range(4)}
    assert len(reasons) == 1
