"""Sandboxes: command lines under which a Python process sees nothing and reaches nobody.

Its own PID, IPC, UTS, mount and network namespaces (there is not even a loopback that is up); a
root folder that holds the Python runtime and is only read; `/tmp` of bounded size; no `/proc`;
an empty environment; a user without rights, no new privileges, no capabilities, and no system
calls of the kind that undo limits. Two tools make that, tried in this order:

1. `bwrap` (bubblewrap). As root without a user namespace; then from the user `nobody`.
2. `unshare` (util-linux), in the same two ways, with the root folder built by our own code.

A user other than root always gets a user namespace. As root the program runs as the user 65534,
because Linux does not limit the number of root's processes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.grading.code.limits import Limits
from harness.grading.code.runtime import LIBRARIES_FOLDER, Runtime, python_runtime
from harness.grading.code.sources import start_text
from harness.grading.code.system_calls import seccomp_filter

Tool = Literal["bwrap", "unshare"]
TOOLS: tuple[Tool, ...] = ("bwrap", "unshare")
UNPRIVILEGED_USER = 65534
_PYTHON_OPTIONS = ("-P", "-s", "-S", "-B", "-W", "ignore")
# The order of sets of texts would differ from run to run, and verdicts with it.
_ENVIRONMENT = {"LD_LIBRARY_PATH": LIBRARIES_FOLDER, "PYTHONHASHSEED": "0"}
# Folders of every Linux, one of which is covered, for the sandbox alone, by its root folder.
_SCRATCHES = ("/mnt", "/srv", "/tmp")


@dataclass(frozen=True)
class Sandbox:
    """One way to make sandboxes.

    Attributes:
        tool: the program that makes the namespaces.
        path: where that program is.
        started_as: the user that starts it; None: the user of this process.
        user_namespace: whether it needs one.
    """

    tool: Tool
    path: str
    started_as: int | None
    user_namespace: bool

    @property
    def kind(self) -> str:
        """What identifies it in a verdict: `bwrap`, or `unshare`."""
        return self.tool

    def start(
        self,
        module: str,
        settings: Mapping[str, Any],
        limits: Limits,
        *,
        keep: Sequence[int] = (),
        **streams: Any,
    ) -> subprocess.Popen[bytes]:
        """Starts a module of `inside` in a new sandbox, as the leader of a process group.

        Args:
            module: its name.
            settings: for its `main`; the limits and the user are added.
            limits: what it may use.
            keep: file descriptors that it inherits under the same number.
            streams: `stdin`, `stdout`, `stderr` as for `subprocess.Popen`.

        Raises:
            OSError: the tool does not start.
        """
        drop = None if self.user_namespace else UNPRIVILEGED_USER
        text = start_text(module, {**settings, **limits.identity(), "user": drop})
        runtime = python_runtime()
        command = [runtime.python, *_PYTHON_OPTIONS, "-c", text]
        as_user: dict[str, Any] = {}
        if self.started_as is not None:
            as_user = {"user": self.started_as, "group": self.started_as, "extra_groups": ()}
        filters = _filter_file()
        try:
            wrapped = (
                self._bwrap(runtime, command, limits, filters)
                if self.tool == "bwrap"
                else self._unshare(runtime, command, limits)
            )
            return subprocess.Popen(
                wrapped,
                pass_fds=[*keep, *([filters] if self.tool == "bwrap" and filters else [])],
                env={"PATH": os.defpath},
                cwd="/",
                start_new_session=True,
                **as_user,
                **streams,
            )
        finally:
            if filters:
                os.close(filters)

    def _bwrap(
        self, runtime: Runtime, command: list[str], limits: Limits, filters: int | None
    ) -> list[str]:
        line = [self.path, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
        line += ["--unshare-cgroup-try", "--die-with-parent", "--clearenv", "--cap-drop", "ALL"]
        if self.user_namespace:
            user = str(UNPRIVILEGED_USER)
            line += ["--unshare-user", "--uid", user, "--gid", user]
        else:
            line += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        line += ["--hostname", "sandbox"]
        for folder in _folders(runtime):
            line += ["--perms", "0755", "--dir", folder]
        for source, target in runtime.files:
            line += ["--ro-bind", source, target]
        for target in runtime.hidden:
            line += ["--perms", "0755", "--size", "4096", "--tmpfs", target, "--remount-ro", target]
        line += ["--dev-bind", "/dev/null", "/dev/null", "--perms", "1777"]
        line += ["--size", str(limits.folder_bytes), "--tmpfs", "/tmp", "--chdir", "/tmp"]
        line += ["--remount-ro", "/"]
        for name, value in _ENVIRONMENT.items():
            line += ["--setenv", name, value]
        return [*line, *(["--seccomp", str(filters)] if filters else []), "--", *command]

    def _unshare(self, runtime: Runtime, command: list[str], limits: Limits) -> list[str]:
        settings = {
            "scratch": _scratch(runtime),
            "files": runtime.files,
            "hidden": runtime.hidden,
            "folder_bytes": limits.folder_bytes,
            "pivot_root": _found("pivot_root") or "pivot_root",
            "seccomp": seccomp_filter().hex(),
            "changes_user": not self.user_namespace,
            "command": command,
            "environment": _ENVIRONMENT,
        }
        line = [_found("setpriv") or "setpriv", "--pdeathsig", "KILL", self.path]
        line += ["--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child"]
        if self.user_namespace:
            line += ["--user", "--map-root-user"]
        python = runtime.files[0][0]
        text = start_text("unshared_root", settings)
        return [*line, python, "-I", "-S", "-B", "-c", text]


def possible_sandboxes(tool: Tool | None = None) -> list[Sandbox]:
    """The sandboxes that this machine may be able to make, the best first; none was tried.

    Args:
        tool: only those that this program makes.
    """
    found = []
    for name in TOOLS if tool is None else (tool,):
        path = _found(name)
        if path is None or not sys.platform.startswith("linux"):
            continue
        if os.geteuid() != 0:
            found.append(Sandbox(name, path, None, user_namespace=True))
            continue
        found.append(Sandbox(name, path, None, user_namespace=False))
        found.append(Sandbox(name, path, UNPRIVILEGED_USER, user_namespace=True))
    return found


def _found(program: str) -> str | None:
    # pivot_root is an administrator's program; users have its folder not on their PATH.
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    return shutil.which(program, path=path)


def _scratch(runtime: Runtime) -> str:
    """A folder that holds nothing of the runtime."""
    sources = [source for source, _ in runtime.files]
    return next(
        place
        for place in _SCRATCHES
        if Path(place).is_dir() and not any(source.startswith(f"{place}/") for source in sources)
    )


def _folders(runtime: Runtime) -> list[str]:
    """Every folder above a file, from the root down: bubblewrap's own are closed to others."""
    above = {
        "/".join(parts[:end])
        for _, target in (*runtime.files, ("", "/dev/null"))
        for parts in [target.split("/")]
        for end in range(2, len(parts))
    }
    return sorted(above)


def _filter_file() -> int | None:
    """The system call filter as an open file; None on machines without one."""
    content = seccomp_filter()
    if not content:
        return None
    descriptor = os.memfd_create("filter", 0)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
