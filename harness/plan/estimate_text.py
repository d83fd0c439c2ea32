"""The estimates of a plan as text: what runs on GPUs, what it costs, what a test can show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from harness.plan.amounts import Amount, Range
from harness.plan.detectable import DetectableDifference
from harness.plan.estimate import Estimate
from harness.plan.estimate_assumptions import gpu_work, priced_sides
from harness.plan.sampling import PlannedSampling
from harness.quantities import short_number


def estimate_parts(estimate: Estimate) -> list[str]:
    """The paragraphs about an estimate."""
    return [*_sampling(estimate), *_training(estimate), _totals(estimate), *_detectable(estimate)]


def _sampling(estimate: Estimate) -> Iterator[str]:
    sides = {name: side for name, side in estimate.sampling.items() if side is not None}
    if not sides:
        return
    rows = [
        [
            name.upper(),
            _short(side.prompt_tokens),
            "?" if side.flops is None else _short(side.flops),
            *_engine(side),
            *_hours(side.gpu_hours),
        ]
        for name, side in sides.items()
    ]
    headers = ["side", "prompt tokens", "FLOPs", "GPUs", "at once", "tokens/s",
               "GPU-hours", "at most"]  # fmt: skip
    where = f" on {_gpu(estimate)}" if estimate.sampling_hours is not None else ""
    yield (
        f"Sampling{where}, prompts and attention included\n{_table(rows, headers)}\n"
        "GPUs: of one engine; at once: sequences that it decodes; tokens/s: its completion tokens"
    )
    priced = [
        f"{name.upper()} prompts and completions: {_dollars(side.dollars)}"
        for name, side in sides.items()
        if side.dollars is not None
    ]
    if priced:
        yield "\n".join(priced)
    measured = [
        f"{name.upper()} by the GPU-seconds of match.per_sample, which know no other GPU: "
        f"{_number(side.measured_gpu_hours)} GPU-hours"
        for name, side in sides.items()
        if side.measured_gpu_hours is not None
    ]
    if measured:
        yield "\n".join(measured)


def _engine(side: PlannedSampling) -> list[str]:
    if side.gpus_an_engine is None or side.speed is None:
        return ["-", "-", "-"]
    return [
        str(side.gpus_an_engine),
        _whole(side.speed.sequences),
        _whole(side.speed.tokens_per_second),
    ]


def _training(estimate: Estimate) -> Iterator[str]:
    if not estimate.training:
        return
    rows = [
        [
            group.paradigm,
            group.budget,
            _short(group.tokens),
            *_hours(group.gpu_hours),
            _known(group.state_bytes, lambda size: f"{_short(size)}B"),
            _known(group.least_gpus, _whole),
        ]
        for group in estimate.training
    ]
    headers = ["paradigm", "budget", "tokens a cell", "GPU-hours", "at most", "memory",
               "GPUs, at least"]  # fmt: skip
    name = estimate.training[0].number_format
    yield f"Training a cell on {_gpu(estimate)} ({name})\n{_table(rows, headers)}"


def _totals(estimate: Estimate) -> str:
    parts = {
        "sampling": estimate.sampling_hours,
        f"training, {sum(group.cells for group in estimate.training)} cells":
            estimate.training_hours,
        f"test, {estimate.test.models if estimate.test else '?'} models": estimate.test_hours,
        f"{estimate.engine_starts} engine starts": estimate.start_hours,
        "in all": estimate.gpu_hours,
    }  # fmt: skip
    rows = [[name, *_hours(amount)] for name, amount in parts.items()]
    lines = [f"GPU-hours on {_gpu(estimate)}", _table(rows, ["", "GPU-hours", "at most"])]
    lines += _money(estimate)
    gpus = estimate.hardware.gpus
    if gpus is not None and gpus < estimate.least_gpus:
        few = f"{gpus} {'is' if gpus == 1 else 'are'} too few"
        lines.append(f"{few}: some of this work takes at least {estimate.least_gpus} such GPUs")
    if estimate.hours is not None:
        busy = " to ".join(_number(hours) for hours in (estimate.hours.low, estimate.hours.high))
        most = _number(estimate.hours.at_most)
        lines.append(f"{busy} hours with all {estimate.hardware.gpus} GPUs busy, at most {most}")
    if (disk := estimate.disk_bytes) is not None:
        most = "" if disk.at_most == disk.high else f", at most {short_number(disk.at_most)}B"
        lines.append(
            f"disk: {_short(disk)}B{most}, of which base models {_bytes(estimate.base_model_bytes)}"
        )
    return "\n".join(lines)


def _money(estimate: Estimate) -> Iterator[str]:
    """What is paid for GPUs, what servers bill on top, and what tokens would cost instead."""
    if estimate.gpu_dollars is not None:
        yield (
            f"{_dollars(estimate.gpu_dollars)} for GPUs at ${estimate.hardware.price:,g} an hour:\n"
            f"  {gpu_work(estimate)}"
        )
    if estimate.billed_dollars is not None:
        tests = ", and tests of these models" if estimate.test and estimate.test.dollars else ""
        yield (
            f"{_dollars(estimate.billed_dollars)} for tokens that servers bill, besides the GPUs:\n"
            f"  samples of {priced_sides(estimate, billed=True)}{tests}"
        )
    if estimate.alternative_dollars is not None:
        sides = priced_sides(estimate, billed=False)
        saved = estimate.saved_gpu_dollars
        instead = "on GPUs" if saved is None else f"on GPUs for {_dollars(saved)}"
        yield (
            f"{_dollars(estimate.alternative_dollars)} for tokens, if samples of {sides} were "
            f"bought:\n  instead of drawing them {instead}; not to be added"
        )


def _bytes(size: int) -> str:
    return f"{short_number(size)}B"


def _detectable(estimate: Estimate) -> Iterator[str]:
    found = estimate.detectable
    if found is None:
        return
    yield "\n".join(
        [
            f"Smallest difference that {found.problems:,} test problems can show "
            f"({found.power:.0%} power, level {found.level:g}):",
            f"paired {_difference(found.paired_points)}, "
            f"unpaired {_difference(found.unpaired_points)} (one comparison, one training seed)",
            *_by_design(found),
        ]
    )


def _by_design(found: DetectableDifference) -> Iterator[str]:
    """The same for the recipe's own seeds, and for all of its comparisons."""
    seeds = f"{found.training_seeds} training seed{'s' if found.training_seeds > 1 else ''}"
    holm = f"worst of {found.comparisons} comparisons (Holm, level {found.holm_level:.2g})"
    several, corrected = found.training_seeds > 1, found.comparisons > 1
    if several:
        yield f"paired {_difference(found.over_seeds_points)}, mean over {seeds}"
    if corrected:
        yield f"paired {_difference(found.holm_points)}, {seeds}, {holm}"
    if several:
        others = _difference(found.other_seeds_points)
        yield f"paired {others}, for models of other training seeds too"
    if several and corrected:
        yield f"paired {_difference(found.holm_other_seeds_points)}, the same, {holm}"


def _difference(points: Range | float | None) -> str:
    if points is None:
        return "none"
    if isinstance(points, Range):
        return f"{points.low:.1f} to {points.high:.1f} points"
    return f"{points:.1f} points"


def _gpu(estimate: Estimate) -> str:
    gpus, name = estimate.hardware.gpus, estimate.hardware.gpu.name
    return name if gpus is None else f"{gpus} × {name}"


def _hours(amount: Amount | None) -> list[str]:
    if amount is None:
        return ["-", "-"]
    low, high = _number(amount.low), _number(amount.high)
    return [low if low == high else f"{low} to {high}", _number(amount.at_most)]


def _number(value: float) -> str:
    """Two digits, or all before the point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2g}" if value >= 0.01 else "<0.01"


def _dollars(amount: Amount) -> str:
    low, high, at_most = (f"{value:,.2f}" for value in (amount.low, amount.high, amount.at_most))
    usual = f"${low}" if low == high else f"${low} to {high}"
    return usual if high == at_most else f"{usual}, at most {at_most}"


def _short(amount: Amount | Range) -> str:
    low, high = short_number(amount.low), short_number(amount.high)
    return low if low == high else f"{low} to {high}"


def _whole(number: Range) -> str:
    low, high = f"{number.low:,.0f}", f"{number.high:,.0f}"
    return low if low == high else f"{low} to {high}"


def _known(value: Range | None, show: Callable[[Range], str]) -> str:
    return "?" if value is None else show(value)


def _table(rows: Sequence[Sequence[Any]], headers: Sequence[str]) -> str:
    from tabulate import tabulate

    return tabulate(rows, headers, tablefmt="simple", disable_numparse=True)
