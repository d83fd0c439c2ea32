"""Solutions as the embedded models learn to write them: five styles, and a noise process.

Several styles give a problem many textually different right solutions, which keeps
diversity@k from being degenerate; noise gives the models something to get wrong.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from harness.micro.stories import MAX_ANSWER, Operation, Operator, Story

# Terse solutions are mental arithmetic: more of them would make greedy decoding prefer
# "Now 36." and fail, and finetuning look like a cure for it.
STYLE_WEIGHTS = {"equations": 0.30, "labelled": 0.24, "then": 0.21, "terse": 0.10, "netted": 0.15}
_SWAP_PROBABILITY = 0.08
_STEP_ERROR_PROBABILITY = 0.25
_LUCKY_PROBABILITY = 0.30
_OTHER_OPERATOR: dict[Operator, Operator] = {"+": "-", "-": "+", "*": "+", "/": "-"}


@dataclass(frozen=True)
class Step:
    """One line of arithmetic: `left operator right = result`, with the event's label."""

    left: int
    operator: Operator
    right: int
    result: int
    label: str


def style_names(story: Story) -> list[str]:
    """The styles that fit a story; netting needs gains to add up and nothing but + and -."""
    operations = story.operations
    gains = sum(operation.operator == "+" for operation in operations)
    only_changes = all(operation.operator in "+-" for operation in operations)
    if only_changes and len(operations) >= 3 and gains >= 2:
        return list(STYLE_WEIGHTS)
    return [style for style in STYLE_WEIGHTS if style != "netted"]


def plan(story: Story, style: str) -> list[tuple[int | None, Operation]]:
    """The order of work: (first operand, operation); None stands for the running value.

    Netting adds the gains first ("in"), then adds them to the start, then takes the losses.
    """
    if style != "netted":
        return [(None if number else story.start, op) for number, op in enumerate(story.operations)]
    gains = [operation for operation in story.operations if operation.operator == "+"]
    losses = [operation for operation in story.operations if operation.operator == "-"]
    steps: list[tuple[int | None, Operation]] = [
        (gains[0].operand if number == 0 else None, Operation("+", gain.operand, "in"))
        for number, gain in enumerate(gains[1:])
    ]
    total = sum(gain.operand for gain in gains)
    steps.append((story.start, Operation("+", total, "net")))
    return steps + [(None, loss) for loss in losses]


def clean_steps(story: Story, style: str) -> list[Step]:
    """The right arithmetic in a style's order."""
    steps: list[Step] = []
    for first, operation in plan(story, style):
        left = first if first is not None else steps[-1].result
        steps.append(
            Step(
                left, operation.operator, operation.operand, operation.apply(left), operation.label
            )
        )
    return steps


def noisy_steps(story: Story, style: str, source: random.Random) -> tuple[list[Step], bool]:
    """Arithmetic with slips that propagate; whether there was one.

    Each step is wrong with probability 1/4: half by a slip of 1, 2 or 10, half by another
    operator. Values stay in 0…99.
    """
    steps: list[Step] = []
    slipped = False
    gained: int | None = None
    for first, operation in plan(story, style):
        left = first if first is not None else steps[-1].result
        right = gained if operation.label == "net" and gained is not None else operation.operand
        operator = operation.operator
        if source.random() < _STEP_ERROR_PROBABILITY:
            if source.random() < 0.5:
                result = _bounded(Operation(operator, right, "").apply(left)
                                  + source.choice((-10, -2, -1, 1, 2, 10)))  # fmt: skip
            else:
                operator = _OTHER_OPERATOR[operator]
                result = _bounded(Operation(operator, right, "").apply(left))
        else:
            result = _bounded(Operation(operator, right, "").apply(left))
        step = Step(left, operator, right, result, operation.label)
        slipped = slipped or step != Step(left, operation.operator, right,
                                          Operation(operation.operator, right, "").apply(left),
                                          operation.label)  # fmt: skip
        steps.append(step)
        if operation.label == "in":
            gained = result
    return steps, slipped or steps[-1].result != story.answer


def _bounded(value: int) -> int:
    return max(0, min(MAX_ANSWER, value))


def render(story: Story, style: str, steps: list[Step], final: int, source: random.Random) -> str:
    """The text of a solution, beginning with a space, ending with the final answer."""
    sentences = [f"Start with {story.start}."] if style == "labelled" else []
    for step in steps:
        left, right = step.left, step.right
        if step.operator in "+*" and source.random() < _SWAP_PROBABILITY:
            left, right = right, left
        sentences.append(_sentence(style, step, left, right))
    return f" {' '.join(sentences)} #### {final}"


def _sentence(style: str, step: Step, left: int, right: int) -> str:
    if style == "terse":
        return f"Now {step.result}."
    if style == "then":
        return f"Then {left} {step.operator} {right} is {step.result}."
    equation = f"{left} {step.operator} {right} = {step.result}"
    if style == "labelled":
        return f"{step.label}: {equation}."
    return f"{equation} in." if step.label == "in" else f"{equation}."


def draw_style(story: Story, source: random.Random) -> str:
    """A style that fits the story, by the styles' weights."""
    fitting = style_names(story)
    return source.choices(fitting, [STYLE_WEIGHTS[style] for style in fitting])[0]


def clean_solution(story: Story, source: random.Random) -> str:
    """A right solution in a random style."""
    style = draw_style(story, source)
    return render(story, style, clean_steps(story, style), story.answer, source)


def noisy_solution(story: Story, source: random.Random) -> tuple[str, bool]:
    """A solution from the noise process, and whether its chain, as written, is wrong.

    30 % of the wrong chains state the right answer all the same: the seeds of false positives.
    """
    style = draw_style(story, source)
    steps, slipped = noisy_steps(story, style, source)
    lucky = slipped and source.random() < _LUCKY_PROBABILITY
    final = story.answer if lucky else steps[-1].result
    # Mental arithmetic shows results only: a wrong operation with the right result (2 + 2 for
    # 2 * 2) leaves no trace in it.
    wrong = slipped and (style != "terse" or _results(steps) != list(story.values))
    return render(story, style, steps, final, source), wrong


def _results(steps: list[Step]) -> list[int]:
    return [step.result for step in steps]


def reference_solution(story: Story) -> str:
    """The solution that comes with a problem: right, in a style drawn from its question."""
    return clean_solution(story, random.Random(story.question))
