"""The stage `train`: real Axolotl on an embedded model, a few steps a cell."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.errors import EnvironmentFailure, InputError
from harness.progress import Progress
from harness.resources import recipes_folder
from harness.run_folder import RunFolder
from harness.training.base_file import known_keys
from harness.training.stage import train
from tests.training.conftest import micro_rows, write_arm

WC, SE = "wc_lm-wc-high-seed1", "wc_lm-se-high-seed1"
BY_HAND = {"AXOLOTL_DO_NOT_TRACK": "1", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


def test_a_bad_base_file_is_found_before_axolotl_is_looked_for(
    tmp_path: Path, make_run: Callable[..., RunFolder]
) -> None:
    base = tmp_path / "mine.yaml"
    base.write_text("bf16: false\nlr: 3\n")
    run = make_run(tmp_path / "run", f"training.axolotl={base}")
    with pytest.raises(InputError, match="Axolotl does not know `lr`"):
        train(run, Progress(io.StringIO()))


def test_a_sharding_base_file_needs_gpus(
    tmp_path: Path, make_run: Callable[..., RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    run = make_run(tmp_path, "training.axolotl=full-sft-fsdp2-gemma2.yaml")
    with pytest.raises(EnvironmentFailure, match="spreads a model over GPUs"):
        train(run, Progress(io.StringIO()))


@pytest.fixture(scope="session")
def axolotl() -> Path:
    """Axolotl's interpreter; its environment is made if there is none."""
    from harness.engines.environment import engine_python

    return engine_python("axolotl")


def weights(run: RunFolder, cell: str) -> str:
    """A digest of a cell's weights."""
    return hashlib.sha256((run.cell(cell) / "model" / "model.safetensors").read_bytes()).hexdigest()


def state(run: RunFolder, cell: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((run.cell(cell) / "state.json").read_text())
    return document


@dataclass
class Trained:
    """A run with two cells that one worker has trained, one after the other."""

    run: RunFolder
    document: dict[str, Any]
    said: str


@pytest.fixture(scope="session")
def trained(
    axolotl: Path, tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., RunFolder]
) -> Trained:
    run = make_run(tmp_path_factory.mktemp("trained") / "run")
    said = io.StringIO()
    document = train(run, Progress(said), axolotl_python=axolotl, workers=1)
    return Trained(run, document, said.getvalue())


@pytest.mark.engines
def test_every_cell_has_a_model_a_log_and_a_state(trained: Trained) -> None:
    assert trained.document["trained"] == 2
    assert trained.document["cells"] == [state(trained.run, cell) for cell in (WC, SE)]
    assert "16/16 steps" in trained.said
    for cell, rows in ((WC, 40), (SE, 30)):
        folder = trained.run.cell(cell)
        found = state(trained.run, cell)
        assert (found["status"], found["steps"], found["rows"]) == ("done", 8, rows)
        assert 0 < found["final_loss"] < 3
        assert found["tokens"] > 8 * 8 * 20
        names = {path.name for path in folder.iterdir()}
        assert names == {"axolotl.yaml", "model", "state.json", "train.log"} | {
            path.name for path in folder.glob("rows-*.jsonl")
        }
        losses = re.findall(r"'loss': '([\d.]+)'", (folder / "train.log").read_text())
        assert len(losses) == 8
        assert found["final_loss"] == pytest.approx(float(losses[-1]), abs=1e-3)
        model = {path.name for path in (folder / "model").iterdir()}
        assert {"config.json", "model.safetensors", "tokenizer.json"} <= model
        assert "debug.log" not in model
        card = (folder / "model" / "README.md").read_text()
        assert card.count("axolotl version") == 1  # not the other cell's as well
    assert not (trained.run.path / "train" / ".cache").exists()
    assert weights(trained.run, WC) != weights(trained.run, SE)


@pytest.mark.engines
def test_a_second_call_trains_nothing(trained: Trained, axolotl: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in trained.run.path.rglob("*")}
    again = train(trained.run, Progress(io.StringIO()), axolotl_python=axolotl)
    assert again == {**trained.document, "trained": 0}
    assert {path: path.stat().st_mtime_ns for path in trained.run.path.rglob("*")} == before


@pytest.fixture(scope="session")
def by_hand(trained: Trained, axolotl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The second cell's file, given to Axolotl's own command in a copy of its folder."""
    folder = tmp_path_factory.mktemp("by_hand") / "cell"
    folder.mkdir()
    for pattern in ("axolotl.yaml", "rows-*.jsonl"):
        for path in trained.run.cell(SE).glob(pattern):
            shutil.copy(path, folder)
    # Without the pool of one process, whose package some indexes serve for another Python.
    program = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); "
        "from axolotl_progress import without_pools_of_one; without_pools_of_one(); "
        "from axolotl.cli.train import do_cli; do_cli(config=sys.argv.pop(1))"
    )
    from harness.engines.process import WORKERS_FOLDER

    subprocess.run(
        [axolotl, "-c", program, WORKERS_FOLDER, "axolotl.yaml"],
        cwd=folder, env={**os.environ, **BY_HAND}, check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    return folder


@pytest.mark.engines
def test_a_fresh_process_gives_the_same_weights(trained: Trained, by_hand: Path) -> None:
    own = hashlib.sha256((by_hand / "model" / "model.safetensors").read_bytes()).hexdigest()
    assert own == weights(trained.run, SE)


ENCODE = """
import json, sys
from tokenizers import Tokenizer
tokenizer = Tokenizer.from_file(sys.argv[1])
rows = json.load(sys.stdin)
encode = lambda text: tokenizer.encode(text, add_special_tokens=False).ids
json.dump([[encode(row["prompt"]), encode(row["completion"])] for row in rows], sys.stdout)
"""


@pytest.mark.engines
def test_the_loss_is_on_the_completion_and_its_end(by_hand: Path, axolotl: Path) -> None:
    import datasets

    (rows_file,) = by_hand.glob("rows-*.jsonl")
    rows = [json.loads(line) for line in rows_file.read_text().splitlines()]
    base = Path(yaml.safe_load((by_hand / "axolotl.yaml").read_text())["base_model"])
    answer = subprocess.run(
        [axolotl, "-c", ENCODE, base / "tokenizer.json"],
        input=json.dumps(rows), capture_output=True, text=True, check=True,
    )  # fmt: skip
    eos = json.loads((base / "config.json").read_text())["eos_token_id"]
    expected = sorted(
        ([*prompt, *completion, eos], [-100] * len(prompt) + [*completion, eos])
        for prompt, completion in json.loads(answer.stdout)
    )
    (prepared,) = by_hand.glob("prepared-*/*/dataset_info.json")
    found = datasets.load_from_disk(str(prepared.parent))
    assert sorted(zip(found["input_ids"], found["labels"], strict=True)) == expected


def _children(name: str) -> Iterator[int]:
    """Workers that this process has started."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if parent == os.getpid() and name in (entry / "cmdline").read_text():
                    yield int(entry.name)
            except OSError:
                continue


def _kill_after(path: Path, text: str, killed: list[int]) -> None:
    """Kills the worker as soon as a file holds a text."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        if path.exists() and text in path.read_text():
            for pid in _children("axolotl_worker.py"):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
            return
        time.sleep(0.02)


@pytest.mark.engines
def test_a_killed_training_goes_on_at_its_checkpoint_to_the_same_weights(
    trained: Trained, axolotl: Path, tmp_path: Path, make_run: Callable[..., RunFolder]
) -> None:
    base = tmp_path / "base.yaml"
    text = (recipes_folder() / "axolotl" / "full-sft-cpu.yaml").read_text()
    base.write_text(re.sub(r"(?m)^save_strategy:.*$", "save_strategy: steps\nsave_steps: 3", text))
    run = make_run(tmp_path / "run", f"training.axolotl={base}", "training.arms=[wc]")
    killed: list[int] = []
    log = run.cell(WC) / "train.log"
    state_of_checkpoint = run.cell(WC) / "model" / "checkpoint-3" / "trainer_state.json"
    killer = threading.Thread(target=_kill_after, args=(state_of_checkpoint, "log_history", killed))
    killer.start()
    document = train(run, Progress(io.StringIO()), axolotl_python=axolotl)
    killer.join()
    assert len(killed) == 1
    assert document["cells"][0]["status"] == "done"
    text = log.read_text()
    assert text.count("Starting trainer") == 2
    assert 'resume_from_checkpoint": "model/checkpoint-' in text
    assert weights(run, WC) == weights(trained.run, WC)


@pytest.mark.engines
def test_a_failing_cell_is_reported_with_its_log_and_tried_again(
    axolotl: Path, tmp_path: Path, make_run: Callable[..., RunFolder]
) -> None:
    question, solution = micro_rows(1)[0]
    long = [(question, solution + " 1" * 300), *micro_rows(20)]
    run = make_run(
        tmp_path, "training.steps=2", "training.arms=[se, wc, ground_truth]",
        "arms.build=[wc, se, ground_truth]", se=long, ground_truth=[],
    )  # fmt: skip
    with pytest.raises(EnvironmentFailure, match="1 of 2 trainings failed; 1 are done") as caught:
        train(run, Progress(io.StringIO()), axolotl_python=axolotl, workers=1)
    message = str(caught.value)
    assert f"{SE}: ValueError" in message
    assert "256" in message  # Axolotl says how long a row may be
    assert f"The whole log: {run.cell(SE) / 'train.log'}" in message
    assert state(run, SE)["status"] == "failed"
    assert state(run, WC)["status"] == "done"
    empty = state(run, "wc_lm-ground_truth-high-seed1")
    assert empty["status"] == "skipped"
    assert empty["reason"] == "the arm ground_truth-high is empty: nobody was right"
    first = weights(run, WC)

    write_arm(run, "se", "high", long[1:])
    document = train(run, Progress(io.StringIO()), axolotl_python=axolotl, workers=1)
    assert document["trained"] == 1
    statuses = [cell["status"] for cell in document["cells"]]
    assert statuses == ["done", "done", "skipped"]
    assert weights(run, WC) == first


@pytest.mark.engines
def test_a_launched_training_reports_as_one_in_process(
    trained: Trained, axolotl: Path, tmp_path: Path, make_run: Callable[..., RunFolder],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """torchrun with one process on the CPU: what several GPUs take, as far as it runs here."""
    from harness.training import stage
    from harness.training.places import Places

    monkeypatch.setattr(
        stage, "places_for", lambda workers, sharded: Places([{}], devices=1, launched=True)
    )
    run = make_run(tmp_path, "training.arms=[wc]")
    said = io.StringIO()
    document = train(run, Progress(said), axolotl_python=axolotl)
    assert document["cells"][0]["steps"] == 8
    assert "8/8 steps" in said.getvalue()
    assert weights(run, WC) == weights(trained.run, WC)
    assert not [path for path in run.cell(WC).iterdir() if path.name.startswith(".")]


@pytest.mark.engines
def test_the_list_of_keys_is_axolotl_s(axolotl: Path) -> None:
    from harness.engines.process import WORKERS_FOLDER

    answer = subprocess.run(
        [axolotl, WORKERS_FOLDER / "axolotl_keys.py"], capture_output=True, text=True, check=True
    )
    document = json.loads(answer.stdout)
    assert (frozenset(document["keys"]), frozenset(document["plugin_keys"])) == known_keys()
