"""Finds a sandbox that works here, by running a program in it that tries to get out.

A tool that is installed need not work: containers forbid namespaces in many ways. So each
possible sandbox runs one real trial, whose program looks for every hole that is known here, and
is used only where it finds none. The answer is kept for the life of the process.
"""

from __future__ import annotations

from functools import cache

from harness.errors import EnvironmentFailure, InputError, Issue, unknown_name
from harness.grading.code.limits import Limits
from harness.grading.code.runtime import python_runtime
from harness.grading.code.sandbox import TOOLS, Sandbox, Tool, possible_sandboxes
from harness.grading.code.trial import Ending, Job, run_trial

_PROBE_LIMITS = Limits(wall_seconds=30.0, cpu_seconds=10)
_ADVICE = (
    "Install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap; Fedora: dnf install "
    "bubblewrap) or util-linux, on Linux. In a container, allow namespaces (docker run "
    "--privileged, or --security-opt seccomp=unconfined with unprivileged user namespaces). "
    "Code is never run without a sandbox."
)

_PROGRAM = """
import os, resource, socket

def holes():
    found = []
    def tries(what, act):
        try:
            act()
        except (OSError, ValueError):
            return
        found.append(what)
    tries("a second process", os.fork)
    tries("writing to /", lambda: open("/file", "w"))
    tries("writing to the runtime", lambda: open(os.__file__ + "x", "w"))
    tries("becoming another user", lambda: os.setuid(1 if os.getuid() == 0 else 0))
    tries("another root folder", lambda: os.chroot("/tmp"))
    tries("a higher limit", lambda: resource.setrlimit(resource.RLIMIT_NPROC, (99, 99)))
    found += [f"the folder /{name}" for name in os.listdir("/") if name not in FOLDERS]
    found += [f"the device {name}" for name in os.listdir("/dev") if name != "null"]
    found += [f"the network {name}" for _, name in socket.if_nameindex() if name != "lo"]
    tries("a connection", lambda: socket.create_connection(("127.0.0.1", 9), 1))
    found += [f"the variable {name}" for name in os.environ
              if name not in ("LD_LIBRARY_PATH", "PYTHONHASHSEED", "PWD", "LC_CTYPE")]
    with open("/tmp/file", "w") as file:
        file.write("x")
    os.remove("/tmp/file")
    room = os.statvfs("/tmp")
    if room.f_blocks * room.f_frsize > FOLDER_BYTES * 2:
        found.append("a folder without bounds")
    return found
"""
_TESTS = "found = holes()\nassert not found, ', '.join(found)\n"


def working_sandbox(tool: str | None = None) -> Sandbox:
    """The best sandbox that works here.

    Args:
        tool: the program that is to make it (`bwrap`, `unshare`); None: whichever works.

    Raises:
        InputError: there is no such tool.
        EnvironmentFailure: none works; it says why each does not, and what to install.
    """
    if tool is not None and tool not in TOOLS:
        raise InputError(unknown_name("sandbox", tool, TOOLS))
    failures: list[Issue] = []
    for name in TOOLS:
        if tool in (None, name):
            sandbox, reasons = _probed(name)
            if sandbox is not None:
                return sandbox
            failures += reasons
    raise EnvironmentFailure("no sandbox for code works on this machine:", _ADVICE, failures)


def _program() -> str:
    shown = {target.split("/")[1] for _, target in python_runtime().files}
    values = {"FOLDERS": sorted({"dev", "tmp", *shown}), "FOLDER_BYTES": _PROBE_LIMITS.folder_bytes}
    return "".join(f"{name} = {value!r}\n" for name, value in values.items()) + _PROGRAM


@cache
def _probed(tool: Tool) -> tuple[Sandbox | None, tuple[Issue, ...]]:
    """The sandbox of a tool that works, or why each way to make one does not."""
    possible = possible_sandboxes(tool)
    failures = [] if possible else [Issue(tool, "it is not installed.")]
    for sandbox in possible:
        place = f"{tool}, started as user {sandbox.started_as}" if sandbox.started_as else tool
        try:
            ending = run_trial(sandbox, _PROBE_LIMITS, Job((_program(),), _TESTS, ""))
        except EnvironmentFailure as problem:
            failures.append(Issue(place, problem.message))
            continue
        if ending.passed:
            return sandbox, ()
        failures.append(Issue(place, _why(ending)))
    return None, tuple(failures)


def _why(ending: Ending) -> str:
    if ending.exceeded:
        return f"a test program in it did not end within its {ending.exceeded}."
    said = (ending.report.get(key) for key in ("failed", "ended", "unusable"))
    return next(filter(None, said), ending.complaint or "it said nothing")
