"""Lines of a stranger: what the standard library reads is read the same, the rest is named."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.interchange import json_lines
from harness.interchange.bad_rows import BadRow
from harness.interchange.json_lines import JsonLines, parse_object

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False,
    allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def read(path: Path) -> list[tuple[int, Any]]:
    """Line numbers with the row, or with the kind of its fault."""
    return [
        (place.number, row.kind if isinstance(row, BadRow) else row)
        for place, row in JsonLines(path).rows()
    ]


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_every_object_that_python_writes_is_read_back(document: dict[str, Any]) -> None:
    assert parse_object(json.dumps(document).encode()) == document
    assert parse_object(json.dumps(document).encode() + b"\r\n") == document


@given(st.binary(max_size=60))
def test_any_bytes_are_an_object_or_a_named_fault(line: bytes) -> None:
    try:
        assert isinstance(parse_object(line), dict)
    except BadRow as fault:
        assert fault.kind in {"not JSON", "not UTF-8", "not an object", "nested too deeply"}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b'{"a": NaN}', "not JSON"),
        (b'{"a": Infinity}', "not JSON"),
        (b'{"a": 1', "not JSON"),
        (b'{"a": "\x00"}', "not JSON"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'["a"]', "not an object"),
        (b"3", "not an object"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    ],
)
def test_what_is_no_object_is_told_by_kind(line: bytes, kind: str) -> None:
    with pytest.raises(BadRow) as found:
        parse_object(line)
    assert found.value.kind == kind


def test_lone_surrogates_are_left_to_the_reader_of_the_row() -> None:
    assert parse_object(rb'{"a": "x\ud800"}') == {"a": "x\ud800"}


def test_line_ends_blank_lines_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"n": 1}\r\n\r\n  \n{"n": 4}\n{"n": "\xe2\x80\xa8"}')
    assert read(path) == [(1, {"n": 1}), (4, {"n": 4}), (5, {"n": "\u2028"})]


def test_a_torn_last_line_says_so(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"n": 1}\n{"n": 2')
    (_, _), (place, fault) = JsonLines(path).rows()
    assert place.number == 2 and isinstance(fault, BadRow)
    assert "cut off?" in fault.message


def test_gzip_is_told_by_its_content_and_may_be_cut_anywhere(tmp_path: Path) -> None:
    rows = [{"n": number, "text": f"{number * 7919 % 1013}" * 20} for number in range(400)]
    whole = gzip.compress("".join(json.dumps(one) + "\n" for one in rows).encode())
    path = tmp_path / "rows.jsonl"  # Not called .gz.
    path.write_bytes(whole)
    assert [one for _, one in read(path)] == rows
    for length in (3, 12, len(whole) // 3, len(whole) - 9, len(whole) - 1):
        path.write_bytes(whole[:length])
        found = [one for _, one in read(path)]
        assert found[-1] == "cut off"
        assert [one for one in found if isinstance(one, dict)] == rows[: len(found) - 1]


def test_a_line_without_end_costs_that_line_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_lines, "MAX_LINE_BYTES", 100)
    path = tmp_path / "rows.jsonl"
    for length in (90, 100, 101, 102, 200, 202, 1000):
        path.write_bytes(b'{"n": 1}\n' + b'{"x": "' + b"x" * (length - 10) + b'"}\n{"n": 3}\n')
        second = {"x": "x" * (length - 10)} if length <= 100 else "too long"
        assert read(path) == [(1, {"n": 1}), (2, second), (3, {"n": 3})]
