"""Rebuilding embedded models, on the real trainer: equal seeds, equal weights; resumable."""

from __future__ import annotations

import io
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from harness.errors import EnvironmentFailure, InputError
from harness.files import sha256_of
from harness.micro import MODELS, model_folder, rebuild, schedules
from harness.micro.schedules import SCHEDULES, Cycle, Schedule, Shape
from harness.progress import Progress

TINY = Schedule(
    "tiny",
    Shape(32, 1, 32, 1),
    seed=5,
    cycles=(Cycle(4, 0.01, 0.5, True, 51), Cycle(3, 0.01, 0.5, False, 52)),
    snapshots=((0, "tiny-early"),),
)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCHEDULES, "tiny", TINY)


def build(output: Path, python: Path) -> list[Path]:
    progress = Progress(io.StringIO(), live=False)
    return rebuild.rebuild(output, python, ["tiny"], seed=0, jobs=1, progress=progress)


@pytest.mark.engines
def test_equal_seeds_give_equal_weights_and_a_rebuild_goes_on(
    tmp_path: Path, tiny: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.engines.environment import engine_python

    python = engine_python("axolotl")
    first = build(tmp_path / "a", python)
    assert [folder.name for folder in first] == ["tiny", "tiny-early"]
    weights = [sha256_of(folder / "model.safetensors") for folder in first]
    assert weights[0] != weights[1]
    # Saving an earlier state must leave the training alone: rounding the model itself to bf16
    # and back would spoil the frequencies of its positions, which no state dict restores.
    with monkeypatch.context() as without:
        without.setitem(SCHEDULES, "tiny", replace(TINY, snapshots=()))
        (alone,) = build(tmp_path / "b", python)
    assert sha256_of(alone / "model.safetensors") == weights[0]
    (work,) = (tmp_path / "a" / "work").glob("tiny-*")
    (work / "cycle-1.pt").unlink()  # As if it was killed in the second cycle.
    before = (work / "cycle-0.pt").stat().st_mtime_ns
    assert [
        sha256_of(folder / "model.safetensors") for folder in build(tmp_path / "a", python)
    ] == weights
    assert (work / "cycle-0.pt").stat().st_mtime_ns == before


@pytest.mark.engines
def test_the_tokenizer_of_every_model_is_lossless(tmp_path: Path) -> None:
    from harness.engines.environment import engine_python

    texts = [
        "Q: Kim has 29 eggs.\nA:",
        " 29 + 7 = 36. #### 36",
        "naïve – ≤ 🦜\x00\t end",
        "  two  spaces",
    ]
    program = (
        "import json, sys\nfrom transformers import AutoTokenizer\n"
        "texts = json.loads(sys.argv[1])\n"
        "for folder in sys.argv[2:]:\n"
        "    t = AutoTokenizer.from_pretrained(folder)\n"
        "    assert (t.eos_token, t.pad_token, t.bos_token, t.padding_side)"
        " == ('<eos>', '<pad>', None, 'left')\n"
        "    for text in texts:\n"
        "        ids = t(text).input_ids\n"
        "        assert t.decode(ids) == text, (folder, text)\n"
        "        assert max(ids) < 464\n"
    )
    folders = [str(model_folder(name)) for name in MODELS]
    result = subprocess.run(
        [str(engine_python("axolotl")), "-c", program, json.dumps(texts), *folders],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-2000:]


def test_a_failing_trainer_says_why(tmp_path: Path, tiny: None) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'no module named torch' >&2\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(EnvironmentFailure, match="no module named torch"):
        build(tmp_path / "out", python)


def test_a_failure_stops_the_other_trainers(
    tmp_path: Path, tiny: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The longer one goes on for ever, as far as it knows.
    monkeypatch.setitem(
        SCHEDULES, "endless", replace(TINY, name="endless", shape=Shape(64, 2, 64, 1))
    )
    python = tmp_path / "python"
    python.write_text(
        "#!/bin/sh\n"
        f'case "$2" in *endless*) echo $$ > {tmp_path}/pid; exec cat > /dev/null;; esac\n'
        f"while [ ! -s {tmp_path}/pid ]; do sleep 0.05; done\n"
        "echo 'the disk is full' >&2; exit 1\n"
    )
    python.chmod(0o755)
    progress = Progress(io.StringIO(), live=False)
    with pytest.raises(EnvironmentFailure, match="the disk is full"):
        rebuild.rebuild(
            tmp_path / "out", python, ["tiny", "endless"], seed=0, jobs=2, progress=progress
        )
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_two_rebuilds_in_one_folder_are_refused(tmp_path: Path, tiny: None) -> None:
    (tmp_path / "work").mkdir()
    with (
        FileLock(tmp_path / "work" / ".lock"),
        pytest.raises(InputError, match="another rebuild is at work"),
    ):
        build(tmp_path, Path("/no/python"))


@pytest.mark.parametrize("name", MODELS)
def test_shipped_models_have_the_shapes_of_their_schedules(name: str) -> None:
    record = json.loads((model_folder(name) / "training.json").read_text())
    schedule = SCHEDULES[name.removesuffix("-early")]
    cycles = schedule.cycles if name in SCHEDULES else schedule.cycles[:1]
    assert record["shape"] == schedule.document()["shape"]
    assert [c["steps"] for c in record["cycles"]] == [c.steps for c in cycles]
    assert [c["seed"] for c in record["cycles"]] == [c.seed for c in cycles]
    assert schedules.BATCH_DOCUMENTS == 16
