"""The report as one HTML file that needs nothing else: no script, no font, no picture file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.report.blocks import TONES, Block, Figure, Section, Tone, verdict_label
from harness.report.numbers import count, digits_for, interval_signed, signed
from harness.report.schema import Finding, Report
from harness.report.wording import PARADIGM_NAMES, TOPICS

_TEMPLATES = Path(__file__).parent / "templates"
_UNIT = re.compile(r"(?<=\d) (?=%|points|WC|SE)|(?<=\bp) (?=[<=])|(?<=[<=]) (?=\d)")
_TILE_TOPICS = ("coverage", "diversity_all", "false_positive_rate")


@dataclass(frozen=True)
class Tile:
    """One result at a glance."""

    label: str
    value: str
    unit: str
    interval: str
    verdict: str
    tone: Tone


def html_of(report: Report, sections: Sequence[Section]) -> str:
    """The whole report; every text in it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["glue"] = glued
    environment.filters["figures_together"] = figures_together
    environment.filters["kind"] = lambda block: type(block).__name__
    # Plots are drawn here from numbers; matplotlib escapes the labels in them.
    environment.filters["drawing"] = lambda figure: Markup(figure.svg())
    template = environment.get_template("report.html.j2")
    return template.render(
        report=report, sections=sections, tiles=tiles_of(report), facts=facts_of(report)
    )


def glued(text: str) -> str:
    """The text with numbers kept on one line with their units."""
    return _UNIT.sub("\u00a0", text)


@dataclass(frozen=True)
class Piece:
    """Neighbouring figures, or one other block."""

    figures: Sequence[Figure] = ()
    block: Block | None = None


def figures_together(blocks: Sequence[Block]) -> list[Piece]:
    """The blocks in order, figures that follow each other as one piece, side by side."""
    pieces: list[Piece] = []
    for is_figure, group in groupby(blocks, key=lambda block: isinstance(block, Figure)):
        if is_figure:
            pieces.append(Piece([block for block in group if isinstance(block, Figure)]))
        else:
            pieces += [Piece(block=block) for block in group]
    return pieces


def tiles_of(report: Report) -> list[Tile]:
    """Data quality at the most expensive budget, then every comparison of finetuned models."""
    tiles = []
    if report.budgets:
        largest = max(report.budgets, key=lambda name: report.budgets[name].cost.se)
        tiles = [
            _tile(finding, f"{TOPICS[finding.topic].noun.capitalize()}, {largest}")
            for name in _TILE_TOPICS
            for finding in report.findings
            if finding.topic == name and finding.budget == largest
        ]
    tiles += [
        _tile(finding, f"pass@1, {_short(finding.paradigm)}, {finding.budget}")
        for finding in report.findings
        if finding.topic == "finetuning"
    ]
    return tiles


def _short(paradigm: str | None) -> str:
    return PARADIGM_NAMES.get(paradigm or "", paradigm or "").partition(" (")[0]


def _tile(finding: Finding, label: str) -> Tile:
    topic = TOPICS.get(finding.topic)
    scale, unit = (topic.scale, topic.unit) if topic else (100, "points")
    digits = max(1 if scale == 100 else 2, digits_for(finding.difference, scale))
    return Tile(
        label=label,
        value=signed(scale * finding.difference.value, digits),
        unit=unit,
        interval=interval_signed(finding.difference, scale, digits),
        verdict=verdict_label(finding),
        tone=TONES[finding.verdict],
    )


def facts_of(report: Report) -> list[tuple[str, str]]:
    """The experiment in one line of labels and values."""
    facts: list[tuple[str, Any]] = [
        ("WC", report.pair["wc"].label),
        ("SE", report.pair["se"].label),
    ]
    if report.match:
        facts.append(("match", f"{report.match.kind}, {report.match.ratio:.3g} : 1"))
    if report.problems.train:
        facts.append(("training problems", count(report.problems.train)))
    if report.problems.test:
        facts.append(("test problems", count(report.problems.test)))
    facts.append(("training seeds", len(report.provenance.seeds.get("training", []))))
    if report.recipe.profile:
        facts.append(("profile", report.recipe.profile))
    return [(label, str(value)) for label, value in facts]
