"""What an adaptive allocation means for a reader: less was drawn, and not all can be said."""

from __future__ import annotations

from collections.abc import Iterator

from harness.report.numbers import count, percent
from harness.report.results import Measure
from harness.report.wording import TOPICS


def allocation_cautions(measure: Measure | None) -> Iterator[str]:
    """That budgets are upper bounds, with what was drawn; nothing for a uniform allocation."""
    if measure is None or measure.allocation == "uniform":
        return
    until = measure.allocation["until"]
    yield (
        f"Samples were allocated adaptively: a problem was drawn until it had {until['correct']} "
        f"correct samples, or all that its side may draw. What a budget's samples would have shown "
        "is estimated without bias from those; its costs are those of a uniform draw. "
        + " ".join(_drawn(measure))
    )


def _drawn(measure: Measure) -> Iterator[str]:
    for name, quality in measure.budgets.items():
        parts = []
        for side, numbers in quality.sides.items():
            most = measure.problems * quality.samples_per_problem[side]
            share = percent(numbers.samples / most) if most else ""
            parts.append(
                f"{count(numbers.samples)} of {count(most)} {side.upper()} samples ({share})"
            )
        yield f"Within budget {name}, {' and '.join(parts)} were drawn."


def refusals(measure: Measure | None) -> list[str]:
    """The measures that have no honest estimate, and why."""
    if measure is None:
        return []
    names: dict[str, list[str]] = {}
    for name, reason in measure.refused.items():
        noun = TOPICS[name].noun if name in TOPICS else name
        names.setdefault(reason, []).append(noun)
    return [
        f"No estimate of {' and '.join(dict.fromkeys(nouns))}: {reason}."
        for reason, nouns in names.items()
    ]
