"""What a stage says to a person when it is done: a few lines or one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.quantities import mean_count

Document = Mapping[str, Any]


def summary_of(stage: str, document: Document) -> str:
    """The end of a stage in words; `--json` gives the document itself."""
    return _SUMMARIES[stage](document)


def _table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    from tabulate import tabulate

    return tabulate(rows, headers=headers, intfmt=",", floatfmt=".1f")


def percent(interval: Document | None) -> str:
    """A fraction with its interval, as percent; a dash where there is none."""
    if interval is None:
        return "–"
    value, low, high = (100 * interval[key] for key in ("value", "low", "high"))
    return f"{value:.1f} % [{low:.1f}, {high:.1f}]"


def _plain(interval: Document | None) -> str:
    if interval is None:
        return "–"
    return f"{interval['value']:.2f} [{interval['low']:.2f}, {interval['high']:.2f}]"


def _sample(document: Document) -> str:
    keys = ("samples", "most_samples", "new", "prompt_tokens", "completion_tokens", "failures")
    rows = [[side, *(pool[key] for key in keys)] for side, pool in document["pools"].items()]
    headers = ("pool", "samples", "at most", "drawn now", "prompt tokens", "completion tokens",
               "refused")  # fmt: skip
    return _table(headers, rows)


def _grade(document: Document) -> str:
    keys = ("samples", "correct", "wrong", "undecided", "unparsed")
    rows = [
        [side, *(pool[key] for key in keys), _dash(pool["false_positives"])]
        for side, pool in document["pools"].items()
    ]
    table = _table(
        ("pool", "samples", "correct", "wrong", "undecided", "without answer", "false positives"),
        rows,
    )
    shares = [shares_text(side, pool) for side, pool in document["pools"].items()]
    return "\n".join([table, *shares, shares_text("in all", document)])


def shares_text(label: str, document: Document) -> str:
    """Verdicts by rule and by stage, and last the shares of the outcomes."""
    lines = [
        f"{label}, {name}: "
        + ", ".join(f"{key} {100 * found['share']:.1f} %" for key, found in document[name].items())
        for name in ("rules", "stages")
        if document.get(name)
    ]
    samples = document["samples"]
    outcomes = (
        f"{name} {document[name]:,} ({100 * document[name] / max(1, samples):.1f} %)"
        for name in ("correct", "wrong", "undecided")
    )
    return "\n".join([*lines, f"{label}: {samples:,} samples: {', '.join(outcomes)}"])


def _dash(value: object) -> object:
    return "–" if value is None else value


def _measure(document: Document) -> str:
    rows = []
    for name, budget in document["budgets"].items():
        for side, metrics in budget["sides"].items():
            rows.append(
                [
                    name,
                    side,
                    _samples(budget, side),
                    metrics["undecided"],
                    percent(metrics["coverage"]),
                    _plain(metrics["diversity_all"]),
                    _plain(metrics["diversity_solved"]),
                    percent(metrics["false_positive_rate"]),
                ]
            )
    headers = ("budget", "side", "samples", "undecided", "coverage", "diversity, all",
               "diversity, solved", "false positives")  # fmt: skip
    return _table(headers, rows)


def _samples(budget: Document, side: str) -> int | str:
    """Samples a problem; in words where some problems have one more, so no table rounds them."""
    most: int = budget["samples_per_problem"][side]
    mean: float = budget["mean_samples_per_problem"][side]
    return most if mean == most else f"{mean_count(mean)} on average"


def _build(document: Document) -> str:
    rows = [
        [arm["arm"], arm["budget"], arm["rows"], arm["problems"], arm["reason"]]
        for arm in document["arms"]
    ]
    return _table(("arm", "budget", "rows", "problems", "note"), rows)


def _train(document: Document) -> str:
    from harness.cells import Cell

    rows = [
        [
            Cell(**state["cell"]).id,
            state["status"],
            _dash(state.get("rows")),
            _dash(state.get("steps")),
            _dash(state.get("final_loss")),
            state.get("reason") or "",
        ]
        for state in document["cells"]
    ]
    return _table(("cell", "status", "rows", "steps", "final loss", "note"), rows)


def _evaluate(document: Document) -> str:
    rows = [
        [model["model_id"], model["problems"], percent(model["pass_at_1"]), model["undecided"]]
        for model in document["models"]
    ]
    return _table(("model", "problems", "pass@1", "undecided"), rows)


def _report(document: Document) -> str:
    files = [*document["report"].values(), document.get("entry", "")]
    return "\n".join([document["headline"], *filter(None, files)])


_SUMMARIES: dict[str, Callable[[Document], str]] = {
    "sample": _sample,
    "grade": _grade,
    "measure": _measure,
    "build": _build,
    "train": _train,
    "evaluate": _evaluate,
    "report": _report,
}
