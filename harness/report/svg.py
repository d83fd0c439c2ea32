"""Draws with matplotlib into SVG that a page can style: no fonts, no dates, no fixed colours.

A figure is drawn in stand-in colours that become CSS variables of the page, so the same plot
is readable on a light and on a dark background. Text stays text. Equal figures give equal
bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import escape

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

# Stand-ins: unlikely hexadecimal colours, each replaced by a variable of the page.
INK, MUTED, GRID, WC, SE, BASE, PAPER = (
    "#010a01", "#010a02", "#010a03", "#010a04", "#010a05", "#010a06", "#010a07",
)  # fmt: skip
_VARIABLES = {
    INK: "--ink", MUTED: "--muted", GRID: "--line", WC: "--wc", SE: "--se", BASE: "--base",
    PAPER: "--card",
}  # fmt: skip
COLOURS = {"wc": WC, "se": SE, "base": BASE}
MARKERS = {"wc": "o", "se": "s", "base": "D"}

_STYLE = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # A label from data may hold a dollar sign.
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": GRID,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.major.size": 0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "lines.linewidth": 2,
    "figure.constrained_layout.use": True,
}
_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def drawn(
    name: str, description: str, size: tuple[float, float], draw: Callable[[Axes], None]
) -> str:
    """An SVG element with one pair of axes.

    Args:
        name: unique in the page; part of every id inside.
        description: what a reader who cannot see the plot is told.
        size: inches, at 72 units an inch.
        draw: draws into the axes.
    """
    settings = {**_STYLE, "svg.hashsalt": name}
    with style.context(["default", settings]):
        canvas = Canvas(figsize=size)
        draw(canvas.add_subplot())
        buffer = io.StringIO()
        canvas.savefig(buffer, format="svg", metadata=_METADATA)
    return _inlined(buffer.getvalue(), name, description)


def _inlined(document: str, name: str, description: str) -> str:
    text = document[document.index("<svg") :].strip()
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = re.sub(r"font: (?:[a-z0-9]+ )*?([\d.]+px) [^;\"]*", r"font: \1 var(--font)", text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    # Width and height are the page's affair; the view box keeps the proportions.
    opening = text[: text.index(">") + 1]
    cleaned = re.sub(r'\s(?:width|height|version|xmlns(?::xlink)?)="[^"]*"', "", opening)
    cleaned = cleaned.replace(
        "<svg", f'<svg role="img" aria-label="{escape(description, quote=True)}"', 1
    )
    return (cleaned + text[len(opening) :]).replace("xlink:href", "href")
