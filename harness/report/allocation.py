"""What an adaptive allocation means for a reader: less was drawn, and not all can be said."""

from __future__ import annotations

from collections.abc import Iterator

from harness.budget.allocation import UNIFORM, stopping_words
from harness.recipe.schema import Until
from harness.report.numbers import count, percent, relative_percent
from harness.report.results import BudgetQuality, Measure
from harness.report.wording import TOPICS

_NOUNS = {f"majority_at_{k}": f"maj@{k}" for k in (1, 4, 8, 16)}


def allocation_cautions(measure: Measure | None) -> Iterator[str]:
    """That budgets are upper bounds, with what was drawn; nothing for a uniform allocation."""
    if measure is None or measure.allocation == UNIFORM:
        return
    until = Until.model_validate(measure.allocation["until"])
    yield (
        f"Samples were allocated adaptively: a problem was drawn until it had "
        f"{stopping_words(until)}, or all that its side may draw. What the samples of a budget "
        "would have shown is estimated from those without bias, and costs are those of all of them."
    )
    for name, quality in measure.budgets.items():
        yield _drawn(name, quality, measure.problems)


def _drawn(name: str, quality: BudgetQuality, problems: int) -> str:
    shares = {
        side: numbers.samples / (problems * quality.mean_samples(side))
        for side, numbers in quality.sides.items()
    }
    parts = [
        f"{percent(share)} of the {side.upper()} samples ({count(quality.sides[side].samples)})"
        for side, share in shares.items()
    ]
    text = f"At budget {name}, {' and '.join(parts)} had to be drawn"
    if shares.get("wc") and shares.get("se"):
        spent = quality.cost.wc_over_se * shares["wc"] / shares["se"]
        text += (
            "; the training sets are made of these, so WC spent "
            f"{relative_percent(spent - 1)} relative to SE for them"
        )
    return f"{text}."


def refusals(measure: Measure | None) -> list[str]:
    """The measures that have no honest estimate, and why."""
    if measure is None:
        return []
    names: dict[str, list[str]] = {}
    for name, reason in measure.refused.items():
        noun = TOPICS[name].noun if name in TOPICS else _NOUNS.get(name, name)
        names.setdefault(reason, []).append(noun)
    return [
        f"No estimate of {' and '.join(dict.fromkeys(nouns))}: {reason}."
        for reason, nouns in names.items()
    ]
