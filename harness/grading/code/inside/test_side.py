"""The process of the tests: runs them here, and asks the program's process for each call.

It alone knows the token that says "all tests have run". The program never runs in this process,
and only plain values come back from it.
"""

from __future__ import annotations

import ast
import builtins
import json
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from harness.grading.code.inside.bindings import free_names, given_helpers, needed_names
from harness.grading.code.inside.link import Link, LinkBroken, lower_rights
from harness.grading.code.inside.plain_values import NotPlain, decoded, encoded

_REASON_CHARACTERS = 300
_RAISED = {
    name: kind
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, Exception) and "Group" not in name
}


class ProgramError(Exception):
    """The program raised an exception of its own."""


class ProgramEnded(BaseException):
    """The program is over; no test can go on."""


class Program:
    """The program, seen from the tests."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.ended: str | None = None

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Its reply; exceptions of the program are raised here, with the standard types."""
        if self.ended is None:
            try:
                self.link.send(request)
                reply = self.link.receive()
            except LinkBroken as problem:
                self._end(f"it ended before its tests did ({problem})")
            if not isinstance(reply, dict):
                self._end("it sent what is no reply")
            if "raised" in reply:
                self._raise(str(reply["raised"]), str(reply.get("text")))
            return reply
        raise ProgramEnded(self.ended)

    def value(self, document: Any) -> Any:
        """A value that it sent."""
        try:
            return decoded(document, lambda number: Remote(self, {"object": number}))
        except (NotPlain, RecursionError) as problem:
            raise ProgramError(f"a value that cannot travel ({problem})") from None

    def _raise(self, name: str, text: str) -> NoReturn:
        if name in ("SystemExit", "KeyboardInterrupt", "GeneratorExit"):
            self._end(f"it raised {name}")
        try:
            problem = _RAISED[name](text)
        except (KeyError, TypeError):
            problem = ProgramError(f"{name}: {text}")
        problem.__suppress_context__ = True
        raise problem

    def _end(self, reason: str) -> NoReturn:
        self.ended = reason
        raise ProgramEnded(reason)


class Remote:
    """An object of the program: tests call it and read its attributes. It equals only itself."""

    def __init__(self, program: Program, place: dict[str, Any]) -> None:
        self.__dict__.update(_program=program, _place=place)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Calls it there; arguments that the call has changed are changed here too."""
        program: Program = self._program
        request = {
            **self._place,
            "do": "call",
            "arguments": [_sent(item) for item in arguments],
            "keywords": {name: _sent(item) for name, item in keywords.items()},
        }
        reply = program.ask(request)
        value = program.value(reply.get("value"))
        changed = reply.get("changed")
        for position, document in changed.items() if isinstance(changed, dict) else ():
            if position.isdecimal() and int(position) < len(arguments):
                _replace(arguments[int(position)], program.value(document))
        return value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        reply = self._program.ask({**self._place, "do": "get", "name": name})
        return self._program.value(reply.get("value"))

    def __setattr__(self, name: str, value: Any) -> None:
        request = {**self._place, "do": "set", "name": name, "value": _sent(value)}
        self._program.ask(request)


class UnusableTests(Exception):
    """The tests themselves cannot be run here."""


def _sent(value: Any) -> Any:
    def hold(item: Any) -> Any:
        if isinstance(item, Remote) and "object" in item._place:
            return item._place
        raise UnusableTests(f"the tests pass a {type(item).__name__} to the program")

    return encoded(value, hold)


def _replace(container: Any, content: Any) -> None:
    """Gives a container the content that the program has left in its copy."""
    if type(container) is not type(content):
        return
    if isinstance(container, list | bytearray):
        container[:] = content
    elif isinstance(container, dict | set):
        container.clear()
        container.update(content)


Report = Callable[[dict[str, Any]], None]


def run_tests(job: dict[str, Any], program: Program, report: Report) -> None:
    """Runs the tests of a job; returns only where all of them have passed.

    Args:
        job: `tests` and `question` as text, `texts` that may be the program.
        program: the link to it.
        report: is told which text was chosen, and how far it came.
    """
    try:
        tree = ast.parse(job["tests"])
        helpers, asked = given_helpers(job["question"])
        namespace: dict[str, Any] = {"__name__": "tests"}
        exec(compile(helpers, "<question>", "exec", dont_inherit=True), namespace)
        free = free_names(job["tests"])
        needed = needed_names(tree, [name for name in free if name not in namespace])
        code = compile(tree, "<tests>", "exec", dont_inherit=True)
    except Exception as problem:  # noqa: BLE001 (tests and question are a stranger's)
        raise UnusableTests(f"{type(problem).__name__}: {problem}") from None
    if not needed:
        raise UnusableTests("they call nothing that a program could define")
    for name in set(free) & sys.stdlib_module_names - needed - set(namespace):
        namespace[name] = __import__(name)
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    prelude = [ast.unparse(ast.Module([*imports], [])), job["question"] if asked else ""]
    _load(program, {"texts": job["texts"], "needed": sorted(needed), "prelude": prelude}, report)
    namespace.update({name: Remote(program, {"global": name}) for name in needed})
    report({"stage": "tests"})
    exec(code, namespace)
    if program.ended is not None:  # A test that catches everything has gone on without it.
        raise ProgramEnded(program.ended)


def _load(program: Program, request: dict[str, Any], report: Report) -> None:
    # Said before the first line of the program runs.
    told = program.ask(request)
    report({"stage": "program", "chosen": told["chosen"], "characters": told["characters"]})
    if told["chosen"] < 0:
        raise ProgramEnded("no part of the text is a Python program")
    try:
        reply = program.link.receive()
    except LinkBroken as problem:
        program._end(f"it ended before its tests did ({problem})")
    if not isinstance(reply, dict):
        program._end("it sent what is no reply")
    if "raised" in reply:
        program._raise(str(reply["raised"]), str(reply.get("text")))


def conclusion(job: dict[str, Any], program: Program, report: Report) -> dict[str, Any]:
    """How the tests end: with the token where, and only where, all of them passed."""
    try:
        run_tests(job, program, report)
        return {"token": job["token"]}
    except ProgramEnded as problem:
        return {"ended": _clipped(str(problem))}
    except UnusableTests as problem:
        return {"unusable": _clipped(str(problem))}
    except BaseException as problem:  # noqa: BLE001 (a test fails in any way it likes)
        return {"failed": _clipped(_failure(problem, job["tests"]))}


def _failure(problem: BaseException, tests: str) -> str:
    """What failed, with the line of the tests."""
    said = f"{type(problem).__name__}: {problem}" if str(problem) else type(problem).__name__
    if isinstance(problem, ProgramError):
        said = str(problem)
    frame, number = problem.__traceback__, 0
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == "<tests>":
            number = frame.tb_lineno
        frame = frame.tb_next
    return f"{said} at {tests.splitlines()[number - 1].strip()}" if number else said


def _clipped(text: str) -> str:
    return text if len(text) <= _REASON_CHARACTERS else f"{text[: _REASON_CHARACTERS - 1]}…"


def main(settings: dict[str, Any]) -> None:
    """Reads a job from standard input, and reports to standard output, a JSON line a step."""
    with os.fdopen(0, "rb", closefd=False) as source:
        job = json.loads(source.read())
    report_to = os.dup(1)
    silence = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(silence, descriptor)
    lower_rights(settings)

    def report(part: dict[str, Any]) -> None:
        os.write(report_to, json.dumps(part).encode() + b"\n")

    report(conclusion(job, Program(Link(settings["link"], settings["value_bytes"])), report))
    os._exit(0)
