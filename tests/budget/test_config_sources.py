"""Where a config.json comes from: the Hub's real client against local servers, or none at all."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interchange.hub_downloads import COMMIT, DownloadHub

CONFIG = {"model_type": "llama", "hidden_size": 8}
SCRIPT = """
import json, sys
from harness.budget.config_sources import config_of
from harness.errors import InputError
from harness.recipe import ModelCard
for model in sys.argv[1:]:
    try:
        print(json.dumps(config_of(ModelCard(id=model))))
    except InputError as error:
        print(error.message, "|", error.advice)
"""


@pytest.fixture
def hub() -> Iterator[DownloadHub]:
    server = DownloadHub({"org/model": {"config.json": json.dumps(CONFIG).encode()}}, delay=0.5)
    yield server
    server.close()


@contextlib.contextmanager
def broken_server(*, mute: bool) -> Iterator[tuple[str, list[bytes]]]:
    """An address and what it was asked: it answers nothing, or hangs up."""
    asked: list[bytes] = []
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                asked.append(connection.recv(4096).split(b"\r\n")[0])
                if mute:
                    held.append(connection)
                else:
                    connection.close()

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        server.shutdown(socket.SHUT_RDWR)


def heads(asked: list[bytes]) -> int:
    """How often the Hub was asked; the client also sends GETs of its own."""
    return sum(line.startswith(b"HEAD ") for line in asked)


def config_in_a_process(folder: Path, *models: str, **environment: str) -> list[str]:
    """What is found for each model; the client reads its settings when it is imported."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *models], capture_output=True, text=True, timeout=300,
        env={**os.environ, "HF_HOME": str(folder), "HF_HUB_DISABLE_XET": "1",
             "HF_HUB_OFFLINE": "0", **environment}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Retrying" not in done.stderr
    return done.stdout.splitlines()


def test_a_slow_hub_gives_it_and_its_cache_does_without(tmp_path: Path, hub: DownloadHub) -> None:
    found = config_in_a_process(tmp_path, "org/model", HF_ENDPOINT=hub.url)
    assert [json.loads(line) for line in found] == [CONFIG]
    assert (tmp_path / "hub" / "models--org--model" / "snapshots" / COMMIT).is_dir()
    with broken_server(mute=False) as (url, asked):
        found = config_in_a_process(tmp_path, "org/model", HF_ENDPOINT=url)
        assert json.loads(found[0]) == CONFIG and heads(asked) == 1
        found = config_in_a_process(
            tmp_path, "org/model", "org/other", HF_ENDPOINT=url, HF_HUB_OFFLINE="1"
        )
        assert json.loads(found[0]) == CONFIG and heads(asked) == 1
        assert "config.json of org/other: HF_HUB_OFFLINE is set" in found[1]


@pytest.mark.parametrize("mute", [True, False])
def test_a_hub_that_does_not_answer_is_asked_once(tmp_path: Path, mute: bool) -> None:
    with broken_server(mute=mute) as (url, asked):
        found = config_in_a_process(
            tmp_path, "org/model", "org/other", HF_ENDPOINT=url, HF_HUB_ETAG_TIMEOUT="1"
        )
    assert heads(asked) == 1
    for line, model in zip(found, ("org/model", "org/other"), strict=True):
        assert f"did not give the config.json of {model}: {url} cannot be reached (" in line
        assert "check the network and HF_ENDPOINT" in line


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"HF_ENDPOINT": "http://127.0.0.1:1"}, "http://127.0.0.1:1 cannot be reached ("),
        ({"HF_ENDPOINT": "http://hub.invalid"}, "http://hub.invalid cannot be reached ("),
        ({"HF_ENDPOINT": "hub.example"}, "hub.example cannot be reached ("),
        ({"HTTPS_PROXY": "http://127.0.0.1:1", "HF_ENDPOINT": "https://hub.example"},
         "https://hub.example cannot be reached ("),
        ({"HTTPS_PROXY": "nonsense://127.0.0.1:1", "HF_ENDPOINT": "https://hub.example"},
         "https://hub.example cannot be reached ("),
    ],
)  # fmt: skip
def test_an_address_where_nobody_is(tmp_path: Path, environment: dict[str, str], said: str) -> None:
    assert said in config_in_a_process(tmp_path, "org/model", **environment)[0]


def test_an_address_that_takes_no_connection(tmp_path: Path) -> None:
    """As behind a firewall that drops packets: nothing is refused, nothing comes."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as stack:
        for _ in range(4):  # No more fit into its queue, so that the next one waits.
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        found = config_in_a_process(tmp_path, "org/model", "org/other", HF_ENDPOINT=url)
    assert len(found) == 2
    assert all(f"{url} takes no connection within 4 seconds." in line for line in found)


def test_what_the_hub_does_not_have(tmp_path: Path, hub: DownloadHub) -> None:
    (found,) = config_in_a_process(tmp_path, "org/none", HF_ENDPOINT=hub.url)
    assert "the Hub did not give the config.json of org/none: " in found
    assert "cannot be reached" not in found
