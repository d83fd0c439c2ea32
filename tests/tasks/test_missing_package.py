"""A task in an environment without what it needs says what to install, when it is loaded."""

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


LOADING = """
import sys
from lm_eval.tasks import TaskManager

sys.modules["math_verify"] = None  # As where it is not installed.
sys.argv[0] = "lm_eval"  # Told as lm-eval's command tells it.
folder, name = sys.argv[1:]
manager = TaskManager(include_defaults=False, include_path=folder)
manager.load([name])
"""


def test_a_task_is_refused_before_it_generates_where_answers_cannot_be_compared() -> None:
    folder = str(tasks_folder() / "w2s_micro")
    done = subprocess.run(
        [sys.executable, "-c", LOADING, folder, "w2s_micro"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "error: answers cannot be compared: math-verify cannot be imported" in done.stderr
    assert "pip install" in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr
