"""Endpoints and spending on the command line: several servers, a limit, a key that stays secret."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cli.options import overrides_of_endpoints
from harness.errors import InputError
from harness.pool import Pool
from tests.generators.fault_server import KEY, FaultServer, running

PRICED = "prices=[{date: 2024-08-01, source: a list, input: 1000, output: 2000}]"


@pytest.fixture
def servers() -> Iterator[tuple[FaultServer, FaultServer]]:
    with running(FaultServer()) as first, running(FaultServer()) as second:
        yield first, second


def sample(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", "sample", str(folder), *arguments],
        capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip


def smoke(wc: str, *se: str) -> list[str]:
    sides = [f"wc={wc}", *(f"se={url}" for url in se)]
    recipe = ["--recipe", "w2s-micro", "--set", "profile=smoke"]
    return [*recipe, *(part for side in sides for part in ("--endpoint", side))]


def test_one_server_keeps_other_settings_and_several_replace_them() -> None:
    assert overrides_of_endpoints(["se=http://a/v1"]) == ["execution.endpoints.se.url=http://a/v1"]
    both = overrides_of_endpoints(["se=http://a/v1", "wc=http://c/v1", "se=http://b/v1"])
    assert both == [
        'execution.endpoints.se=[{"url": "http://a/v1"}, {"url": "http://b/v1"}]',
        "execution.endpoints.wc.url=http://c/v1",
    ]
    with pytest.raises(InputError, match="SIDE=URL"):
        overrides_of_endpoints(["http://a/v1"])


def test_several_endpoints_of_a_side_share_it(
    servers: tuple[FaultServer, FaultServer], tmp_path: Path
) -> None:
    first, second = servers
    done = sample(tmp_path / "run", *smoke(first.url, first.url, second.url), "--json")
    assert done.returncode == 0, done.stderr
    samples = Pool.open(tmp_path / "run" / "pools" / "se").samples(["endpoint"])
    assert set(samples["endpoint"].to_pylist()) == {first.url, second.url}
    assert json.loads(done.stdout)["pools"]["se"]["wasted_tokens"] == 0


def test_a_spending_limit_ends_with_status_3_and_the_way_on(
    servers: tuple[FaultServer, FaultServer], tmp_path: Path
) -> None:
    first, second = servers
    arguments = smoke(first.url, second.url)
    unpriced = sample(tmp_path / "run", *arguments, "--spending-limit", "5")
    assert unpriced.returncode == 2
    assert "micro:wc" in unpriced.stderr and "micro:se" in unpriced.stderr
    for side in ("wc", "se"):
        arguments += ["--set", f"pair.{side}.{PRICED}"]
    arguments += ["--set", "execution.endpoints.wc.billed=false"]
    stopped = sample(tmp_path / "priced", *arguments, "--spending-limit", "1.5")
    assert stopped.returncode == 3, stopped.stderr
    assert "spending limit of $1.5000" in stopped.stderr
    assert "To go on: harness sample" in stopped.stderr and "Traceback" not in stopped.stderr
    (spent,) = re.findall(r"\$([\d.]+) is spent", stopped.stderr)
    earned = sum(9 * 1000 + 2000 * 11 * body.get("n", 1) for body in second.bodies + second.trials)
    assert float(spent) * 1_000_000 >= earned > 1_000_000
    assert earned <= 1_500_000
    again = sample(tmp_path / "priced", "--spending-limit", "1.5")
    assert again.returncode == 3
    whole = sample(tmp_path / "priced", "--spending-limit", "50")
    assert whole.returncode == 0, whole.stderr
    assert not (tmp_path / "priced" / "reservations.jsonl").exists()


def test_a_key_is_in_no_file_of_the_run(
    servers: tuple[FaultServer, FaultServer], tmp_path: Path
) -> None:
    first, second = servers
    second.key = KEY
    arguments = smoke(first.url, second.url)
    arguments += ["--set", "execution.endpoints.se.api_key_variable=KEY_OF_THE_TESTS"]
    missing = sample(tmp_path / "run", *arguments)
    assert missing.returncode == 2 and "KEY_OF_THE_TESTS holds no key" in missing.stderr
    done = sample(tmp_path / "run", *arguments, KEY_OF_THE_TESTS=KEY)
    assert done.returncode == 0, done.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    assert KEY not in done.stdout + done.stderr
