"""YAML with the line of every key: parsed as YAML 1.2 reads it, and written so that it reads back.

PyYAML alone follows YAML 1.1, where `5e-4` is a text, `on` a truth value and `2024-08-12` a
date, and it drops line numbers and lets a repeated key win in silence. So its parser is used
up to the node tree, and the values are made here: the resolution rules are those of YAML 1.2,
a repeated key is refused with both lines, and every path of keys knows its line.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]

_MAX_NODES = 100_000
_RULES = (
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("tag:yaml.org,2002:int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "tag:yaml.org,2002:float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+0123456789."),
    ),
)
_STRING = "tag:yaml.org,2002:str"


class YamlProblem(ValueError):
    """A text that is not the YAML that a recipe may use.

    Attributes:
        line: counted from 1.
        column: counted from 1; 0 where the whole line is meant.
        problem: what is wrong there.
    """

    def __init__(self, line: int, column: int, problem: str) -> None:
        self.line = line
        self.column = column
        self.problem = problem
        super().__init__(f"{line}:{column}: {problem}")


@dataclass(frozen=True)
class Parsed:
    """A document, the line of each of its paths, and the keys that stand twice."""

    value: Any
    lines: dict[Path, int]
    repeated: list[tuple[Path, int, int]] = field(default_factory=list)


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (PyYAML's own protocol)


class _Dumper(yaml.SafeDumper):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (PyYAML's own protocol)

    def ignore_aliases(self, data: Any) -> bool:
        """Equal values are written twice, not as an anchor and a reference."""
        return True


for _tag, _pattern, _first in _RULES:
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(_tag, re.compile(rf"^(?:{_pattern})$"), _first)


def _represent_text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    # One line with \n in it is easier to read than PyYAML's blank lines, and line breaks of
    # other alphabets survive in double quotes only.
    odd = any(character in "\n\r\x85\u2028\u2029\ufeff" for character in value)
    return dumper.represent_scalar(_STRING, value, style='"' if odd else None)


_Dumper.add_representer(str, _represent_text)


def parse_yaml(text: str) -> Parsed:
    """Reads one YAML document.

    Raises:
        YamlProblem: the text does not parse, or uses what a recipe may not (several
            documents, tags, keys that are not text, references to itself).
    """
    return _Values().parsed(_composed(text))


# Parsing takes most of the time of loading; the same card is read for many recipes.
@functools.lru_cache(maxsize=64)
def _composed(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise _from_yaml(error) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        column = error.position - (before.rfind("\n") + 1) + 1
        raise YamlProblem(
            before.count("\n") + 1, column, f"the character #x{error.character:04x} is not allowed"
        ) from None
    except RecursionError:
        raise YamlProblem(1, 0, "it is nested too deeply") from None


def _from_yaml(error: yaml.MarkedYAMLError) -> YamlProblem:
    mark, opened = error.problem_mark or error.context_mark, error.context_mark
    words = ": ".join(filter(None, [error.context, error.problem])) or "it does not parse"
    if mark is None:
        return YamlProblem(1, 0, words)
    if error.context and opened is not None and opened.line != mark.line:
        words += f" (it began on line {opened.line + 1})"
    return YamlProblem(mark.line + 1, mark.column + 1, words)


def parse_value(text: str) -> Any:
    """The value of an override: flow YAML (`[1, 2]`, `{a: 1}`, `"x"`) or one plain scalar.

    Raises:
        YamlProblem: the text begins like flow YAML and does not parse.
    """
    if text[:1] in ("[", "{", '"', "'"):
        return parse_yaml(text).value
    resolver: Any = _Loader("")
    tag = resolver.resolve(yaml.ScalarNode, text.strip(), (True, False))
    try:
        return _scalar(tag, text.strip()) if tag != _STRING else text
    except ValueError:
        raise YamlProblem(1, 1, f"the number {text.strip()[:20]}… is too long") from None


def dump_yaml(document: Any) -> str:
    """YAML that `parse_yaml` reads back to an equal value; keys keep their order."""
    return yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, indent=2
    )


def _scalar(tag: str, text: str) -> Any:
    kind = tag.rsplit(":", 1)[-1]
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if kind == "float":
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


class _Values:
    """Makes plain values of a node tree, and notes lines and repeated keys on the way."""

    def __init__(self) -> None:
        self._lines: dict[Path, int] = {}
        self._repeated: list[tuple[Path, int, int]] = []
        self._open: set[int] = set()
        self._count = 0

    def parsed(self, node: yaml.Node | None) -> Parsed:
        if node is None:
            return Parsed(None, {(): 1})
        return Parsed(self._value(node, (), node.start_mark.line + 1), self._lines, self._repeated)

    def _value(self, node: yaml.Node, path: Path, line: int) -> Any:
        self._count += 1
        if self._count > _MAX_NODES:
            raise YamlProblem(line, 0, f"it has more than {_MAX_NODES:,} values")
        if id(node) in self._open:
            raise YamlProblem(line, 0, "it refers to itself")
        self._lines[path] = line
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [
                    self._value(item, (*path, index), item.start_mark.line + 1)
                    for index, item in enumerate(node.value)
                ]
            return self._leaf(node)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key, item, line in self._entries(node):
            if key in mapping:
                self._repeated.append(((*path, key), self._lines[(*path, key)], line))
                continue
            mapping[key] = self._value(item, (*path, key), line)
        return mapping

    def _entries(self, node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node, int]]:
        for key, item in node.value:
            mark = key.start_mark
            if not isinstance(key, yaml.ScalarNode):
                raise YamlProblem(
                    mark.line + 1, mark.column + 1, "a key must be a text, not a list or a mapping"
                )
            # `1:` and `true:` are keys too, of budgets for example; all keys are text here.
            yield key.value, item, mark.line + 1

    def _leaf(self, node: yaml.Node) -> Any:
        mark = node.start_mark
        tag, text = node.tag, node.value
        if tag not in {_STRING, *(rule[0] for rule in _RULES)}:
            raise YamlProblem(mark.line + 1, mark.column + 1, f"the tag {tag!r} is not allowed")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise YamlProblem(
                mark.line + 1, mark.column + 1, "it holds half a character (a lone surrogate)"
            )
        try:
            return _scalar(tag, text)
        except ValueError:
            raise YamlProblem(
                mark.line + 1, mark.column + 1, f"{text[:40]!r} does not fit its tag or is too long"
            ) from None
