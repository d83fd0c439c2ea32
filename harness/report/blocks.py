"""The parts that a rendered report is built from, the same for Markdown and HTML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.report.schema import Finding, Verdict

Tone = Literal["", "wc", "se", "none", "found"]
TONES: dict[Verdict, Tone] = {
    "wc_higher": "wc",
    "se_higher": "se",
    "no_difference": "none",
    "no_interval": "none",
}
VERDICT_LABELS: dict[Verdict, str] = {
    "wc_higher": "WC higher",
    "se_higher": "SE higher",
    "no_difference": "no difference found",
    "no_interval": "no interval",
}


def verdict_label(finding: Finding) -> str:
    """What a finding says in a few words, by its interval, and whether the test disagrees."""
    return VERDICT_LABELS[finding.verdict] + (", borderline" if finding.borderline else "")


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: what it says.
        note: an interval or remarks behind it, one a line.
        tone: which side it favours; `found` for other differences whose interval excludes 0.
    """

    text: str
    note: str = ""
    tone: Tone = ""


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """Statements, each with a label and a tone (both may be empty)."""

    items: Sequence[tuple[str, Tone, str]]


@dataclass(frozen=True)
class Table:
    """A table; the first `text_columns` columns are words, the others numbers."""

    caption: str
    headers: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    text_columns: int = 1
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """A plot, drawn as an SVG element when it is asked for, and what it shows."""

    svg: Callable[[], str]
    caption: str


@dataclass(frozen=True)
class Code:
    """Text to be copied as it is."""

    text: str


@dataclass(frozen=True)
class Fold:
    """Blocks that HTML hides behind a summary, and Markdown leaves out unless it is told."""

    summary: str
    blocks: Sequence[Block]
    in_markdown: bool = False


Block = Paragraph | Bullets | Table | Figure | Code | Fold


@dataclass(frozen=True)
class Section:
    """A headed part of the report."""

    anchor: str
    title: str
    blocks: Sequence[Block] = field(default_factory=tuple)
