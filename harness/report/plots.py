"""The plots: coverage against cost, diversity, levels, pass@1 and its differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from harness.recipe import SIDES, Side
from harness.report.blocks import Figure
from harness.report.numbers import signed, signed_general
from harness.report.quality_tables import levels_of
from harness.report.reference.schema import OverlayPoint
from harness.report.results import Comparison, CurvePoint, Evaluations, Interval
from harness.report.schema import Report
from harness.report.seeds import difference_of_data
from harness.report.svg import COLOURS, INK, MARKERS, MUTED, PAPER, drawn
from harness.report.wording import is_found

_SIZE = (6.4, 3.9)
_LOG_FROM = 8.0  # A logarithmic axis once the costs span this factor.
_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_NAMES = {"wc": "WC", "se": "SE", "base": "base"}


def quality_figures(report: Report) -> Iterator[Figure]:
    """The plots of data quality that the report's numbers allow."""
    if all(report.curve.get(side) for side in SIDES):
        yield _figure(
            "coverage",
            "Coverage against sampling cost, with 95 % bands. Dotted lines mark the budgets. At "
            f"equal cost, the higher curve solves more problems.{_of_the_paper(report)}",
            partial(_coverage, report=report),
        )
    sides = [numbers for budget in report.budgets.values() for numbers in budget.sides.values()]
    if any(numbers.diversity_all for numbers in sides):
        yield _figure(
            "diversity",
            "Distinct correct solutions a problem at each budget, with 95 % intervals: over all "
            "problems (filled) and over solved ones (hollow).",
            partial(_diversity, report=report),
        )
    if report.budgets:
        yield from _level_figures(report, _largest(report))


def _of_the_paper(report: Report) -> str:
    return " Small hollow markers: the paper's coverage." if _overlay(report) else ""


def _overlay(report: Report) -> Sequence[OverlayPoint]:
    return report.reference.overlay if report.reference else []


def _level_figures(report: Report, budget: str) -> Iterator[Figure]:
    sides = report.budgets[budget].sides
    levels = levels_of(report.budgets[budget])
    for topic, noun in (("coverage", "Coverage"), ("false_positive_rate", "False positives")):
        found = {
            side: {level: getattr(sides[side].by_level.get(level), topic, None) for level in levels}
            for side in sides
        }
        if len(levels) > 1 and any(one for values in found.values() for one in values.values()):
            yield _figure(
                f"level-{topic}",
                f"{noun} by level at budget {budget}, with 95 % intervals.",
                partial(_levels, found=found, levels=levels, noun=noun),
            )


def finetuning_figures(evaluations: Evaluations) -> Iterator[Figure]:
    """pass@1 by paradigm, and the differences with their intervals."""
    rows = evaluations.comparisons
    yield _figure(
        "pass-at-1",
        "Greedy pass@1 before finetuning, after finetuning on SE data, and on WC data, with "
        "95 % intervals.",
        partial(_pass_at_1, rows=rows),
    )
    yield _figure(
        "difference",
        "WC data minus SE data, in points of pass@1, paired by test problem, with 95 % "
        "intervals. Where one crosses the line at 0, no difference was found.",
        partial(_differences, rows=rows),
    )


def _figure(name: str, caption: str, draw: Callable[[Axes], None]) -> Figure:
    return Figure(partial(drawn, name, caption, _SIZE, draw), caption)


def _largest(report: Report) -> str:
    return max(report.budgets, key=lambda name: report.budgets[name].cost.se)


def _coverage(axes: Axes, report: Report) -> None:
    unit = next((point.cost for point in report.curve["se"] if point.k == 1), None)
    scale = unit or 1.0
    every = [point.cost / scale for side in SIDES for point in report.curve[side]]
    for side in SIDES:
        _curve(axes, report.curve[side], side, scale)
    if unit and (overlay := _overlay(report)):
        _paper_points(axes, overlay)
        every += [point.cost for point in overlay]
    _cost_axis(axes, min(every), max(every))
    for name, quality in report.budgets.items():
        cost = quality.cost.se / scale
        if min(every) <= cost <= max(every) * 1.01:
            axes.axvline(cost, color=MUTED, linewidth=1.2, linestyle=(0, (1, 2)))
            axes.annotate(
                name, (cost, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 3),
                textcoords="offset points", ha="center", color=MUTED, fontsize=9,
            )  # fmt: skip
    axes.set_xlabel("cost a problem, in SE samples" if unit else "cost a problem")
    axes.set_ylabel("coverage, %")
    axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(0.94, 0))


def _curve(axes: Axes, points: Sequence[CurvePoint], side: Side, scale: float) -> None:
    cost = [point.cost / scale for point in points]
    low, value, high = (
        [100 * getattr(point.coverage, end) for point in points] for end in ("low", "value", "high")
    )
    axes.fill_between(cost, low, high, color=COLOURS[side], alpha=0.16, linewidth=0)
    axes.plot(
        cost, value, color=COLOURS[side], marker=MARKERS[side], markersize=3.5, label=_NAMES[side]
    )


def _paper_points(axes: Axes, points: Sequence[OverlayPoint]) -> None:
    for side in SIDES:
        own = [point for point in points if point.side == side]
        axes.plot(
            [point.cost for point in own], [100 * point.coverage for point in own],
            linestyle="none", marker=MARKERS[side], markersize=4, markerfacecolor=PAPER,
            markeredgecolor=COLOURS[side], label=f"{_NAMES[side]}, paper",
        )  # fmt: skip


def _cost_axis(axes: Axes, least: float, most: float) -> None:
    if least > 0 and most / least >= _LOG_FROM:
        axes.set_xscale("log")
        ticks = [tick for tick in _TICKS if least * 0.99 <= tick <= most * 1.01]
        axes.xaxis.set_major_locator(FixedLocator(ticks or [least, most]))
        axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _position: f"{value:g}"))


def _diversity(axes: Axes, report: Report) -> None:
    offsets = {("wc", 0): -0.24, ("wc", 1): -0.12, ("se", 0): 0.12, ("se", 1): 0.24}
    for position, quality in enumerate(report.budgets.values()):
        for (side, kind), offset in offsets.items():
            numbers = quality.sides.get(side)  # type: ignore[call-overload]
            interval = numbers and (numbers.diversity_solved if kind else numbers.diversity_all)
            if interval:
                label = None if position else f"{_NAMES[side]}, {'solved' if kind else 'all'}"
                _dot(axes, position + offset, interval, 1, side, label, hollow=bool(kind))
    _categories(axes, list(report.budgets), "budget")
    axes.set_ylabel("distinct correct solutions a problem")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, loc="upper left")


def _levels(
    axes: Axes,
    found: Mapping[Side, Mapping[str, Interval | None]],
    levels: Sequence[str],
    noun: str,
) -> None:
    for side, offset in (("wc", -0.1), ("se", 0.1)):
        label: str | None = _NAMES[side]
        for position, level in enumerate(levels):
            interval = found.get(side, {}).get(level)  # type: ignore[call-overload]
            if interval:
                _dot(axes, position + offset, interval, 100, side, label)
                label = None
    _categories(axes, levels, "level")
    axes.set_ylabel(f"{noun.lower()}, %")
    axes.legend(frameon=False, loc="best")


def _pass_at_1(axes: Axes, rows: Sequence[Comparison]) -> None:
    for position, row in enumerate(rows):
        for offset, (name, interval) in zip(
            (-0.2, 0.0, 0.2), (("base", row.base), ("se", row.se), ("wc", row.wc)), strict=True
        ):
            label = "base" if name == "base" else f"{_NAMES[name]} data"
            _dot(axes, position + offset, interval, 100, name, None if position else label)
    _categories(axes, _labels(rows), "")
    axes.set_ylabel("pass@1, %")
    axes.legend(frameon=False, loc="upper left", ncols=3, bbox_to_anchor=(0, 1.13))


def _differences(axes: Axes, rows: Sequence[Comparison]) -> None:
    axes.axvline(0, color=MUTED, linewidth=1.2)
    for position, row in enumerate(rows):
        difference = difference_of_data(row)
        colour = (
            (COLOURS["wc"] if difference.value > 0 else COLOURS["se"])
            if is_found(difference)
            else INK
        )
        axes.errorbar(
            100 * difference.value, position,
            xerr=[[100 * (difference.value - difference.low)],
                  [100 * (difference.high - difference.value)]],
            fmt="o", color=colour, markersize=7, elinewidth=2, capsize=0,
        )  # fmt: skip
        axes.annotate(
            signed(100 * difference.value), (100 * difference.value, position), xytext=(0, 9),
            textcoords="offset points", ha="center", color=colour, fontsize=10,
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), _labels(rows))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    reach = max(abs(end) for one in map(difference_of_data, rows) for end in (one.low, one.high))
    axes.set_xlim(-110 * reach - 0.5, 110 * reach + 0.5)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _position: signed_general(value)))
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("← SE data higher · points of pass@1 · WC data higher →")


def _labels(rows: Sequence[Comparison]) -> list[str]:
    several = len({row.budget for row in rows}) > 1
    return [f"{row.paradigm}\n{row.budget}" if several else row.paradigm for row in rows]


def _dot(
    axes: Axes,
    at: float,
    interval: Interval,
    scale: float,
    name: str,
    label: str | None,
    hollow: bool = False,
) -> None:
    value = scale * interval.value
    # A Wilson interval holds its estimate; a resampled one may miss it by rounding.
    ends = [[max(0.0, value - scale * interval.low)], [max(0.0, scale * interval.high - value)]]
    axes.errorbar(
        at, value, yerr=ends, fmt=MARKERS[name], color=COLOURS[name], markersize=7,
        elinewidth=2, capsize=0, label=label, markerfacecolor=PAPER if hollow else COLOURS[name],
        markeredgewidth=1.6,
    )  # fmt: skip


def _categories(axes: Axes, names: Sequence[str], label: str) -> None:
    axes.set_xticks(range(len(names)), list(names))
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.grid(axis="x", visible=False)
    axes.set_xlabel(label)
