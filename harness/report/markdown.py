"""The report as Markdown: readable as it is, and on a page that renders it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tabulate import tabulate

from harness.report.blocks import (
    Block,
    Bullets,
    Cell,
    Code,
    Figure,
    Fold,
    Paragraph,
    Section,
    Table,
)
from harness.report.schema import Report

# Only what Markdown would act on, so that plain sentences stay plain.
_ACTIVE = re.compile(r"([\\`*|\[\]]|(?<![^\W_])_|_(?![^\W_])|<(?=[A-Za-z/!?])|&(?=#?\w+;))")
_LEADING = re.compile(r"^(\d*)([#>+=~.)-])(?=\s|[#>=~-]|$)")


def escaped(text: str) -> str:
    """Text as one line of Markdown that renders as that text and nothing else."""
    return _LEADING.sub(r"\1\\\2", _inline(text))


def markdown_of(report: Report, sections: Sequence[Section]) -> str:
    """The whole report; plots are in the HTML file only."""
    parts = [f"# {escaped(report.recipe.name)}", f"**{escaped(report.headline)}**"]
    if report.recipe.description:
        parts.append(escaped(report.recipe.description))
    for section in sections:
        parts.append(f"## {escaped(section.title)}")
        parts += [text for block in section.blocks if (text := _block(block))]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> str:
    match block:
        case Paragraph(text):
            return escaped(text)
        case Bullets(items):
            return "\n".join(f"- {escaped(text)}" for _, _, text in items)
        case Table():
            return _table(block)
        case Code(text):
            return "\n".join(f"    {line}" for line in text.splitlines())
        case Fold(_, blocks, True):
            return "\n\n".join(text for inner in blocks if (text := _block(inner)))
        case Figure() | Fold():
            return ""


def _table(table: Table) -> str:
    words = table.text_columns
    body = tabulate(
        [[_cell(cell) for cell in row] for row in table.rows],
        [escaped(header) for header in table.headers],
        tablefmt="github",
        disable_numparse=True,
        colalign=["left"] * words + ["right"] * (len(table.headers) - words),
    )
    note = f"\n\n{escaped(table.note)}" if table.note else ""
    return f"**{escaped(table.caption)}**\n\n{body}{note}"


def _cell(cell: Cell) -> str:
    note = f" ({', '.join(map(_inline, cell.note.splitlines()))})" if cell.note else ""
    text = _inline(cell.text)
    return f"**{text}**{note}" if cell.tone in ("wc", "se", "found") else f"{text}{note}"


def _inline(text: str) -> str:
    # Within a line, signs that open lists, headings or quotes need no backslash.
    return _ACTIVE.sub(r"\\\1", " ".join(text.split()))
