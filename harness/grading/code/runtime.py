"""The files that a Python program needs to run, and nothing else of this machine.

They are shown to the sandbox under neutral paths (`/python`, `/lib`), so that not even the name
of a user's folder is seen there. Packages that are installed beside the standard library are
left out.
"""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.errors import EnvironmentFailure

PYTHON_PREFIX = "/python"
LIBRARIES_FOLDER = "/lib"
# Needs the libraries of X; no program under test opens a window.
_LEFT_OUT = "_tkinter"
_MAPPED_LIBRARY = re.compile(r"^\s*(?P<name>\S+) => (?P<path>/\S+) \(", re.MULTILINE)
_LOADER = re.compile(r"^\s*(?P<path>/\S+) \(", re.MULTILINE)


@dataclass(frozen=True)
class Runtime:
    """A Python installation as files to show.

    Attributes:
        files: (path here, path in the sandbox) of files and folders that are only read.
        hidden: folders in the sandbox that are covered by empty ones.
        python: the interpreter's path in the sandbox.
        version: as `3.11.7`.
    """

    files: tuple[tuple[str, str], ...]
    hidden: tuple[str, ...]
    python: str
    version: str


@cache
def python_runtime() -> Runtime:
    """The runtime of the interpreter that runs the harness.

    Raises:
        EnvironmentFailure: its libraries cannot be listed.
    """
    executable = Path(getattr(sys, "_base_executable", "") or sys.executable).resolve()
    # The base's own folder: in a virtual environment `stdlib` already names that one.
    library = Path(sysconfig.get_path("stdlib"))
    inside = f"{PYTHON_PREFIX}/{sys.platlibdir}/{library.name}"
    extensions = sorted(
        path for path in library.glob("lib-dynload/*.so") if not path.name.startswith(_LEFT_OUT)
    )
    files = [(str(executable), f"{PYTHON_PREFIX}/bin/python3"), (str(library), inside)]
    files += sorted(_shared_libraries([executable, *extensions]))
    packages = [name for name in ("site-packages", "dist-packages") if (library / name).is_dir()]
    return Runtime(
        files=tuple(files),
        hidden=tuple(f"{inside}/{name}" for name in packages),
        python=f"{PYTHON_PREFIX}/bin/python3",
        version=sys.version.split()[0],
    )


def _shared_libraries(binaries: list[Path]) -> set[tuple[str, str]]:
    """Every shared library of our own interpreter's files, as the loader finds them."""
    try:
        listed = subprocess.run(
            ["ldd", *map(str, binaries)], capture_output=True, text=True, timeout=60, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise EnvironmentFailure(
            f"the shared libraries of {binaries[0]} cannot be listed: {problem}",
            "Code is graded on Linux, with ldd on the PATH (Debian: apt-get install libc-bin).",
        ) from problem
    return set(_shown(listed))


def _shown(listed: str) -> Iterator[tuple[str, str]]:
    for found in _MAPPED_LIBRARY.finditer(listed):
        name = Path(found["name"]).name
        yield str(Path(found["path"]).resolve()), f"{LIBRARIES_FOLDER}/{name}"
    for found in _LOADER.finditer(listed):  # Named by its full path in every program.
        yield str(Path(found["path"]).resolve()), found["path"]
