"""What can go wrong, and who is told about it.

Three kinds of failure leave this package, and each has its own exit status:

* `CheckFailed` (1): a check ran and did not pass.
* `InputError` (2): the user's input (a recipe, an option, a file) cannot be used.
* `EnvironmentFailure` (3): the input is fine, the machine is not (an engine is missing or
  died, the disk is full, no GPU).

Every message says what was found, what was expected and what to do next. Code that checks
a whole input collects its findings in `Issues`, so that the user sees all of them at once; where
parts of it are refused by functions of their own, their errors are collected in `Refusals`.
The command line turns these errors into text on stderr; a traceback is always a bug of ours.
"""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Issue:
    """One finding about an input: its place, what is wrong there, and the way out."""

    where: str
    message: str
    advice: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message}" + (f" {self.advice}" if self.advice else "")


class HarnessError(Exception):
    """A failure that a user can understand and act on.

    Args:
        message: what was found and what was expected, one line or a short paragraph.
        advice: what to do next; empty where the message says it all.
        issues: the single findings, when the failure is a list of them.
    """

    exit_status = 1

    def __init__(self, message: str, advice: str = "", issues: Iterable[Issue] = ()) -> None:
        self.message = message
        self.advice = advice
        self.issues = tuple(issues)
        super().__init__(message)

    def __str__(self) -> str:
        lines = [self.message, *(f"  - {issue}" for issue in self.issues)]
        if self.advice:
            lines.append(self.advice)
        return "\n".join(lines)


class CheckFailed(HarnessError):
    """A check ran to its end and its outcome is negative."""

    exit_status = 1


class InputError(HarnessError):
    """The user's input cannot be used as it is."""

    exit_status = 2


class EnvironmentFailure(HarnessError):
    """The machine, an engine or a server does not provide what the work needs."""

    exit_status = 3


class Issues:
    """Collects findings, so that one pass reports every one of them."""

    def __init__(self) -> None:
        self._found: dict[Issue, None] = {}

    def add(self, where: str, message: str, advice: str = "") -> None:
        """Notes one finding; the same finding twice counts once."""
        self._found[Issue(where, message, advice)] = None

    def __iter__(self) -> Iterator[Issue]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def raise_if_any(self, heading: str, error: type[HarnessError] = InputError) -> None:
        """Raises `error` with every finding, in the order found, if there is one."""
        if self._found:
            raise error(heading, issues=self)


class Refusals:
    """Collects the refusals of parts of an input that do not depend on each other."""

    def __init__(self) -> None:
        self._errors: dict[str, InputError] = {}

    def __len__(self) -> int:
        return len(self._errors)

    def add(self, error: InputError) -> None:
        """Notes a refusal; the same one twice counts once."""
        self._errors[str(error)] = error

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Notes the refusal that ends the block, and goes on behind it."""
        try:
            yield
        except InputError as error:
            self.add(error)

    def raise_if_any(self, heading: str) -> None:
        """Raises the only refusal as it is, several as the findings of one error; each once."""
        errors = list(self._errors.values())
        self._errors.clear()
        if len(errors) == 1:
            raise errors[0]
        issues = Issues()
        for error in errors:
            if error.issues:
                issues.add("", textwrap.indent(str(error), "    ").strip())
            else:
                issues.add("", error.message, error.advice)
        issues.raise_if_any(heading)


def nearest_names(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """The known names most like `name`, best first; empty where none is close."""
    return difflib.get_close_matches(name, list(known), n=limit, cutoff=0.5)


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """A sentence that refuses `name` and offers the nearest known names."""
    names = sorted(known)
    near = nearest_names(name, names)
    if near:
        return f"there is no {kind} {name!r}; did you mean {' or '.join(map(repr, near))}?"
    return f"there is no {kind} {name!r}; known are: {', '.join(names) or 'none'}."
