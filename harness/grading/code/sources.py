"""The sources that run in sandboxes, compiled and joined into one text for `python -c`.

A text needs no file of ours to be shown there. Compiled here, once, they save each sandbox some
ten milliseconds; its interpreter is the same as ours, so it reads the same code.
"""

from __future__ import annotations

import binascii
import marshal
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "inside"
_PACKAGE = "harness.grading.code.inside"
_NEEDED = {
    "solution_side": ("plain_values", "link", "bindings"),
    "test_side": ("plain_values", "link", "bindings"),
    "unshared_root": (),
}
_START = """\
import binascii, marshal, sys
for _name, _code in {codes!r}:
    _module = type(sys)(_name)
    sys.modules[_name] = _module
    exec(marshal.loads(binascii.a2b_base64(_code)), _module.__dict__)
_module.main({settings!r})
"""


def start_text(module: str, settings: Mapping[str, Any]) -> str:
    """A program that calls `main(settings)` of a module of `inside`.

    Args:
        module: its name there.
        settings: plain values that `repr` writes as Python.
    """
    codes = [(f"{_PACKAGE}.{name}", _code(name)) for name in (*_NEEDED[module], module)]
    return _START.format(codes=codes, settings=dict(settings))


@cache
def _code(name: str) -> bytes:
    source = (_FOLDER / f"{name}.py").read_text(encoding="utf-8")
    # An argument has 128 KiB at most, and the escapes of raw bytes would double with each quoting.
    return binascii.b2a_base64(marshal.dumps(compile(source, name, "exec")), newline=False)
