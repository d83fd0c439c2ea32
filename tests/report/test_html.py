"""The HTML file: well-formed, self-contained, deaf to hostile text; and its plots."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from lxml import etree

from harness.files import read_json, write_json
from harness.progress import Progress
from harness.report.blocks import Figure, Paragraph
from harness.report.html import figures_together, glued
from harness.report.stage import report
from harness.report.svg import drawn
from tests.report.factories import made_run

VOID = {"meta", "br", "link", "img", "hr", "input"}
FETCHING = {"src", "srcset", "data", "poster", "background", "action", "formaction", "ping"}
HOSTILE = "<script>alert('x')</script>\"'><img src=http://evil/x onerror=y> | $\\frac{ & [a](b)"


class Checker(HTMLParser):
    """Notes unbalanced tags, doubled ids, scripts, handlers, and what would be fetched."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.problems: list[str] = []
        self.ids: set[str] = set()
        self.anchors: set[str] = set()
        self.tags: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._attributes(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._attributes(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def _attributes(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            value = value or ""
            if name in FETCHING or name.startswith("on"):
                self.problems.append(f"<{tag} {name}={value}>")
            if name.endswith("href"):
                if not value.startswith("#"):
                    self.problems.append(f"<{tag} {name}={value}>")
                self.anchors.add(value[1:])
            if name == "id":
                if value in self.ids:
                    self.problems.append(f"id {value} twice")
                self.ids.add(value)
            self.anchors.update(re.findall(r"url\(#([^)]+)\)", value))


def checked(text: str) -> Checker:
    checker = Checker()
    checker.feed(text)
    checker.close()
    assert checker.problems == []
    assert checker.open == []
    assert checker.anchors <= checker.ids
    assert not {"script", "link", "iframe", "object", "embed", "img", "base"} & set(checker.tags)
    assert not re.search(r"@import|url\(\s*['\"]?(?!#)", text)
    return checker


@pytest.mark.parametrize("upto", ["plan", "measure", "evaluate"])
def test_it_is_well_formed_and_needs_nothing_else(tmp_path: Path, upto: str) -> None:
    run = made_run(tmp_path / "run", upto=upto)
    report(run, Progress(live=False))
    text = run.report("html").read_text()
    checker = checked(text)
    assert text.startswith("<!DOCTYPE html>")
    assert checker.tags.count("svg") == {"plan": 0, "measure": 4, "evaluate": 6}[upto]
    assert checker.tags.count("title") == 1
    assert "prefers-color-scheme: dark" in text


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", overrides=(f"description={json.dumps(HOSTILE)}",))
    measure = read_json(run.measure_file)
    measure["match"]["kind"] = measure["match"]["unit"] = HOSTILE
    for budget in measure["budgets"].values():
        budget["cost"]["unit"] = HOSTILE
        for side in budget["sides"].values():
            side["by_level"][HOSTILE] = side["by_level"].pop("5")
    measure["budgets"][HOSTILE] = measure["budgets"].pop("high")
    write_json(run.measure_file, measure)
    evaluations = read_json(run.evaluations_file)
    evaluations["task"] = evaluations["models"][0]["model_id"] = HOSTILE
    evaluations["comparisons"][0]["paradigm"] = evaluations["comparisons"][0]["budget"] = HOSTILE
    write_json(run.evaluations_file, evaluations)
    write_json(
        run.cell("wc_lm-wc-high-seed1") / "state.json", {"status": "failed", "reason": HOSTILE}
    )
    report(run, Progress(live=False))
    checker = checked(run.report("html").read_text())
    shown = "".join(checker.text)
    assert shown.count("<script>alert('x')</script>") > 10
    assert checker.tags.count("svg") == 6


def test_a_plot_is_an_xml_element_that_carries_its_description() -> None:
    def draw(axes: object) -> None:
        axes.plot([1, 2], [3, 4], label="<a> & $x$")  # type: ignore[attr-defined]
        axes.legend()  # type: ignore[attr-defined]

    text = drawn("one", 'says "this" & that', (4, 3), draw)
    tree = etree.fromstring(text)
    assert tree.get("aria-label") == 'says "this" & that'
    assert "<a> & $x$" in list(tree.itertext())
    assert "#010a0" not in text
    assert "http" not in text
    assert text == drawn("one", 'says "this" & that', (4, 3), draw)
    ids = set(tree.xpath("//@id"))
    assert ids
    assert all(one.startswith("one-") for one in ids)
    other = etree.fromstring(drawn("two", "", (4, 3), draw))
    assert not ids & set(other.xpath("//@id"))


def test_plots_do_not_depend_on_the_users_matplotlib_settings() -> None:
    import matplotlib

    def draw(axes: object) -> None:
        axes.plot([1, 2], [3, 4])  # type: ignore[attr-defined]

    plain = drawn("one", "", (4, 3), draw)
    with matplotlib.rc_context({"font.size": 30, "axes.grid": False, "lines.linewidth": 9}):
        assert drawn("one", "", (4, 3), draw) == plain


def test_neighbouring_figures_stand_together() -> None:
    one, two, text = Figure(str, "1"), Figure(str, "2"), Paragraph("between")
    pieces = figures_together([one, two, text, one])
    assert [(list(piece.figures), piece.block) for piece in pieces] == [
        ([one, two], None), ([], text), ([one], None),
    ]  # fmt: skip


def test_numbers_stay_with_their_units() -> None:
    assert glued("49.0 % and +2.7 points, p < 0.001") == (
        "49.0\u00a0% and +2.7\u00a0points, p\u00a0<\u00a00.001"
    )
