"""The exact verifier: is the answer right, and is every step of the chain right?

It stands in for the paper's human study of false positives (section 4.1): a completion with
the right answer and a wrong chain is one. Completions are a stranger's text: nothing is
evaluated, the length is capped, and every pattern is linear.

    >>> verify_chain("Kim has 8 eggs. Kim eats 3. How many eggs does Kim have now?",
    ...              " 8 - 3 = 5. #### 5")
    ChainVerdict(answer_correct=True, chain_correct=True, reason='ok')
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.micro.solutions import Step, clean_steps, style_names
from harness.micro.stories import Story, parse_question

MAX_COMPLETION_CHARACTERS = 4000
_HASHES = "####"
# The final answer is all that stands on the line of the last ####, or in the last box.
_AFTER_HASHES = re.compile(r"[ \t]*(-?[0-9]{1,9})\.?[ \t]*(?:\n|\Z)")
_BOXED = re.compile(r"\\boxed\{[ \t]{0,4}(-?[0-9]{1,9})[ \t]{0,4}\}\.?")
_EQUATION = re.compile(
    r"(?:Then )?(?:([a-z]+): )?([0-9]{1,6}) ([-+*/]) ([0-9]{1,6}) (?:=|is) ([0-9]{1,6})( in)?"
)
_MENTAL = re.compile(r"Now ([0-9]{1,6})")
_START = re.compile(r"Start with ([0-9]{1,6})")


@dataclass(frozen=True)
class ChainVerdict:
    """What the verifier found.

    Attributes:
        answer_correct: whether the stated final answer is the problem's.
        chain_correct: whether the chain is exactly a legal plan, done without an error, and
            ends in the stated answer.
        reason: "ok", or what is wrong with the first step that is: "relation" (operands or
            operation), "arith" (result), "event" (label), joined by "+", or "value" (result
            of mental arithmetic, or start). Where all steps are right: "missing" or "extra"
            (a step too few, or something after the plan), "answer" (the stated answer is not
            the last value). Where there is nothing to judge: "unparsed", "too long",
            "unknown problem".
    """

    answer_correct: bool
    chain_correct: bool
    reason: str


@dataclass(frozen=True)
class _Equation:
    """`left operator right = result` as it stands in a chain; "in" marks netted gains."""

    label: str | None
    left: int
    operator: str
    right: int
    result: int
    netted: bool


@dataclass(frozen=True)
class _Mental:
    """`Now n`: a result without its arithmetic."""

    result: int


@dataclass(frozen=True)
class _Chain:
    """A chain as read: the start that it names, if it does, and its steps."""

    start: int | None
    claims: tuple[_Equation | _Mental, ...]

    @property
    def netted(self) -> bool:
        """Whether it follows the plan that adds the gains first."""
        return any(isinstance(claim, _Equation) and claim.netted for claim in self.claims)


def verify_chain(question: str, completion: str) -> ChainVerdict:
    r"""Judges a completion from its question alone; accepts any text, and never raises.

    Args:
        question: the question as the problem set renders it.
        completion: the model's text, with `#### n` or `\boxed{n}` as the final answer.
    """
    story = parse_question(question)
    if story is None:
        return ChainVerdict(False, False, "unknown problem")
    text, final, rest = _split_final(completion)
    reason = _judge(story, text, final, rest)
    return ChainVerdict(final == story.answer, reason == "ok", reason)


def _split_final(completion: str) -> tuple[str, int | None, str]:
    """What stands before the final answer, the answer, and what stands after it."""
    place = completion.rfind(_HASHES)
    line = completion[place + len(_HASHES) :].partition("\n")[0] if place >= 0 else ""
    if line.strip():
        found = _AFTER_HASHES.match(completion, place + len(_HASHES))
        if found is None:
            return completion[:place], None, ""
        return completion[:place], int(found[1]), completion[found.end() :]
    boxes = list(_BOXED.finditer(completion))
    if not boxes:
        return completion, None, ""
    last = boxes[-1]
    return completion[: last.start()], int(last[1]), completion[last.end() :]


def _judge(story: Story, text: str, final: int | None, rest: str) -> str:
    if len(text) + len(rest) > MAX_COMPLETION_CHARACTERS:
        return "too long"
    chain = _read(text)
    if chain is None:
        return "unparsed"
    if chain.start not in (None, story.start):
        return "value"
    if chain.netted and "netted" not in style_names(story):
        return "relation"
    steps = clean_steps(story, "netted" if chain.netted else "equations")
    for step, claim in zip(steps, chain.claims, strict=False):
        if wrong := _wrong_with(step, claim):
            return wrong
    if len(chain.claims) < len(steps):
        return "missing"
    if len(chain.claims) > len(steps) or rest.strip():
        return "extra"
    return "ok" if final == steps[-1].result else "answer"


def _read(text: str) -> _Chain | None:
    """The chain of a text; None where a sentence of it is foreign."""
    body = text.strip()
    if not body:
        return _Chain(None, ())
    if not body.endswith("."):
        return None
    sentences = body[:-1].split(". ")
    opening = _START.fullmatch(sentences[0])
    claims = [_read_claim(sentence) for sentence in sentences[1 if opening else 0 :]]
    known = tuple(claim for claim in claims if claim is not None)
    if len(known) < len(claims):
        return None
    return _Chain(int(opening[1]) if opening else None, known)


def _read_claim(sentence: str) -> _Equation | _Mental | None:
    if mental := _MENTAL.fullmatch(sentence):
        return _Mental(int(mental[1]))
    equation = _EQUATION.fullmatch(sentence)
    if equation is None:
        return None
    label, left, operator, right, result, netted = equation.groups()
    return _Equation(label, int(left), operator, int(right), int(result), netted is not None)


def _wrong_with(step: Step, claim: _Equation | _Mental) -> str:
    """What is wrong with a claim, given that all claims before it are right; "" if nothing."""
    if isinstance(claim, _Mental):
        return "" if claim.result == step.result else "value"
    operands = {(step.left, step.right)}
    if step.operator in "+*":
        operands.add((step.right, step.left))
    related = (
        claim.operator == step.operator
        and (claim.left, claim.right) in operands
        and claim.netted == (step.label == "in")
    )
    # The sums of a netted plan are nobody's event, so any label on them is wrong.
    labels = (None,) if step.label in ("in", "net") else (None, step.label)
    wrong = {
        "relation": not related,
        "arith": not _holds(claim),
        "event": claim.label not in labels,
    }
    return "+".join(name for name, is_wrong in wrong.items() if is_wrong)


def _holds(claim: _Equation) -> bool:
    if claim.operator == "+":
        return claim.left + claim.right == claim.result
    if claim.operator == "-":
        return claim.left - claim.right == claim.result
    if claim.operator == "*":
        return claim.left * claim.right == claim.result
    return claim.right != 0 and claim.left == claim.right * claim.result
