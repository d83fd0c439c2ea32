"""A paper's values as they are reported, and what follows from two of them."""

from __future__ import annotations

from harness.reference import ReferenceValue
from harness.report.reference.schema import Inside, PublishedValue
from harness.report.results import Interval
from harness.statistics import wilson

# Each is a share of independent problems or solutions; coverage is not, where k is not all samples.
_PROPORTIONS = ("pass_at_1", "false_positive_rate")


def published(value: ReferenceValue) -> PublishedValue:
    """One value; fractions for percentages."""
    return PublishedValue(
        value=value.number,
        read_off_error=None if value.read_off_error is None else value.error,
        provenance=value.provenance,
        source=value.source,
        size=value.size,
        size_of=value.size_of,
        sampling=_sampling(value),
    )


def _sampling(value: ReferenceValue) -> Interval | None:
    if value.quantity not in _PROPORTIONS or not value.size:
        return None
    found = wilson(round(value.number * value.size), value.size)
    return Interval(value=value.number, low=found.low, high=found.high)


def difference(wc: ReferenceValue, se: ReferenceValue) -> PublishedValue:
    """WC minus SE; read-off errors add up."""
    return _derived(wc, se, wc.number - se.number, wc.error + se.error)


def relative_gain(
    wc: ReferenceValue, se: ReferenceValue, printed: ReferenceValue | None
) -> PublishedValue | None:
    """(WC - SE) / SE, and what the paper prints; None where SE may be 0.

    A gain that was itself computed from the values (tag D) is not one that the paper prints.
    """
    if se.number <= se.error:
        return None
    gain = wc.number / se.number - 1
    most = (wc.number + wc.error) / (se.number - se.error) - 1
    least = (wc.number - wc.error) / (se.number + se.error) - 1
    words = None
    if printed and printed.provenance != "D":
        words = f"{100 * printed.number:+g} % [{printed.provenance}]"
    return _derived(wc, se, gain, max(most - gain, gain - least), words)


def _derived(
    wc: ReferenceValue,
    se: ReferenceValue,
    value: float,
    error: float,
    printed: str | None = None,
) -> PublishedValue:
    read_off = None if wc.read_off_error is None and se.read_off_error is None else error
    tags = dict.fromkeys((wc.provenance, se.provenance))
    sources = dict.fromkeys((wc.source, se.source))
    return PublishedValue(
        value=value,
        read_off_error=read_off,
        provenance=f"D from {', '.join(tags)}",
        source=", ".join(sources),
        size=wc.size if wc.size == se.size else None,
        size_of=wc.size_of,
        printed=printed,
    )


def inside(low: float | None, high: float | None, paper: PublishedValue) -> Inside:
    """Whether a paper's value lies in an interval of ours, whatever its read-off error."""
    if low is None or high is None or low == high:
        return "no_interval"
    error = paper.read_off_error or 0.0
    least, most = paper.value - error, paper.value + error
    if low <= least and most <= high:
        return "yes"
    return "no" if most < low or least > high else "undetermined"
