"""Runs the smoke chain on the real engines, as a user would: through the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

SMOKE = ("--recipe", "w2s-micro", "--set", "profile=smoke")


@dataclass
class Chain:
    """The command `harness run` on one folder, with a mark that its processes inherit."""

    folder: Path
    home: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "harness", *arguments]

    def environment(self) -> dict[str, str]:
        return {**os.environ, "HARNESS_HOME": str(self.home), "HARNESS_TEST_MARK": self.mark}

    def start(self, *extra: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command("run", *SMOKE, "--out", str(self.folder), "--json", *extra),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment(),
        )  # fmt: skip

    def finish(self, *extra: str) -> dict[str, Any]:
        process = self.start(*extra)
        output, errors = process.communicate(timeout=600)
        assert process.returncode == 0, errors[-3000:]
        document: dict[str, Any] = json.loads(output)
        document["stderr"] = errors
        return document

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), capture_output=True, text=True, timeout=600,
            env=self.environment(), check=False,
        )  # fmt: skip

    def processes(self) -> list[int]:
        """Processes of this chain that are alive, wherever they hang in the process tree."""
        alive = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if (
                    f"HARNESS_TEST_MARK={self.mark}".encode()
                    not in (entry / "environ").read_bytes()
                ):
                    continue
                if ") Z " not in (entry / "stat").read_text():
                    alive.append(int(entry.name))
            except OSError:
                continue
        return alive

    def wait_until_gone(self, seconds: float = 10.0) -> list[int]:
        deadline = time.monotonic() + seconds
        while (alive := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return alive


@pytest.fixture(scope="session")
def engines() -> None:
    """Makes the engine environments if they are not there."""
    result = subprocess.run([sys.executable, "-m", "harness", "engines", "install"], check=False)
    assert result.returncode == 0


@pytest.fixture(scope="session")
def smoke(engines: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Chain, dict[str, Any]]:
    """One uninterrupted smoke run that the other tests read and compare with."""
    root = tmp_path_factory.mktemp("smoke")
    chain = Chain(root / "run", root / "home")
    return chain, chain.finish()
