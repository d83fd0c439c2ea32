"""Forecasts as text: tables for people, with what they take for granted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.forecast.ten_times import money, span
from harness.quantities import short_number

Document = dict[str, Any]
_NAMES = {
    "coverage": "coverage",
    "diversity_all": "distinct correct solutions a problem",
    "diversity_solved": "distinct correct solutions a solved problem",
}
_GRANTED = (
    "Intervals are 95 %. `these problems`: what this pool will show when it is extended; "
    "`other problems`: the same for other problems of their kind. Measured rows have the "
    "interval of resampled problems.",
    "Success rates differ between problems as a Beta distribution or as a normal distribution of "
    "their logits, either if need be with a share of problems that are never solved, as two Betas, "
    "or as two rates, weighed by how well each fits; a little, and where none fits mostly, as any "
    "distribution that the samples allow. `if nothing is known` shows how far the expected "
    "coverage could lie from that. Simulated pilots show how often the intervals hold "
    "(docs/statistics.md): 93 to 100 % of them, but 86 to 94 % of pilots of up to 5 samples whose "
    "problems have one of two or three rates, where coverage comes out higher.",
    "Solutions keep coming anew as in a Pitman–Yor process, or run out because a problem has only "
    "so many (Dirichlet–multinomial); both are weighed by how well they fit. A pilot with few "
    "repeated solutions hardly tells them apart: where they run out, the expected diversity is "
    "then rather too high, in a wide interval.",
)


def forecast_text(documents: Sequence[Document], contest: Document | None) -> str:
    """All of it: each pilot, the comparison, the assumptions."""
    parts = [_pilot(document) for document in documents]
    if contest is not None:
        parts.append(_contest(contest))
    elif len(documents) > 1:
        parts.append(
            "Which side wins at which budget is told with a recipe: --recipe NAME, and "
            "--pilot wc=POOL --pilot se=POOL."
        )
    parts.append("It takes for granted:\n" + "\n".join(f"  - {text}" for text in _GRANTED))
    return "\n\n".join(parts)


def _pilot(document: Document) -> str:
    side = f"{document['side'].upper()} " if document["side"] else ""
    head = (
        f"Forecast from the {side}pilot {document['pool']}: {document['model']}, "
        f"{document['samples']:,} samples of {document['problems']:,} problems"
    )
    parts = [head]
    if document["ten_times"] is not None:
        parts.append(document["ten_times"]["sentence"])
    parts.append(_coverage(document))
    if any(row["diversity_all"] for row in document["forecasts"]):
        parts.append(_diversity(document))
    parts.append("\n".join([*_checked(document), *_fits(document), *_remarks(document)]))
    return "\n\n".join(parts)


def _coverage(document: Document) -> str:
    rows = [
        [
            f"{row['k']:,}",
            f"{row['times']:.3g}×",
            row["basis"],
            _share(row["coverage"]),
            _range(row["coverage"]["other_problems"]),
            _range(row["coverage"]["any_distribution"]),
            _percent(row["beta_binomial"]),
            _share(row["power_law"]),
            short_number(row["samples"]),
            "-" if row["dollars"] is None else money(row["dollars"]),
            *_served(row, document["gpu"]),
        ]
        for row in document["forecasts"]
    ]
    gpu = document["gpu"]
    headers = ["samples\na problem", "times", "basis", "coverage %,\nthese problems",
               "other\nproblems", "if nothing\nis known", "beta-\nbinomial", "power law",
               "samples\nin all", "dollars\nin all"]  # fmt: skip
    if gpu is not None:
        number = "" if gpu["gpus"] is None else f"{gpu['gpus']} × "
        headers.append(f"GPU-hours on\n{number}{gpu['gpu']}")
        if gpu["dollars_per_gpu_hour"] is not None:
            headers.append(f"dollars at\n${gpu['dollars_per_gpu_hour']:g} each")
    return _table(rows, headers)


def _served(row: Document, gpu: Document | None) -> list[str]:
    """What GPUs take for a row, in the columns that there are."""
    if gpu is None:
        return []
    priced = [] if gpu["dollars_per_gpu_hour"] is None else [row["gpu_dollars"]]
    return ["-" if one is None else span(one) for one in (row["gpu_hours"], *priced)]


def _diversity(document: Document) -> str:
    rows = [
        [
            f"{row['k']:,}",
            row["basis"],
            _number(row["diversity_all"]),
            _number_range(row["diversity_all"]["other_problems"]),
            _number(row["diversity_solved"]),
            _number_range((row["diversity_solved"] or {}).get("other_problems")),
        ]
        for row in document["forecasts"]
    ]
    headers = ["samples\na problem", "basis", "distinct correct\na problem", "other\nproblems",
               "a solved\nproblem", "other\nproblems"]  # fmt: skip
    return f"distinct by {document['key']}\n{_table(rows, headers)}"


def _checked(document: Document) -> list[str]:
    checked = document["held_back"]
    if "refused" in checked:
        return [f"Not checked on held-back samples: {checked['refused']}."]
    lines = []
    for name in ("coverage", "diversity_all"):
        if (one := checked.get(name)) is None:
            continue
        shown, came = (
            (_share(one) + " %", _percent(one["came"]) + " %")
            if name == "coverage"
            else (_number(one), f"{one['came']:.2f}")
        )
        lines.append(
            f"On this pilot, fitted on {checked['fitted_on']} of {checked['forecast_at']} samples"
            f"{_of_some(checked['problems'], document)}, "
            f"it forecast {_NAMES[name]} {shown}, and {came} came"
            + ("." if one["holds"] else ": outside of the interval.")
        )
    return lines


def _of_some(problems: int, document: Document) -> str:
    """Says so where something is not of all problems."""
    return "" if problems == document["problems"] else f" of {problems:,} problems"


def _fits(document: Document) -> list[str]:
    fit = document["fit"]
    beta = fit["beta_binomial"]
    zeros = f" and {_percent(beta['zero_share'])} % never solved" if beta["zero_share"] else ""
    shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in fit["families"].items())
    lines = [
        f"beta-binomial: a = {beta['alpha']:.3g}, b = {beta['beta']:.3g}{zeros}; "
        f"the forecast weighs {shares}"
    ]
    if (law := fit["power_law"]) is not None:
        lines.append(
            f"power law: log coverage = {law['a']:.3f}·k^{law['b']:.3f} "
            f"(fitted up to k = {law['up_to']}{_of_some(law['problems'], document)}, largest error "
            f"{100 * law['largest_error']:.1f} points)"
        )
    return lines


def _remarks(document: Document) -> list[str]:
    sample = document["sample"]
    reasons: dict[str, list[str]] = {}
    for name, reason in document["refused"].items():
        reasons.setdefault(reason, []).append(name)
    lines = [f"No {' or '.join(names)}: {reason}." for reason, names in reasons.items()]
    lines += document["notes"]
    dollars = "" if sample["dollars"] is None else f"${sample['dollars']:.6f} a sample: "
    return [*lines, f"Dollars: {dollars}{sample['source']}."]


def _contest(contest: Document) -> str:
    match = contest["match"]
    parts = [
        f"WC against SE, matched by {match['kind']}: an SE sample costs as much as "
        f"{match['ratio']:.4g} WC samples; {match['lengths']}"
    ]
    for name, found in contest["metrics"].items():
        parts.append(f"{_budgets(contest['budgets'], name)}\n{_winners(name, found)}")
    if any(row["multiplier"] != 1 for row in contest["planned"]):
        parts.append(
            "Budgets of the recipe; what WC spends over what SE spends: "
            + ", ".join(f"{row['budget']} {row['multiplier']:.4g}" for row in contest["planned"])
        )
        parts += [_budgets(contest["planned"], name) for name in contest["metrics"]]
    return "\n\n".join(parts)


def _budgets(pairs: Sequence[Document], name: str) -> str:
    percent = name == "coverage"
    show, span = (_share, _range) if percent else (_number, _number_range)
    rows = [
        [
            row.get("budget", ""),
            f"{row['samples_per_problem']['se']:.4g}",
            f"{row['samples_per_problem']['wc']:.4g}",
            row["basis"]["wc"] + "/" + row["basis"]["se"],
            show(row["sides"]["wc"][name]),
            show(row["sides"]["se"][name]),
            f"{(100 if percent else 1) * row['difference'][name]['value']:+.2f}",
            span(row["difference"][name]["other_problems"]),
            f"{100 * row['difference'][name]['wc_wins']:.1f} %",
        ]
        for row in pairs
    ]
    unit = "%" if percent else ""
    headers = ["budget", "SE samples\na problem", "WC samples\na problem", "basis\nWC/SE",
               f"WC {unit}", f"SE {unit}", "WC - SE" + ("\npoints" if percent else ""),
               "other\nproblems", "WC is\nahead"]  # fmt: skip
    first = 0 if any(row[0] for row in rows) else 1
    return f"{_NAMES[name]}\n{_table([row[first:] for row in rows], headers[first:])}"


def _winners(name: str, found: Document) -> str:
    words = {"wc": "WC wins", "se": "SE wins", None: "open"}
    spans = [
        f"{words[one['winner']]} at {one['first']:g}"
        + (f" to {one['last']:g}" if one["last"] > one["first"] else "")
        for one in found["stretches"]
    ]
    crossover = found["crossover"]
    text = f"{_NAMES[name]}, by SE samples a problem: {'; '.join(spans)}. "
    if crossover["value"] is None:
        text += "The lead is not forecast to change within these budgets"
    else:
        verb = "is forecast to" if crossover["probability"] >= 0.5 else "may"
        text += f"The lead {verb} change at {crossover['value']:.3g} SE samples"
    if crossover["low"] is not None:
        text += f" (95 %, if it does: {crossover['low']:.3g} to {crossover['high']:.3g})"
    return f"{text}; probability that it does {100 * crossover['probability']:.0f} %."


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _share(one: Document | None) -> str:
    if one is None:
        return "-"
    return f"{_percent(one['value'])} [{_percent(one['low'])}, {_percent(one['high'])}]"


def _range(one: Document | None) -> str:
    return "-" if one is None else f"[{_percent(one['low'])}, {_percent(one['high'])}]"


def _number(one: Document | None) -> str:
    if one is None:
        return "-"
    return f"{one['value']:.2f} [{one['low']:.2f}, {one['high']:.2f}]"


def _number_range(one: Document | None) -> str:
    return "-" if one is None else f"[{one['low']:.2f}, {one['high']:.2f}]"


def _table(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    from tabulate import tabulate

    return tabulate(rows, headers, tablefmt="simple", disable_numparse=True)
