"""How many samples a problem gets: as many as every other, one more than some, or what it needs.

`until: {correct: c, max: k}` draws a problem in blocks, in index order, until it has c correct
samples or k in all. The blocks follow from the problem's own verdicts alone, neither from the
clock nor from other problems, so an adaptive pool too is the same pool however it is drawn,
split or interrupted. A block may overshoot; what lies behind the c-th correct sample stays in
the pool, and estimators leave it out.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from harness.recipe import Recipe
from harness.recipe.schema import Until

UNIFORM = "uniform"


def stopping_rule(recipe: Recipe) -> Until | None:
    """When a problem's draw stops early; None where every problem gets the same number."""
    allocation = recipe.allocation
    return None if isinstance(allocation, str) else allocation.until


def allocation_document(until: Until | None) -> Any:
    """The allocation as it stands in a recipe, a pool's identity and `measure.json`."""
    return UNIFORM if until is None else {"until": until.model_dump()}


def stopping_words(until: Until) -> str:
    """`1 correct sample` or `4 correct samples`: what ends the draw of a problem."""
    return f"{until.correct} correct sample{'s' if until.correct != 1 else ''}"


def next_block(correct: Sequence[bool], enough: int, largest: int) -> range | None:
    """The sample indices to be drawn next, of which some may be there; None when it is done.

    Goes through the blocks from the first, each as large as the samples before it suggest, and
    stops at the first that is not there as a whole: so the blocks are the same after any
    interruption, and after `largest` was raised.

    Args:
        correct: of a problem's samples from index 0 on without a gap, whether each is correct.
        enough: c, at which the problem stops.
        largest: samples that it gets at most.
    """
    start = found = 0
    while start < largest:
        end = start + block_size(start, found, enough)
        if len(correct) < min(end, largest):
            return range(start, min(end, largest))
        found += sum(correct[start:end])
        if found >= enough:
            return None
        start = end
    return None


def block_size(drawn: int, found: int, enough: int) -> int:
    """How many samples to ask for at once, having `found` correct ones among `drawn`.

    As many as the problem's own rate of correct samples (with half a success and half a failure
    added, Jeffreys' prior) makes it need, but at most half of what it has, so that little is
    drawn in vain; never fewer than are certainly needed. Blocks grow, so hard problems take few
    rounds. In whole numbers, so that every machine finds the same.
    """
    lacking = enough - found
    needed = -(-2 * lacking * (drawn + 1) // (2 * found + 1))
    return min(needed, max(lacking, (drawn + 1) // 2))


def mixed_allocation(
    problem_ids: Iterable[str],
    samples_per_problem: Fraction,
    seed: int,
    *,
    round_down: bool = False,
) -> dict[str, int]:
    """Whole counts of samples whose mean is a real number: some problems get one more than others.

    Over all problems they add up to within half a sample of their number times
    `samples_per_problem`, or to less than one sample below it. Which problems get more is decided
    by seed and id alone, so it depends neither on the order of the problems nor on the budget: a
    problem that gets more at one budget is among the first to get more at any other, and a larger
    budget, rounded alike, never gives a problem less.

    Args:
        problem_ids: of all problems, each once.
        samples_per_problem: the mean, at least 0.
        seed: decides who gets more.
        round_down: whether the sum may not be above the mean's.

    Returns:
        Samples of each problem, in the order given.
    """
    ids = list(problem_ids)
    floor = math.floor(samples_per_problem)
    exact = samples_per_problem * len(ids)
    total = math.floor(exact if round_down else exact + Fraction(1, 2))
    favoured = set(sorted(ids, key=lambda one: _rank(one, seed))[: total - floor * len(ids)])
    return {one: floor + (one in favoured) for one in ids}


def _rank(problem_id: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{problem_id}".encode()).digest()
