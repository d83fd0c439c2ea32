"""Markdown: text from data renders as itself, tables keep their columns."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.blocks import Bullets, Cell, Code, Figure, Fold, Paragraph, Section, Table
from harness.report.markdown import _block, escaped


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("student_lm at 93.0 % (+5.2 points, p < 0.001)", None),
        ("44.6 to 50.2", None),
        ("+1.6 points, -3, R&D, a > b", None),
        ("a|b", r"a\|b"),
        ("*bold* `code` [x](http://y) <b> &amp;", r"\*bold\* \`code\` \[x\](http://y) \<b> \&amp;"),
        ("_x_ a_b", r"\_x\_ a_b"),
        ("# heading", r"\# heading"),
        ("1. item", r"1\. item"),
        ("- item\nnext", r"\- item next"),
        ("> quote", r"\> quote"),
        ("---", r"\---"),
        ("back\\slash", r"back\\slash"),
    ],
)
def test_only_what_markdown_would_act_on_is_escaped(text: str, expected: str | None) -> None:
    assert escaped(text) == (text if expected is None else expected)


@given(st.lists(st.lists(st.text(max_size=20), min_size=3, max_size=3), min_size=1, max_size=4))
def test_a_table_keeps_its_columns_whatever_the_cells_say(rows: list[list[str]]) -> None:
    table = Table("caption", ["a", "b", "c"], [[Cell(text) for text in row] for row in rows])
    lines = _block(table).split("\n")[2:]
    assert len(lines) == len(rows) + 2
    for line in lines:
        assert len(re.split(r"(?<!\\)(?:\\\\)*\|", line)) == 5


def test_blocks() -> None:
    assert _block(Bullets([("label", "wc", "one"), ("", "", "two")])) == "- one\n- two"
    assert _block(Code("a\n  b")) == "    a\n      b"
    assert _block(Figure(str, "caption")) == ""
    assert _block(Fold("s", [Paragraph("hidden")])) == ""
    assert _block(Fold("s", [Paragraph("shown"), Figure(str, "")], in_markdown=True)) == "shown"
    cell = Cell("+1.6", "−2.1 to +5.3\np = 0.570", "wc")
    assert "**+1.6** (−2.1 to +5.3, p = 0.570)" in _block(Table("", ["a"], [[cell]]))
    assert Section("a", "b").blocks == ()
