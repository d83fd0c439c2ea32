"""A comparison for people: who is better at this budget, by how much, and where that changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.metrics.majority import MAJORITY_SAMPLES
from harness.metrics.solution_keys import KEYS, TEXT
from harness.quantities import short_number
from harness.recipe import SIDES
from harness.report.numbers import fixed_general, p_text, percent, points, signed

Document = Mapping[str, Any]

_TITLES = {
    "pass_at_1": "pass@1",
    "coverage": "coverage",
    "diversity_all": "diversity, all problems",
    "diversity_solved": "diversity, solved problems",
    **{
        f"diversity_{part}_{key}": f"  by {key}, {part}"
        for key in KEYS
        if key != TEXT
        for part in ("all", "solved")
    },
    **{f"majority_at_{k}": f"maj@{k}" for k in MAJORITY_SAMPLES},
    "false_positive_rate": "false-positive rate",
}
_WORDS = {
    "samples": "samples",
    "usd": "dollars",
    "flop": "FLOPs",
    "tok": "completion tokens",
    "gpu_s": "GPU-seconds",
}
_NONE = "–"


def comparison_text(document: Document) -> str:
    """The whole comparison."""
    parts = [_head(document), _metrics(document["sides"], document["difference"])]
    parts += [_undecided(document), *_levels(document), _curve(document), _cost_models(document)]
    return "\n\n".join(part for part in parts if part)


def _head(document: Document) -> str:
    match, sides = document["match"], document["sides"]
    counts, unit = match["samples_per_problem"], match["cost"]["unit"]
    lines = [
        f"WC {sides['wc']['model']}   {sides['wc']['pool']}",
        f"SE {sides['se']['model']}   {sides['se']['pool']}",
        f"{document['problems']:,} problems, matched by {match['kind']}: an SE sample costs as "
        f"much as {fixed_general(match['ratio'])} WC samples",
        f"Budget: {fixed_general(counts['wc'])} WC samples a problem against "
        f"{fixed_general(counts['se'])} SE samples, {_cost(match['cost']['se'], unit)} a side in "
        "all",
    ]
    left_out = document["problems_left_out"]
    if any(left_out.values()):
        lines.append(
            f"Left out: {left_out['wc']:,} problems of the WC pool and {left_out['se']:,} of the "
            "SE pool, which the other does not answer."
        )
    return "\n".join(lines)


def _metrics(sides: Document, difference: Document) -> str:
    rows = [
        [
            title,
            *(_metric(name, sides[side].get(name)) for side in SIDES),
            _difference(name, difference.get(name)),
            p_text((difference.get(name) or {}).get("p_value")),
        ]
        for name, title in _TITLES.items()
        if any(sides[side].get(name) is not None for side in SIDES)
    ]
    return _table(["", "WC [95 %]", "SE [95 %]", "WC − SE [95 %]", ""], rows)


def _metric(name: str, interval: Document | None) -> str:
    if interval is None:
        return _NONE
    ends = [interval[key] for key in ("value", "low", "high")]
    if not name.startswith("diversity"):
        return f"{percent(ends[0])} [{100 * ends[1]:.1f}, {100 * ends[2]:.1f}]"
    return "{:.3f} [{:.3f}, {:.3f}]".format(*ends)


def _difference(name: str, found: Document | None) -> str:
    if found is None:
        return _NONE
    if not name.startswith("diversity"):
        ends = f"[{signed(100 * found['low'])}, {signed(100 * found['high'])}]"
        return f"{points(found['value'])} {ends}"
    ends = f"[{signed(found['low'], 3)}, {signed(found['high'], 3)}]"
    return f"{signed(found['value'], 3)} {ends}"


def _undecided(document: Document) -> str:
    lines = []
    for side in SIDES:
        found = document["sides"][side]
        if not found["undecided"]:
            continue
        line = (
            f"{found['undecided']:,} of {found['samples']:,} {side.upper()} samples are undecided "
            "and count as wrong"
        )
        if bounds := found.get("undecided_as_correct"):
            line += f"; counted as correct, coverage would be {_metric('coverage', bounds)}"
        lines.append(line + ".")
    return "\n".join(lines)


def _levels(document: Document) -> Iterator[str]:
    by = document["by"]
    if by is None:
        return
    for name, found in document["by_group"].items():
        heading = f"{by} {name or '(none)'}: {found['problems']:,} problems"
        yield f"{heading}\n{_metrics(found['sides'], found['difference'])}"


def _curve(document: Document) -> str:
    points_of_curve = document["curve"]["points"]
    if not points_of_curve:
        return "Curve: no budget gives both sides at least one sample of these pools."
    rows = [
        [
            short_number(point["cost"] * document["problems"]),
            fixed_general(point["samples_per_problem"]["wc"]),
            fixed_general(point["samples_per_problem"]["se"]),
            *(_metric("coverage", point["coverage"][side]) for side in SIDES),
            _difference("coverage", point["difference"]),
        ]
        for point in _spread(points_of_curve)
    ]
    unit = document["match"]["cost"]["unit"]
    headers = [_WORDS[unit], "WC k", "SE k", "WC coverage", "SE coverage", "WC − SE"]
    crossover = _crossover(document["curve"]["crossover"], unit, document["problems"])
    return f"Coverage against cost (of all problems)\n{_table(headers, rows)}\n{crossover}"


def _crossover(found: Document, unit: str, problems: int) -> str:
    """Where the lead changes, and how sure that is; costs are of all problems."""
    shares = found["share_of_resamples"]
    sure = (
        f"in {percent(shares['wc_throughout'])} of resampled problem sets WC is ahead at every "
        f"cost, in {percent(shares['se_throughout'])} SE, in {percent(shares['with_crossing'])} "
        "the lead changes"
    )
    if not found["crossings"]:
        ahead = found["better_throughout"]
        return f"{ahead.upper() if ahead else 'Neither side'} is ahead at every cost; {sure}."
    lines = []
    for one in found["crossings"]:
        ends = [
            "open" if one[end] is None else short_number(one[end] * problems)
            for end in ("low", "high")
        ]
        lines.append(
            f"The lead changes from {one['better_below'].upper()} to "
            f"{one['better_above'].upper()} at {_cost(one['cost'] * problems, unit)} "
            f"[95 %: {ends[0]} to {ends[1]}]"
        )
    return "; ".join(lines) + f"; {sure}."


def _cost(amount: float, unit: str) -> str:
    return f"{short_number(amount)} {_WORDS[unit]}"


def _spread(found: Sequence[Document], most: int = 12) -> list[Document]:
    """At most `most` of the points, evenly, with both ends."""
    if len(found) <= most:
        return list(found)
    places = {round(number * (len(found) - 1) / (most - 1)) for number in range(most)}
    return [found[place] for place in sorted(places)]


def _cost_models(document: Document) -> str:
    rows = [
        [
            model["kind"],
            fixed_general(model["ratio"]),
            fixed_general(model["samples_per_problem"]["wc"]),
            fixed_general(model["samples_per_problem"]["se"]),
            _difference("coverage", model["difference"]["coverage"]),
            p_text(model["difference"]["coverage"]["p_value"]),
            model["winner"].upper() if model["winner"] else "equal",
        ]
        for model in document["cost_models"]["models"]
    ]
    headers = ["matched by", "ratio", "WC k", "SE k", "coverage, WC − SE", "", "higher coverage"]
    lines = [f"Other cost models\n{_table(headers, rows)}", document["cost_models"]["verdict"]]
    lines += [
        f"Not by {kind}: {reason}" for kind, reason in document["cost_models"]["refused"].items()
    ]
    return "\n".join(lines)


def _table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    from tabulate import tabulate

    return tabulate(rows, headers=headers, disable_numparse=True)
