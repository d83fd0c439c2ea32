"""vLLM's own OpenAI server draws the same samples as our worker does."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import EnvironmentFailure
from harness.generators.hardware import places
from harness.micro import model_folder
from harness.pool import Pool
from harness.recipe.schema import Endpoint
from tests.generators.jobs_for_tests import fill, job

pytestmark = pytest.mark.engines
START_SECONDS = 300


@pytest.fixture(scope="module")
def url(vllm_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("server")
    command = [
        str(vllm_python), "-m", "vllm.entrypoints.openai.api_server",
        "--model", str(_with_settings_of_its_own(folder)), "--served-model-name", "wc",
        "--host", "127.0.0.1", "--port", str(port), "--dtype", "float32", "--enforce-eager",
        "--no-enable-chunked-prefill", "--max-num-batched-tokens", "8192",
    ]  # fmt: skip
    (place,) = places(1, offline=True)
    environment = {**os.environ, **place.environment, "VLLM_CPU_KVCACHE_SPACE": "1"}
    del environment["VLLM_ENABLE_V1_MULTIPROCESSING"]
    log = folder / "log"
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


def _with_settings_of_its_own(folder: Path) -> Path:
    """The weak model, with the decoding settings that finetuned models often come with."""
    model = folder / "model"
    shutil.copytree(model_folder("wc"), model)
    settings = {"do_sample": True, "top_k": 2, "top_p": 0.5, "repetition_penalty": 1.5}
    (model / "generation_config.json").write_text(json.dumps(settings))
    return model


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
    assert [len(pool) for pool in pools] == [110, 110]
    assert pools[0].digest() == pools[1].digest()
    for pool in pools:
        (failure,) = pool.failures()
        assert failure.problem_id == by_server.problems[4].id
        assert "256" in failure.reason
    engine = pools[0].identity["engine"]
    assert (engine["model"], engine["answers_as"], engine["server"]) == ("wc", "wc", "vllm")
    assert engine["version"] == pools[1].identity["engine"]["version"].partition("+")[0]


def test_greedy_prompts_in_lists_are_what_the_worker_draws(
    url: str, vllm_python: Path, tmp_path: Path
) -> None:
    """With a prompt that is too long among them, and the tokens of each prompt of its own."""
    greedy = {"problems": 40, "samples": 1, "temperature": 0.0}
    by_server = job(tmp_path / "server", url=url, **greedy)
    long = {**by_server.prompts, by_server.problems[4].id: "1 + " * 400}
    by_server = job(tmp_path / "server", url=url, prompts=long, **greedy)
    by_worker = job(tmp_path / "worker", model="micro:wc", prompts=long, **greedy)
    fill(by_server, by_worker, python=vllm_python)
    pools = [Pool.open(one.folder) for one in (by_server, by_worker)]
    assert [len(pool) for pool in pools] == [39, 39]
    assert pools[0].digest() == pools[1].digest()
    assert len({line.seconds for line in pools[0].ledger()}) < 39  # Several in one request.


def test_chat_with_a_model_without_a_template_says_what_to_do(url: str, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure, match="template") as failure:
        fill(job(tmp_path / "pool", endpoints=(Endpoint(url=url, protocol="chat"),)))
    assert "protocol: completions" in failure.value.advice


def test_settings_of_the_model_that_the_recipe_does_not_name_are_switched_off(
    url: str, vllm_python: Path, tmp_path: Path
) -> None:
    """A server started without `--generation-config vllm` takes them from the model's files."""
    fill(job(tmp_path / "pool", url=url))
    fill(job(tmp_path / "worker", model="micro:wc"), python=vllm_python)
    digests = {Pool.open(tmp_path / name).digest() for name in ("pool", "worker")}
    assert len(digests) == 1


def test_requests_that_were_stopped_are_booked_as_waste(url: str, tmp_path: Path) -> None:
    one = job(tmp_path / "pool", problems=200, samples=60, url=url)

    def interrupt() -> None:
        deadline = time.monotonic() + 60
        books = one.folder / "ledger.jsonl"
        while time.monotonic() < deadline and not (books.exists() and books.stat().st_size):
            time.sleep(0.01)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        threading.Thread(target=interrupt).start()
        fill(one)
    wasted = [line for line in Pool.open(one.folder).ledger() if line.wasted]
    assert wasted and all(line.estimated and "stopped" in line.wasted for line in wasted)
    assert {line.completion_tokens for line in wasted} == {60 * 48}
