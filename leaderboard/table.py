"""The leaderboard as a table: a row per entry and budget, in an order that does not change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tabulate import tabulate

from harness.quantities import mean_count
from harness.recipe import PARADIGMS, SIDES, Side
from harness.report.numbers import NONE, digits_for, fixed, interval_signed, signed
from leaderboard.schema import BudgetResult, Difference, Entry, SideQuality

HEADERS = (
    "entry", "WC | SE", "problems", "match", "budget", "undecided %\nWC | SE",
    "coverage %\nWC | SE", "coverage\nWC−SE", "diversity\nWC−SE", "false pos.\nWC−SE", *PARADIGMS,
)  # fmt: skip
LEGEND = (
    "WC−SE: differences paired by problem with 95 % intervals, in points; diversity in distinct "
    "correct solutions a problem, over all problems.\n"
    "student_lm, wc_lm, se_lm: pass@1 after WC data minus after SE data, in points.\n"
    "undecided: samples on which the grader came to no verdict; they count as not correct.\n"
    "* the interval excludes 0.  ¹ one training seed: no claim about the data."
)


def sorted_entries(entries: Iterable[Entry]) -> list[Entry]:
    """By problem set, pair, match and recipe; the id decides between equals."""
    return sorted(entries, key=_key)


def _key(entry: Entry) -> tuple[str, ...]:
    return (
        entry.problem_set.name,
        entry.pair.wc.id,
        entry.pair.se.id,
        entry.match.kind if entry.match else "",
        entry.recipe.name,
        entry.recipe.profile or "",
        entry.id,
    )


def table_of(entries: Iterable[Entry]) -> str:
    """The entries as text for a terminal, with a legend; a sentence where there are none."""
    rows = [row for entry in sorted_entries(entries) for row in _rows(entry)]
    if not rows:
        return "No entries. `harness run` makes one; `harness leaderboard list PATH` reads others."
    body = tabulate(rows, HEADERS, tablefmt="simple_grid", disable_numparse=True)
    return f"{body}\n{LEGEND}"


def _rows(entry: Entry) -> list[list[str]]:
    budgets = sorted(entry.budgets, key=lambda name: _size(entry.budgets[name]))
    return [_row(entry, name, entry.budgets[name]) for name in budgets] or [_empty_row(entry)]


def _size(budget: BudgetResult) -> tuple[float, float]:
    samples = budget.means
    return samples.get("se", 0), samples.get("wc", 0)


def _head(entry: Entry) -> list[str]:
    name = entry.recipe.name + (f"\n{entry.recipe.profile}" if entry.recipe.profile else "")
    match = f"{entry.match.kind}\n{entry.match.ratio:.3g} : 1" if entry.match else NONE
    problems = f"{entry.problem_set.name}\n{entry.problem_set.train or NONE}"
    return [f"{entry.id[:8]}\n{name}", f"{entry.pair.wc.id}\n{entry.pair.se.id}", problems, match]


def _empty_row(entry: Entry) -> list[str]:
    return [*_head(entry), "nothing\nmeasured", *[NONE] * (len(HEADERS) - 5)]


def _row(entry: Entry, name: str, budget: BudgetResult) -> list[str]:
    difference = budget.difference
    return [
        *_head(entry),
        f"{name}\n{' | '.join(_samples(budget, side) for side in SIDES)}",
        " | ".join(_undecided(budget.sides.get(side)) for side in SIDES),
        " | ".join(_percent(budget.sides.get(side)) for side in SIDES),
        difference_text(difference.coverage, 100),
        difference_text(difference.diversity_all, 1),
        difference_text(difference.false_positive_rate, 100),
        *(_paradigm(entry, paradigm, name) for paradigm in PARADIGMS),
    ]


def _samples(budget: BudgetResult, side: Side) -> str:
    return mean_count(budget.means[side]) if side in budget.means else NONE


def _percent(side: SideQuality | None) -> str:
    return fixed(100 * side.coverage.value) if side and side.coverage else NONE


def _undecided(side: SideQuality | None) -> str:
    if side is None or side.undecided is None or not side.samples:
        return NONE
    return fixed(100 * side.undecided / side.samples)


def _paradigm(entry: Entry, paradigm: str, budget: str) -> str:
    for one in entry.finetuning:
        if (one.paradigm, one.budget) == (paradigm, budget):
            return difference_text(one.difference, 100, "¹" if len(one.seeds) == 1 else "")
    return NONE


def difference_text(difference: Difference | None, scale: float, remark: str = "") -> str:
    """A difference over its interval; a star where the interval excludes 0."""
    if difference is None:
        return NONE
    digits = max(1 if scale == 100 else 2, digits_for(difference, scale))
    star = "*" if difference.excludes_zero else ""
    value = signed(scale * difference.value, digits)
    return f"{value}{star}{remark}\n{interval_signed(difference, scale, digits)}"


def lines_of(entry: Entry) -> Sequence[tuple[str, str]]:
    """What stands behind an entry, as label and value, for `show`."""
    evidence = entry.evidence
    return [
        ("id", entry.id),
        ("created", entry.created or NONE),
        ("recipe", entry.recipe.name),
        ("profile", entry.recipe.profile or NONE),
        ("seeds", f"run {entry.seeds.run}, training {', '.join(map(str, entry.seeds.training))}"),
        ("evaluation", _evaluation(entry)),
        *((f"version of {name}", text) for name, text in entry.versions.items()),
        ("digest of recipe", evidence.recipe),
        *((f"digest of pool {side}", digest) for side, digest in evidence.pools.items()),
        *((f"digest of arm {name}", digest) for name, digest in evidence.arms.items()),
    ]


def _evaluation(entry: Entry) -> str:
    if entry.evaluation is None:
        return NONE
    return f"{entry.evaluation.task}, {entry.evaluation.problems:,} problems"
