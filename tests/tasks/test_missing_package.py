"""A task in an environment without the harness says what to install."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.resources import tasks_folder

PROGRAM = """
import runpy, sys
sys.modules["harness"] = None  # As where the package is not installed.
runpy.run_path(sys.argv[1])
"""


@pytest.mark.parametrize("folder", sorted(path.name for path in tasks_folder().glob("w2s_*")))
def test_the_package_to_install_is_named(folder: str) -> None:
    utils = str(tasks_folder() / folder / "utils.py")
    done = subprocess.run(
        [sys.executable, "-S", "-c", PROGRAM, utils], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "w2s-harness" in last and "pip install" in last
