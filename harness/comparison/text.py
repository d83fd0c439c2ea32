"""A comparison for people: who is better at this budget, by how much, and where that changes."""

from __future__ import annotations

import textwrap
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
    "se_samples": "SE samples' worth",
    "usd": "dollars",
    "flop": "FLOPs",
    "tok": "completion tokens",
    "gpu_s": "GPU-seconds",
}
_NONE = "–"
_WIDTH = 100


def comparison_text(document: Document) -> str:
    """The whole comparison."""
    parts = [_head(document), _metrics(document["sides"], document["difference"])]
    parts += [_undecided(document), _refused(document), *_levels(document)]
    parts += [_curve(document), _cost_models(document)]
    return "\n\n".join(part for part in parts if part)


def _head(document: Document) -> str:
    match, sides = document["match"], document["sides"]
    lines = [
        *(f"{side.upper()} {_model(sides[side])}   {sides[side]['pool']}" for side in SIDES),
        f"{_counted(document['problems'], 'problem')}, matched by {match['kind']}: an SE sample "
        f"costs as much as {_samples(match['ratio'], 'WC sample')}",
        f"Budget: {_samples(match['samples_per_problem']['wc'], 'WC sample')} a problem against "
        f"{_samples(match['samples_per_problem']['se'], 'SE sample')}, "
        f"{_cost(match['cost']['se'], match['cost']['unit'])} a side in all",
    ]
    left_out = document["problems_left_out"]
    if any(left_out.values()):
        lines.append(
            f"Left out: {_counted(left_out['wc'], 'problem')} of the WC pool and "
            f"{left_out['se']:,} of the SE pool, which the other does not answer."
        )
    return "\n".join([*lines, *(_wrapped(f"Note: {note}") for note in document["notes"])])


def _model(side: Document) -> str:
    """The model of the samples, and the card where that is another's."""
    foreign = side["card"] not in (None, side["model"])
    return f"{side['model']} (card {side['card']})" if foreign else str(side["model"])


def _samples(number: float, noun: str) -> str:
    text = fixed_general(number)
    return f"{text} {noun}" + ("" if text == "1" else "s")


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, subsequent_indent="  ", break_on_hyphens=False,
                         break_long_words=False)  # fmt: skip


def _refused(document: Document) -> str:
    reasons: dict[str, list[str]] = {}
    for name, reason in document["refused"].items():
        reasons.setdefault(reason, []).append(_TITLES[name].strip())
    return "\n".join(
        _wrapped(f"Not estimated ({'; '.join(names)}): {reason}.")
        for reason, names in reasons.items()
    )


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
        verbs = ("is", "counts") if found["undecided"] == 1 else ("are", "count")
        line = (
            f"{found['undecided']:,} of {_counted(found['samples'], f'{side.upper()} sample')} "
            f"{verbs[0]} undecided and {verbs[1]} as wrong"
        )
        if bounds := found.get("undecided_as_correct"):
            line += f"; counted as correct, coverage would be {_metric('coverage', bounds)}"
        lines.append(_wrapped(line + "."))
    return "\n".join(lines)


def _levels(document: Document) -> Iterator[str]:
    by = document["by"]
    if by is None:
        return
    for name, found in document["by_group"].items():
        heading = f"{by} {name or '(none)'}: {_counted(found['problems'], 'problem')}"
        yield f"{heading}\n{_metrics(found['sides'], found['difference'])}"


def _curve(document: Document) -> str:
    points_of_curve = document["curve"]["points"]
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
        return _wrapped(
            f"{ahead.upper()} is ahead at every cost; {sure}."
            if ahead
            else f"Neither side is ahead at any cost; {sure}."
        )
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
    return _wrapped("; ".join(lines) + f"; {sure}.")


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
    lines = [f"Cost models side by side\n{_table(headers, rows)}"]
    limited = [one["kind"] for one in document["cost_models"]["models"] if one["limited_by_pool"]]
    if limited:
        lines.append(
            _wrapped(
                f"By {', '.join(limited)} the pools do not hold the same budget: compared is at "
                "the largest that both hold."
            )
        )
    lines.append(_wrapped(document["cost_models"]["verdict"]))
    reasons: dict[str, list[str]] = {}
    for kind, reason in document["cost_models"]["refused"].items():
        reasons.setdefault(reason, []).append(kind)
    lines += [_wrapped(f"Not by {', '.join(kinds)}: {why}") for why, kinds in reasons.items()]
    return "\n".join(lines)


def _table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    from tabulate import tabulate

    return tabulate(rows, headers=headers, disable_numparse=True)
