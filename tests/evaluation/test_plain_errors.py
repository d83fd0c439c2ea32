"""lm-eval's command tells the harness's errors as text, and everything else as before."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from harness.errors import InputError
from harness.evaluation.plain_errors import tell_plainly


@pytest.mark.parametrize("command", ["/bin/lm_eval", "lm-eval", "/lib/lm_eval/__main__.py"])
def test_in_the_command_only_the_harnesss_own_errors_are_changed(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left: list[Any] = []
    monkeypatch.setattr(sys, "argv", [command, "run"])
    monkeypatch.setattr(sys, "excepthook", lambda *error: left.append(error))
    tell_plainly()
    sys.excepthook(InputError, InputError("it is empty.", "Fill it."), None)
    assert capsys.readouterr().err == "error: it is empty.\nFill it.\n" and not left
    other = ValueError("x")
    sys.excepthook(ValueError, other, None)
    assert left == [(ValueError, other, None)]


@pytest.mark.parametrize("argv", [["train.py"], ["/env/bin/pytest", "lm_eval"], [""], []])
def test_elsewhere_nothing_is_changed(argv: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    before = sys.excepthook
    monkeypatch.setattr(sys, "argv", argv)
    tell_plainly()
    assert sys.excepthook is before
