"""Tables of the quality of the data that each side gave."""

from __future__ import annotations

from collections.abc import Iterator

from harness.recipe import SIDES, Side
from harness.report.blocks import TONES, Cell, Table
from harness.report.numbers import (
    NONE,
    count,
    digits_for,
    fixed,
    interval_percent,
    interval_plain,
    interval_signed,
    p_text,
    quantity,
    relative,
    signed,
)
from harness.report.results import (
    BudgetQuality,
    Difference,
    Interval,
    LevelQuality,
    NumberMatched,
    SideMetrics,
)
from harness.report.schema import Report
from harness.report.wording import verdict_of

_QUALITY_HEADERS = (
    "budget", "side", "pass@1 %", "coverage %", "diversity, all", "diversity, solved",
    "false positives %",
)  # fmt: skip
_MAJORITY = (1, 4, 8, 16)
_CURVE_POINTS = (1, 2, 3, 5, 10, 20, 30, 50, 100)


def quality_table(report: Report) -> Table:
    """Every measure of both sides at each budget, with intervals, and WC minus SE."""
    rows = []
    for name, quality in report.budgets.items():
        for side in SIDES:
            if side in quality.sides:
                samples = quality.samples_text(side)
                rows.append(_side_row(name, side, samples, quality.sides[side]))
        rows.append(_difference_row(name, quality))
    note = (
        "95 % intervals. Diversity: distinct correct solutions a problem, over all problems and "
        "over solved ones (the paper's figure). False positives: share of samples with the right "
        "answer whose reasoning is wrong. Differences are WC minus SE, paired by problem: in "
        "points for percentages, in solutions for diversity; bold where the interval excludes 0."
    )
    caption = f"Data quality at matched budgets, {count(report.measured_problems)} problems"
    return Table(caption, _QUALITY_HEADERS, rows, text_columns=2, note=note)


def number_table(report: Report) -> Table | None:
    """The same measures at equal numbers of samples; None where that was not measured."""
    rows = []
    for name, quality in report.budgets.items():
        equal = quality.number_matched
        if equal is None or not equal.sides:
            continue
        for side in SIDES:
            if side in equal.sides:
                samples = count(equal.samples_per_problem)
                rows.append(_side_row(name, side, samples, equal.sides[side]))
        rows.append(_difference_row(name, equal))
    note = "The same number of samples of both sides, the smaller one of the budget; WC costs less."
    caption = "At equal numbers of samples"
    return Table(caption, _QUALITY_HEADERS, rows, text_columns=2, note=note) if rows else None


def _side_row(budget: str, side: str, samples: str, numbers: SideMetrics) -> list[Cell]:
    return [
        Cell(budget),
        Cell(side.upper(), f"{samples} a problem"),
        percent_cell(numbers.pass_at_1),
        percent_cell(numbers.coverage),
        plain_cell(numbers.diversity_all),
        plain_cell(numbers.diversity_solved),
        percent_cell(numbers.false_positive_rate),
    ]


def _difference_row(budget: str, quality: BudgetQuality | NumberMatched) -> list[Cell]:
    difference = quality.difference
    return [
        Cell(budget),
        Cell("WC − SE"),
        Cell(NONE),
        difference_cell(difference.coverage, 100),
        difference_cell(difference.diversity_all, 1, _ratio(quality, "diversity_all")),
        difference_cell(difference.diversity_solved, 1, _ratio(quality, "diversity_solved")),
        difference_cell(difference.false_positive_rate, 100),
    ]


def majority_table(report: Report) -> Table | None:
    """maj@k, yields and diversity by the other keys; None where none of them was measured."""
    rows = []
    for name, quality in report.budgets.items():
        for side in SIDES:
            numbers = quality.sides.get(side)
            if numbers is not None and numbers.yield_per_sample is not None:
                rows.append(
                    [
                        Cell(name),
                        Cell(side.upper()),
                        *(percent_cell(getattr(numbers, f"majority_at_{k}")) for k in _MAJORITY),
                        percent_cell(numbers.yield_per_sample),
                        plain_cell(numbers.yield_per_token, 1000),
                        plain_cell(numbers.diversity_solved_normalised),
                        plain_cell(numbers.diversity_solved_equations),
                    ]
                )
    headers = (
        "budget", "side", *(f"maj@{k} %" for k in _MAJORITY), "yield %", "correct per 1,000 tokens",
        "diversity, solved: normalised text", "diversity, solved: equations",
    )  # fmt: skip
    note = (
        "95 % intervals. maj@k: how often the most frequent of k answers is correct, ties shared. "
        "Yield: correct ones among all samples that were drawn. Solutions are the same by "
        "normalised text up to case, punctuation and layout, by equations if they compute the same."
    )
    caption = "Majority vote, yield, and diversity by other keys"
    return Table(caption, headers, rows, text_columns=2, note=note) if rows else None


def _ratio(quality: BudgetQuality | NumberMatched, name: str) -> str:
    wc, se = (getattr(quality.sides.get(side), name, None) for side in SIDES)
    return f"{relative(wc.value, se.value)} relative" if wc and se else ""


def percent_cell(interval: Interval | None) -> Cell:
    """A fraction with its interval, in per cent."""
    if interval is None:
        return Cell(NONE)
    return Cell(fixed(100 * interval.value), interval_percent(interval))


def plain_cell(interval: Interval | None, scale: float = 1.0) -> Cell:
    """A value that is no fraction, with its interval, both times `scale`."""
    if interval is None:
        return Cell(NONE)
    interval = Interval(**{name: scale * end for name, end in interval.model_dump().items()})
    return Cell(fixed(interval.value, 2), interval_plain(interval))


def difference_cell(difference: Difference | None, scale: float, remark: str = "") -> Cell:
    """A difference with its interval and p-value; its tone says which side is higher."""
    if difference is None:
        return Cell(NONE)
    digits = max(1 if scale == 100 else 2, digits_for(difference, scale))
    value = f"{signed(scale * difference.value, digits)}"
    notes = [
        interval_signed(difference, scale, digits),
        p_text(difference.p_value),
        remark,
    ]
    tone = TONES[verdict_of(difference)]
    return Cell(value, "\n".join(filter(None, notes)), tone)


def level_tables(report: Report) -> Iterator[Table]:
    """Coverage, diversity and false positives by difficulty, one table a budget."""
    for name, quality in report.budgets.items():
        if levels := levels_of(quality):
            yield _group_table(f"By level, budget {name}", "level", quality, levels)


def subject_tables(report: Report) -> Iterator[Table]:
    """The same by subject."""
    for name, quality in report.budgets.items():
        subjects = {subject for one in quality.sides.values() for subject in one.by_subject}
        if subjects - {""}:
            caption = f"By subject, budget {name}"
            yield _group_table(caption, "subject", quality, sorted(subjects))


def _group_table(caption: str, kind: str, quality: BudgetQuality, groups: list[str]) -> Table:
    rows = []
    for group in groups:
        found = {
            side: getattr(numbers, f"by_{kind}").get(group)
            for side, numbers in quality.sides.items()
        }
        rows.append(list(_group_row(group, found)))
    headers = [kind, "problems"]
    for topic in ("coverage %", "diversity, all", "false positives %"):
        headers += [f"WC {topic}", f"SE {topic}"]
    return Table(caption, headers, rows)


def _group_row(group: str, found: dict[Side, LevelQuality | None]) -> Iterator[Cell]:
    problems = next((one.problems for one in found.values() if one), None)
    yield Cell(group or "(none)")
    yield Cell(count(problems))
    for topic, cell in (
        ("coverage", percent_cell),
        ("diversity_all", plain_cell),
        ("false_positive_rate", percent_cell),
    ):
        for side in SIDES:
            yield cell(getattr(found.get(side), topic, None))


def levels_of(quality: BudgetQuality) -> list[str]:
    """The levels that either side has, in order; none where problems carry no level."""
    names = {level for numbers in quality.sides.values() for level in numbers.by_level}
    return sorted(names, key=_level_key) if names - {""} else []


def _level_key(level: str) -> tuple[int, float, str]:
    try:
        return (0, float(level), level)
    except ValueError:
        return (1, 0.0, level)


def curve_table(report: Report) -> Table:
    """Coverage against the number of samples and their cost, at round numbers of samples."""
    rows = []
    for side in SIDES:
        points = report.curve.get(side, [])
        last = points[-1].k if points else 0
        rows += [
            [
                Cell(side.upper()),
                Cell(count(point.k)),
                Cell(quantity(point.cost)),
                percent_cell(point.coverage),
            ]
            for point in points
            if point.k in _CURVE_POINTS or point.k == last
        ]
    headers = ("side", "samples", "cost", "coverage %")
    return Table("Coverage against cost", headers, rows, note="Per problem; 95 % intervals.")
