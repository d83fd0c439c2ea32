"""YAML in and out: values of YAML 1.2, lines of every key, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.recipe.yaml_text import YamlProblem, dump_yaml, parse_value, parse_yaml
from tests.recipe.strategies import TEXTS

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | TEXTS
    | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert parse_yaml(dump_yaml(value)).value == value


@given(VALUES)
def test_types_survive_too(value: Any) -> None:
    assert repr(parse_yaml(dump_yaml(value)).value) == repr(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5e-4", 5e-4), ("1e-6", 1e-6), ("1E3", 1000.0), (".5", 0.5), ("-0.0", -0.0),
        ("-.inf", -math.inf), ("12", 12), ("+3", 3), ("0o17", 15), ("0x1f", 31), ("010", 10),
        ("true", True), ("False", False), ("yes", "yes"), ("on", "on"), ("no", "no"),
        ("~", None), ("null", None), ("", None), ("1_000", "1_000"), ("1:30", "1:30"),
        ("2024-08-12", "2024-08-12"), ("'5'", "5"), ('"a\\nb"', "a\nb"), ("[1, a]", [1, "a"]),
        ("{a: 1}", {"a": 1}), ("!!str 5", "5"), ("!!float 5", 5.0),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    parsed = parse_yaml(f"key: {text}\n").value["key"]
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3), ("5e-4", 5e-4), ("true", True), ("", None), (" 7 ", 7), ("a: b", "a: b"),
        ("[1, 2]", [1, 2]), ("{a: [b]}", {"a": ["b"]}), ("'3'", "3"), ("# no", "# no"),
        ("http://h:1/v1", "http://h:1/v1"), ("Q: {question}", "Q: {question}"), ("*x", "*x"),
    ],
)  # fmt: skip
def test_values_of_overrides(text: str, value: Any) -> None:
    assert parse_value(text) == value


@pytest.mark.parametrize("text", ["[1, 2", "{a: 1", "'x", '"x', "9" * 5000, "[*a]"])
def test_values_that_do_not_parse_are_refused(text: str) -> None:
    with pytest.raises(YamlProblem):
        parse_value(text)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3, "expected ',' or ']'"),
        ("a:\n\tb: 1\n", 2, "\\t"),
        ("a: b: c\n", 1, "mapping values are not allowed"),
        ("a: 1\n---\nb: 2\n", 2, "another document"),
        ("a: 1\nb: \x01\n", 2, "#x0001"),
        ("a: *b\n", 1, "undefined alias"),
        ("a: &x [*x]\n", 1, "refers to itself"),
        ("? [1]\n: 2\n", 1, "a key must be a text"),
        ("a: 1\nb: !!python/name:os.system x\n", 2, "is not allowed"),
        ("a: 1\nb: !!int abc\n", 2, "does not fit its tag"),
        ('a: "\\ud800"\n', 1, "half a character"),
        ("[" * 1200, 1, "nested too deeply"),
    ],
)
def test_problems_have_a_place(text: str, line: int, words: str) -> None:
    with pytest.raises(YamlProblem) as problem:
        parse_yaml(text)
    assert problem.value.line == line
    assert words in str(problem.value)


def test_references_may_not_explode() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8)]
    with pytest.raises(YamlProblem, match="more than 100,000 values"):
        parse_yaml("\n".join(lines))


def test_repeated_keys_are_found_with_both_lines() -> None:
    parsed = parse_yaml("a: 1\nb:\n  c: 2\n  d: 3\n  c: 4\na: 5\n")
    assert parsed.value == {"a": 1, "b": {"c": 2, "d": 3}}
    assert parsed.repeated == [(("b", "c"), 3, 5), (("a",), 1, 6)]


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), VALUES, min_size=1))
def test_every_top_key_has_the_line_that_it_stands_on(values: dict[str, Any]) -> None:
    text = dump_yaml(values)
    parsed = parse_yaml(text)
    lines = text.splitlines()
    for key in values:
        line = lines[parsed.lines[(key,)] - 1]
        assert line.startswith((f"{key}:", f"'{key}':", f'"{key}":')), line


@given(VALUES)
def test_any_other_reader_of_yaml_agrees_on_structure(value: Any) -> None:
    """PyYAML reads the same shape; only scalars that YAML 1.1 reads otherwise may differ."""

    def shape(node: Any) -> Any:
        if isinstance(node, dict):
            return [shape(inner) for inner in node.values()]
        return [shape(inner) for inner in node] if isinstance(node, list) else "scalar"

    loaded = yaml.load(dump_yaml({"v": value}), Loader=yaml.BaseLoader)
    if isinstance(value, dict | list):
        assert shape(loaded["v"]) == shape(value)
