"""vLLM's own OpenAI server draws the same samples as our worker does."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.generators.hardware import places
from harness.micro import model_folder
from harness.pool import Pool
from tests.generators.jobs_for_tests import fill, job

pytestmark = pytest.mark.engines
START_SECONDS = 300


@pytest.fixture(scope="module")
def url(vllm_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        str(vllm_python), "-m", "vllm.entrypoints.openai.api_server",
        "--model", str(model_folder("wc")), "--served-model-name", "wc",
        "--host", "127.0.0.1", "--port", str(port), "--dtype", "float32", "--enforce-eager",
        "--no-enable-chunked-prefill", "--max-num-batched-tokens", "8192",
        "--generation-config", "vllm",
    ]  # fmt: skip
    (place,) = places(1, offline=True)
    environment = {**os.environ, **place.environment, "VLLM_CPU_KVCACHE_SPACE": "1"}
    del environment["VLLM_ENABLE_V1_MULTIPROCESSING"]
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _healthy(port):
            assert server.poll() is None and time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def test_the_server_draws_what_the_worker_draws(
    url: str, vllm_python: Path, tmp_path: Path
) -> None:
    by_server = job(tmp_path / "server", problems=12, samples=10, url=url)
    long = {**by_server.prompts, by_server.problems[4].id: "1 + " * 400}
    by_server = job(tmp_path / "server", problems=12, samples=10, url=url, prompts=long)
    by_worker = job(
        tmp_path / "worker", problems=12, samples=10, model="micro:wc", prompts=long
    )  # fmt: skip
    fill(by_server, by_worker, python=vllm_python)
    pools = [Pool.open(one.folder) for one in (by_server, by_worker)]
    columns = [name for name in pools[0].samples().column_names if name != "endpoint"]
    served, drawn = (pool.samples(columns) for pool in pools)
    assert served.num_rows == 110
    assert served.equals(drawn)
    for pool in pools:
        (failure,) = pool.failures()
        assert failure.problem_id == by_server.problems[4].id
        assert "256" in failure.reason
    assert pools[0].identity["engine"]["model"] == "wc"
    assert pools[0].identity["engine"]["server"] == "vllm"
