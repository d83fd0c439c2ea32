"""Pools drawn by real vLLM workers: the same to the byte, whatever happens on the way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from harness.engines.process import EngineProcess
from harness.errors import EnvironmentFailure, InputError
from harness.generators import managed, vllm_client
from harness.generators.hardware import places
from harness.micro import model_folder
from harness.pool import Pool
from tests.generators.jobs_for_tests import fill, job
from tests.generators.watching import digest, journal_lines, processes_with, wait_until

pytestmark = pytest.mark.engines
MODEL = "micro:wc"
PROBLEMS, SAMPLES = 60, 16
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory, vllm_python: Path) -> Path:
    """A pool drawn by one worker without any trouble."""
    folder = tmp_path_factory.mktemp("reference") / "pool"
    fill(job(folder, problems=PROBLEMS, samples=SAMPLES, model=MODEL), python=vllm_python)
    return folder


def wait_for_more_lines(folder: Path, than: int, process: subprocess.Popen[str]) -> None:
    wait_until(lambda: journal_lines(folder) > than or process.poll() is not None)


def test_samples_are_what_plain_vllm_draws_one_by_one(
    reference: Path, vllm_python: Path, tmp_path: Path
) -> None:
    rows = Pool.open(reference).samples().to_pylist()[: 12 * SAMPLES : 5]
    prompts = job(tmp_path, problems=PROBLEMS).prompts
    plan = [[prompts[row["problem_id"]], row["seed"]] for row in rows]
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    script = Path(__file__).with_name("reference_generate.py")
    names = [str(tmp_path / name) for name in ("plan.json", "out.json")]
    subprocess.run(
        [str(vllm_python), str(script), str(model_folder("wc")), *names],
        check=True,
        capture_output=True,
    )
    texts = json.loads((tmp_path / "out.json").read_text())
    assert [row["completion"] for row in rows] == texts
    assert all(text.startswith(" ") for text in texts)


def test_extended_pool_equals_one_drawn_at_once(
    reference: Path, vllm_python: Path, tmp_path: Path
) -> None:
    for samples in (3, SAMPLES):
        one = job(tmp_path / "pool", problems=PROBLEMS, samples=samples, model=MODEL)
        fill(one, python=vllm_python)
    assert digest(tmp_path / "pool") == digest(reference)
    assert {line.count for line in Pool.open(tmp_path / "pool").ledger()} == {3, SAMPLES - 3}


def test_a_killed_worker_is_replaced_and_two_share_a_pool(
    reference: Path, vllm_python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vllm_client, "WINDOW_SAMPLES", 4 * SAMPLES)
    monkeypatch.setattr("harness.generators.filling._WORTH_HELPING", SAMPLES)
    started: list[EngineProcess] = []

    class Recorded(EngineProcess):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(managed, "EngineProcess", Recorded)
    folder = tmp_path / "pool"

    def kill() -> None:
        wait_until(lambda: journal_lines(folder) > PROBLEMS * SAMPLES // 8)
        os.kill(started[0].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    said = fill(
        job(folder, problems=PROBLEMS, samples=SAMPLES, model=MODEL), python=vllm_python, workers=2
    )
    killer.join()
    assert digest(folder) == digest(reference)
    assert "was killed by SIGKILL; it is started again" in said
    assert len(started) == 3
    assert not any(one.alive for one in started)
    assert sum(line.count for line in Pool.open(folder).ledger()) == PROBLEMS * SAMPLES


def test_a_killed_harness_leaves_no_process_and_goes_on(
    reference: Path, vllm_python: Path, tmp_path: Path
) -> None:
    folder, whole = tmp_path / "pool", PROBLEMS * SAMPLES
    command = [
        sys.executable,
        str(Path(__file__).with_name("filler.py")),
        *map(str, (folder, PROBLEMS, SAMPLES, 1, vllm_python)),
    ]
    mark = f"HARNESS_TEST_MARK={tmp_path}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HARNESS_TEST_MARK": str(tmp_path)}
    kept = 0
    for number in (signal.SIGKILL, signal.SIGINT):
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        wait_for_more_lines(folder, kept, process)
        process.send_signal(number)
        _, said = process.communicate(timeout=120)
        assert process.returncode != 0
        assert f"{kept}/{whole} samples" in said
        wait_until(lambda: not processes_with(mark), seconds=60)
        kept = journal_lines(folder)
        assert 0 < kept < whole
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert f"resumed at {kept}/{whole} samples" in again.stderr
    assert digest(folder) == digest(reference)
    assert not processes_with(mark)


def test_greedy_and_too_long_prompts_over_several_models(vllm_python: Path, tmp_path: Path) -> None:
    greedy = job(tmp_path / "wc", problems=8, samples=1, model=MODEL, temperature=0.0)
    long = dict(greedy.prompts)
    long[greedy.problems[2].id] = "Q: " + "1 + " * 400 + "\nA:"
    mixed = job(
        tmp_path / "student", problems=8, samples=1, model="micro:student", prompts=long,
        temperature=0.0,
    )  # fmt: skip
    said = fill(greedy, mixed, python=vllm_python)
    assert len(Pool.open(greedy.folder)) == 8
    pool = Pool.open(mixed.folder)
    (failure,) = pool.failures()
    assert failure.problem_id == greedy.problems[2].id
    assert "maximum context length is 256" in failure.reason
    assert pool.counts()[failure.problem_id] == 0 and len(pool) == 7
    assert "1 of 8 problems were refused" in said
    seeds = pool.samples(["seed"])["seed"].to_pylist()
    assert set(seeds) == {None} and pool.identity["seed"] is None
    assert Pool.open(greedy.folder).samples(["completion"]) != pool.samples(["completion"])


def test_models_that_cannot_be_served(vllm_python: Path, tmp_path: Path) -> None:
    empty = tmp_path / "no weights"
    shutil.copytree(model_folder("wc"), empty, ignore=shutil.ignore_patterns("*.safetensors"))
    odd = tmp_path / "odd"
    shutil.copytree(model_folder("wc"), odd)
    config = json.loads((odd / "config.json").read_text())
    (odd / "config.json").write_text(json.dumps({**config, "head_dim": 24}))
    with pytest.raises(InputError) as refusal:
        fill(
            job(tmp_path / "a", model=str(empty)), job(tmp_path / "b", model=str(odd)),
            python=vllm_python,
        )  # fmt: skip
    assert "there are no weights" in str(refusal.value)
    assert "heads of size 24 cannot be served on a CPU" in str(refusal.value)
    (odd / "config.json").write_text(json.dumps({**config, "architectures": ["NeverSeenModel"]}))
    with pytest.raises(InputError) as unknown:
        fill(job(tmp_path / "c", model=str(odd)), python=vllm_python)
    assert "vLLM cannot serve the model" in str(unknown.value)
    assert "NeverSeenModel" in str(unknown.value)
    assert "Traceback" not in str(unknown.value) and len(unknown.value.message) < 500


def test_worker_refuses_a_head_size_and_stays_usable(vllm_python: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd"
    shutil.copytree(model_folder("wc"), odd)
    config = json.loads((odd / "config.json").read_text())
    (odd / "config.json").write_text(json.dumps({**config, "head_dim": 24}))
    load = {
        "request": "load", "revision": None, "dtype": "auto", "max_model_len": None,
        "max_num_seqs": 64, "cpu_cache_share": 0.1,
    }  # fmt: skip
    (place,) = places(1, offline=True)
    with EngineProcess(
        vllm_python,
        "vllm_worker.py",
        log=tmp_path / "log",
        environment={**place.environment, "TMPDIR": str(tmp_path)},
    ) as worker:
        ready = worker.receive(timeout=120)
        assert ready is not None and ready["event"] == "ready" and ready["device"] == "cpu"
        worker.send({**load, "model": str(odd)})
        failed = worker.receive(timeout=120)
        assert failed is not None and "heads of size 24" in failed["reason"]
        worker.send({**load, "model": str(model_folder("wc"))})
        loaded = worker.receive(timeout=120)
        assert loaded is not None and loaded["event"] == "loaded"
        assert (loaded["dtype"], loaded["max_model_len"]) == ("float32", 256)


def test_a_worker_that_keeps_dying_stops_the_work(
    vllm_python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken_worker.py"
    broken.write_text("import sys; sys.exit('no luck with this engine')")

    class Broken(EngineProcess):
        def __init__(self, python: Path, worker: str, **options: Any) -> None:
            super().__init__(python, broken, **options)

    monkeypatch.setattr(managed, "EngineProcess", Broken)
    with pytest.raises(EnvironmentFailure) as failure:
        fill(job(tmp_path / "pool", model=MODEL), python=vllm_python)
    assert "died 3 times" in str(failure.value)
    assert "no luck with this engine" in str(failure.value)
    assert str(tmp_path / "logs" / "vllm-0.log") in str(failure.value)
