"""Graders of others, for comparison: what they say, as they come.

`cascade` is ours. `math_verify` is math-verify alone, in the same killable worker. The string
match is that of lm-eval's task `hendrycks_math`.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.errors import InputError, unknown_name
from harness.grading.comparison import MAX_ANSWER_CHARACTERS, Comparison, compare
from harness.grading.conventions import Conventions
from harness.grading.symbolic import SymbolicWorker, symbolic_stage

Compare = Callable[[str, str], Comparison]
EMPTY_GOLD = Comparison("undecided", "gold", "the gold answer is empty")


def comparer(name: str, options: Conventions, worker: SymbolicWorker) -> Compare:
    """The comparison of a grader.

    Args:
        name: a key of `COMPARISONS`.
        options: our conventions; the graders of others have their own.
        worker: where mathematics runs that may hang.

    Raises:
        InputError: unknown name.
    """
    compare_pair = comparison_named(name)(options, worker)

    def compare_to_gold(gold: str, answer: str) -> Comparison:
        return compare_pair(gold, answer) if gold.strip() else EMPTY_GOLD

    return compare_to_gold


def comparison_named(name: str) -> Callable[[Conventions, SymbolicWorker], Compare]:
    """What makes the comparison of a grader.

    Raises:
        InputError: unknown name.
    """
    if name not in COMPARISONS:
        raise InputError(unknown_name("grader", name, COMPARISONS))
    return COMPARISONS[name]


def _cascade(options: Conventions, worker: SymbolicWorker) -> Compare:
    symbolic = symbolic_stage(options, worker)
    return lambda gold, answer: compare(gold, answer, options, symbolic)


def _math_verify(_options: Conventions, worker: SymbolicWorker) -> Compare:
    def compare_plain(gold: str, answer: str) -> Comparison:
        if max(len(gold), len(answer)) > MAX_ANSWER_CHARACTERS:
            return Comparison("undecided", "cap", f"over {MAX_ANSWER_CHARACTERS} characters")
        return worker.ask(gold, answer, plain=True)

    return compare_plain


def _string_match(_options: Conventions, _worker: SymbolicWorker) -> Compare:
    from lm_eval.tasks.hendrycks_math.utils import is_equiv

    def compare_strings(gold: str, answer: str) -> Comparison:
        return Comparison("correct" if is_equiv(gold, answer) else "wrong", "string match")

    return compare_strings


COMPARISONS: dict[str, Callable[[Conventions, SymbolicWorker], Compare]] = {
    "cascade": _cascade,
    "math_verify": _math_verify,
    "string_match": _string_match,
}
