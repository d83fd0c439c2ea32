"""The command line as a user meets it: help, exit statuses, and start-up."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HEAVY = (
    "numpy", "pyarrow", "pydantic", "lm_eval", "datasets", "matplotlib", "scipy", "torch", "yaml",
    "huggingface_hub", "jinja2", "aiohttp", "pandas",
)  # fmt: skip

COMMANDS = (
    "run", "plan", "sample", "grade", "measure", "build", "push", "train", "evaluate", "report",
    "pool", "recipes", "engines", "leaderboard", "micro",
)  # fmt: skip


def harness(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments], capture_output=True, text=True, cwd=cwd,
        timeout=120, check=False,
    )  # fmt: skip


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    program = (
        "import sys; from harness.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not heavy, heavy"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    for command in COMMANDS:
        assert f"\n  {command} " in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_loads_and_explains_itself(command: str) -> None:
    result = harness(command, "--help")
    assert result.returncode == 0, result.stderr
    assert "Usage: harness " in result.stdout


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason=f"this system has no {FULL}")
@pytest.mark.parametrize("command", [("recipes", "schema"), ("recipes", "list", "--json"), ("-h",)])
def test_output_that_cannot_be_written_is_told_in_a_line(command: tuple[str, ...]) -> None:
    with FULL.open("w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "harness", *command], stdout=full, stderr=subprocess.PIPE,
            text=True, timeout=120, check=False,
        )  # fmt: skip
    assert result.returncode == 3
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: the output cannot be written: No space left on device.")


@pytest.mark.skipif(not FULL.exists(), reason=f"this system has no {FULL}")
def test_errors_that_cannot_be_written_are_no_crash() -> None:
    with FULL.open("w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "harness", "run", "nowhere"], stdout=full, stderr=full,
            timeout=120, check=False,
        )  # fmt: skip
    assert result.returncode == 3


def test_a_reader_that_leaves_is_no_error() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "harness", "recipes", "schema"], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_file_that_cannot_be_written_is_not_taken_for_output() -> None:
    program = (
        "import sys, pathlib; import harness.cli as cli\n"
        "def fail(**_): pathlib.Path('/dev/full').write_text('x')\n"
        "cli.cli.main = fail\n"
        "cli.main([])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 1 and "Traceback" in result.stderr


def test_an_unknown_command_gets_the_nearest_names() -> None:
    result = harness("reprot")
    assert result.returncode == 2
    assert "did you mean 'report'?" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run",), "--recipe NAME"),
        (("run", "nowhere"), "not the folder of a run"),
        (("grade", "nowhere"), "not the folder of a run"),
        (("run", "--recipe", "w2s-mirco"), "w2s-micro"),
        (("run", "a", "--out", "b", "--recipe", "w2s-micro"), "two folders"),
        (("run", "--recipe", "w2s-micro", "--endpoint", "xx=http://a"), "SIDE=URL"),
        (("run", "--recipe", "w2s-micro", "--set", "trainnig.steps=3"), "training"),
    ],
)
def test_a_users_mistake_is_answered_in_words(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    result = harness(*arguments, cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_interruption_has_its_own_status() -> None:
    program = (
        "import time, harness.cli as c, click\n"
        "@c.cli.command('wait')\n"
        "def wait():\n    print('waiting', flush=True); time.sleep(60)\n"
        "c._COMMANDS['wait'] = ('__main__:wait', '')\n"
        "c.main(['wait'])"
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "interrupted" in errors
        assert "Traceback" not in errors


def test_json_is_the_only_thing_on_stdout() -> None:
    result = harness("plan", "--recipe", "w2s-micro", "--json")
    assert result.returncode == 0, result.stderr
    json.loads(result.stdout)


def test_start_up_is_quick() -> None:
    """A generous bound on the best of five, so that only a heavy import can fail it."""
    best = min(_seconds("--help") for _ in range(5))
    assert best < 0.6


def _seconds(*arguments: str) -> float:
    started = time.monotonic()
    harness(*arguments)
    return time.monotonic() - started
