"""Durable files: whole or not there."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.files import digest_of, read_json, sha256_of, write_atomically, write_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "document.json"
    write_json(target, {"value": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(target, {"value": float("nan")})
    with pytest.raises(TypeError):
        write_atomically(target, 3)  # type: ignore[arg-type]
    assert read_json(target) == {"value": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["document.json"]


def test_folders_are_made_and_modes_are_readable(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "text"
    write_atomically(target, "é")
    assert target.read_bytes() == "é".encode()
    assert target.stat().st_mode & 0o777 == 0o644


@given(data=st.binary(max_size=1 << 12))
def test_sha256_is_that_of_the_whole_content(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("sha") / "file"
    path.write_bytes(data)
    assert sha256_of(path) == hashlib.sha256(data).hexdigest()


@given(document=st.dictionaries(st.text(), JSON, min_size=2, max_size=5))
def test_digest_does_not_depend_on_the_order_of_keys(document: dict[str, object]) -> None:
    reversed_order = dict(reversed(list(document.items())))
    assert digest_of(document) == digest_of(reversed_order)
    assert digest_of(document) != digest_of({**document, "\x00another": 0})
