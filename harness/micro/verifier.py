"""The exact verifier: is the answer right, and is every step of the chain right?

It stands in for the paper's human study of false positives (section 4.1): a completion with
the right answer and a wrong chain is one. Completions are a stranger's text: nothing is
evaluated, the length is capped, and every pattern is linear.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.micro.problems import Story, parse_question
from harness.micro.solutions import Step, clean_steps, style_names

MAX_COMPLETION_CHARACTERS = 4000
_FINAL = re.compile(r"####\s{0,4}(-?\d{1,9})(?!\d)")
_BOXED = re.compile(r"\\boxed\{\s{0,4}(-?\d{1,9})\s{0,4}\}")
_EQUATION = re.compile(
    r"(?:Then )?(?:([a-z]+): )?(\d{1,6}) ([-+*/]) (\d{1,6}) (?:=|is) (\d{1,6})( in)?"
)
_MENTAL = re.compile(r"Now (\d{1,6})")
_START = re.compile(r"Start with (\d{1,6})")
_REASONS = ("unparsed", "relation", "arith", "value", "event", "missing", "extra", "answer")


@dataclass(frozen=True)
class ChainVerdict:
    """What the verifier found.

    Attributes:
        answer_correct: whether the stated final answer is the problem's.
        chain_correct: whether the chain is exactly a legal plan, done without an error, and
            ends in the stated answer.
        reason: "ok", or what is wrong: unparsed, relation (wrong operands or operation), arith
            (wrong result), value (wrong mental result), event (wrong label), missing, extra,
            answer (the stated answer is not the chain's last value), joined by "+".
    """

    answer_correct: bool
    chain_correct: bool
    reason: str


@dataclass(frozen=True)
class _Claim:
    """One sentence of a chain as it stands there."""

    label: str | None
    left: int | None
    operator: str | None
    right: int | None
    result: int
    netted: bool = False


def verify_chain(question: str, completion: str) -> ChainVerdict:
    """Judges a completion from its question alone; accepts any text, and never raises.

    Args:
        question: the question as the problem set renders it.
        completion: the model's text, with `#### n` or `\\boxed{n}` as the final answer.
    """
    story = parse_question(question)
    if story is None:
        return ChainVerdict(False, False, "unknown problem")
    if len(completion) > MAX_COMPLETION_CHARACTERS:
        return ChainVerdict(False, False, "too long")
    chain, final = _split_final(completion)
    answer_correct = final == story.answer
    wrong = _errors(story, chain, final)
    reason = "+".join(name for name in _REASONS if name in wrong) or "ok"
    return ChainVerdict(answer_correct, answer_correct and not wrong, reason)


def _split_final(completion: str) -> tuple[str, int | None]:
    for pattern in (_FINAL, _BOXED):
        found = list(pattern.finditer(completion))
        if found:
            return completion[: found[-1].start()], int(found[-1][1])
    return completion, None


def _errors(story: Story, chain: str, final: int | None) -> set[str]:
    start, claims = _read(chain)
    if claims is None:
        return {"unparsed"}
    styles = ["netted"] if any(claim.netted for claim in claims) else ["equations"]
    if styles == ["netted"] and "netted" not in style_names(story):
        return {"relation"}
    wrong = _compare(clean_steps(story, styles[0]), claims)
    if start is not None and start != story.start:
        wrong.add("value")
    if not claims or claims[-1].result != final:
        wrong.add("answer")
    return wrong


def _read(chain: str) -> tuple[int | None, list[_Claim] | None]:
    """The start that a labelled chain names, and its claims; None where a sentence is foreign."""
    text = chain.strip()
    if not text.endswith("."):
        return None, None
    start: int | None = None
    claims: list[_Claim] = []
    for number, sentence in enumerate(text[:-1].split(". ")):
        if number == 0 and (opening := _START.fullmatch(sentence)):
            start = int(opening[1])
        elif equation := _EQUATION.fullmatch(sentence):
            label, left, operator, right, result, netted = equation.groups()
            claims.append(
                _Claim(label, int(left), operator, int(right), int(result), netted is not None)
            )
        elif mental := _MENTAL.fullmatch(sentence):
            claims.append(_Claim(None, None, None, None, int(mental[1])))
        else:
            return None, None
    return start, claims


def _compare(plan: list[Step], claims: list[_Claim]) -> set[str]:
    wrong: set[str] = set()
    if len(claims) < len(plan):
        wrong.add("missing")
    if len(claims) > len(plan):
        wrong.add("extra")
    previous: int | None = None
    gained: int | None = None
    for step, claim in zip(plan, claims, strict=False):
        wrong |= _compare_step(step, claim, previous, gained)
        previous = claim.result
        if step.label == "in":
            gained = claim.result
    return wrong


def _compare_step(step: Step, claim: _Claim, previous: int | None, gained: int | None) -> set[str]:
    """Errors of one step; a wrong earlier result that is carried on is not counted again."""
    if claim.left is None:
        return set() if claim.result == step.result else {"value"}
    wrong: set[str] = set()
    operands = {(step.left, step.right)}
    if step.label == "net" and gained is not None:
        operands.add((step.left, gained))
    elif previous is not None:
        operands.add((previous, step.right))
    if step.operator in "+*":
        operands |= {(right, left) for left, right in operands}
    if claim.operator != step.operator or (claim.left, claim.right) not in operands:
        wrong.add("relation")
    if not _holds(claim):
        wrong.add("arith")
    if claim.netted != (step.label == "in"):
        wrong.add("relation")
    if claim.label is not None and claim.label != step.label:
        wrong.add("event")
    return wrong


def _holds(claim: _Claim) -> bool:
    left, right, result = claim.left, claim.right, claim.result
    if left is None or right is None:
        return False
    if claim.operator == "+":
        return left + right == result
    if claim.operator == "-":
        return left - right == result
    if claim.operator == "*":
        return left * right == result
    return right != 0 and left == right * result
