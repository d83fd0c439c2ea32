"""The process of a program under test: chooses its text, runs it, and calls what tests ask for.

From the moment that the program starts, nothing that this process says is trusted. It knows
neither the tests nor what they expect, only the arguments of each call.
"""

from __future__ import annotations

import ast
import builtins
import os
import sys
import types
from collections.abc import Callable
from functools import partial
from typing import Any

from harness.grading.code.inside.bindings import free_names
from harness.grading.code.inside.link import Link, LinkBroken, lower_rights
from harness.grading.code.inside.plain_values import NotPlain, decoded, encoded

_CUTS = 20
_REASON_CHARACTERS = 300
_MODULE_NAMES = {"__name__", "__file__", "__doc__"}


class Solution:
    """The namespace of the program, and its objects that tests hold."""

    def __init__(self) -> None:
        self._module = types.ModuleType("solution")
        # Data classes and type hints look their module up.
        sys.modules["solution"] = self._module
        self._held: list[Any] = []

    def run(self, sources: list[str]) -> dict[str, Any]:
        """Runs sources one after the other in the namespace."""
        for source in sources:
            exec(compiled(source), self._module.__dict__)
        return {"value": None}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Does what the tests ask."""
        target = self._target(request)
        if request["do"] == "get":
            return {"value": self._encoded(getattr(target, request["name"]))}
        if request["do"] == "set":
            setattr(target, request["name"], decoded(request["value"], self._held.__getitem__))
            return {"value": None}
        arguments = [decoded(item, self._held.__getitem__) for item in request["arguments"]]
        keywords = {
            name: decoded(item, self._held.__getitem__)
            for name, item in request["keywords"].items()
        }
        value = self._encoded(target(*arguments, **keywords))
        return {"value": value, "changed": self._changed(request["arguments"], arguments)}

    def _target(self, request: dict[str, Any]) -> Any:
        if "object" in request:
            return self._held[request["object"]]
        try:
            return self._module.__dict__[request["global"]]
        except KeyError:
            raise NameError(f"name {request['global']!r} is not defined") from None

    def _changed(self, before: list[Any], arguments: list[Any]) -> dict[str, Any]:
        """Arguments that the call has changed, by position: a test may look at them."""
        changed = {}
        for position, argument in enumerate(arguments):
            if isinstance(argument, list | dict | set | bytearray):
                after = self._encoded(argument)
                if after != before[position]:
                    changed[str(position)] = after
        return changed

    def _encoded(self, value: Any) -> Any:
        return encoded(value, self._hold)

    def _hold(self, value: Any) -> dict[str, int]:
        self._held.append(value)
        return {"object": len(self._held) - 1}


def compiled(source: str) -> types.CodeType:
    """A source as code, without the `__future__` of this file."""
    return compile(source, "<solution>", "exec", dont_inherit=True)


def defined_names(tree: ast.Module) -> set[str]:
    """Names that a program binds on its top level, also within `if` and `try`."""
    names: set[str] = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif not isinstance(node, ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))
    return names


def parsed_prefix(text: str) -> tuple[str, ast.Module | None]:
    """The longest part of a text, cut before a line without indentation, that is a program.

    What is cut: prose behind a program, and a last definition that a token limit broke off.
    """
    lines = text.splitlines(keepends=True)
    for _ in range(_CUTS):
        try:
            text = "".join(lines)
            compiled(text)  # Finds more than `ast.parse`: `return` outside of a function.
            return text, ast.parse(text)
        except SyntaxError as problem:
            fault = min(problem.lineno or len(lines), len(lines))
        except (ValueError, RecursionError, MemoryError):
            break
        fault -= 1
        while fault > 0 and not lines[fault][:1].strip():
            fault -= 1
        # A line that closes or carries on what is above it is no place for a cut.
        lines = lines[:fault]
        if not lines:
            break
    return "", None


def chosen(texts: list[str], needed: set[str], given: set[str]) -> tuple[int, str]:
    """The first text that is a program and fits best.

    Best is one that defines what is needed and reads no name that nobody binds (a block whose
    imports stand in another block does), then one that defines it, then any program.

    Args:
        texts: the likeliest first.
        needed: names that the tests read.
        given: names that are bound before the program runs.

    Returns:
        Its position, and the part of it that is a program; (-1, "") where none is one.
    """
    best, found = 0, (-1, "")
    for position, text in enumerate(texts):
        program, tree = parsed_prefix(text)
        if tree is None or not program.strip():
            continue
        fit = 1
        if needed <= defined_names(tree):
            strangers = set(free_names(program)) - given - set(dir(builtins)) - _MODULE_NAMES
            fit = 2 if strangers else 3
        if fit > best:
            best, found = fit, (position, program)
        if fit == 3:
            break
    return found


def serve(link: Link) -> None:
    """Loads the program and answers until the tests have ended."""
    request = link.receive()
    solution = Solution()
    trees = {source: parsed_prefix(source) for source in request["prelude"]}
    prelude = {source: tree for source, (whole, tree) in trees.items() if tree and whole == source}
    given = set().union(*map(defined_names, prelude.values()))
    position, program = chosen(request["texts"], set(request["needed"]), given)
    link.send({"chosen": position, "characters": len(program)})
    _reply(link, partial(solution.run, [*prelude, program]))
    while True:
        _reply(link, partial(solution.answer, link.receive()))


def _reply(link: Link, act: Callable[[], dict[str, Any]]) -> None:
    try:
        reply = act()
    except BaseException as problem:  # noqa: BLE001 (a stranger's program may raise anything)
        reply = {"raised": type(problem).__name__, "text": _text_of(problem)}
    try:
        link.send(reply)
    except (ValueError, RecursionError):
        link.send({"raised": "NotPlain", "text": "the value cannot be written as JSON"})


def _text_of(problem: BaseException) -> str:
    try:
        return str(problem)[:_REASON_CHARACTERS]
    except BaseException:  # noqa: BLE001 (its __str__ is a stranger's too)
        return ""


def main(settings: dict[str, Any]) -> None:
    """Serves on standard input, which programs then find empty."""
    connection = os.dup(0)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    lower_rights(settings)
    try:
        serve(Link(connection, settings["value_bytes"]))
    except (LinkBroken, NotPlain):
        return
