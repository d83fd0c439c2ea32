"""A run's folder belongs to one recipe and to one process at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.locks import held
from harness.pipeline.opening import open_or_create_run, open_run
from harness.recipe.loading import load_recipe


def test_a_run_is_made_once_and_opened_again(tmp_path: Path) -> None:
    recipe = load_recipe("w2s-micro")
    made = open_or_create_run(tmp_path / "run", recipe)
    again = open_or_create_run(tmp_path / "run", load_recipe("w2s-micro"))
    assert again.recipe == made.recipe == open_run(tmp_path / "run").recipe


def test_a_changed_recipe_is_refused_by_the_keys_that_differ(tmp_path: Path) -> None:
    open_or_create_run(tmp_path, load_recipe("w2s-micro"))
    changed = load_recipe("w2s-micro", ["decoding.temperature=0.9", "seeds.training=[1, 2]"])
    with pytest.raises(InputError) as refusal:
        open_or_create_run(tmp_path, changed)
    text = str(refusal.value)
    assert "decoding.temperature: was 0.7, now is 0.9" in text
    assert "seeds.training" in text
    assert "budgets" not in text
    assert "--out" in text


def test_execution_may_change(tmp_path: Path) -> None:
    open_or_create_run(tmp_path, load_recipe("w2s-micro"))
    run = open_or_create_run(tmp_path, load_recipe("w2s-micro", ["execution.workers=1"]))
    assert run.recipe.execution.workers == 1


def test_a_strangers_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match=r"thesis\.tex"):
        open_or_create_run(tmp_path, load_recipe("w2s-micro"))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("")
    with pytest.raises(InputError, match="not the folder of a run"):
        open_or_create_run(target, load_recipe("w2s-micro"))
    with pytest.raises(InputError, match="not the folder of a run"):
        open_run(target)


def test_a_second_process_is_refused_and_a_dead_one_is_not_waited_for(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from harness.locks import held\n"
        "with held(Path(sys.argv[1]), 'the run'):\n    print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=f"process {other.pid}"), held(tmp_path, "the run"):
            pass
    finally:
        other.kill()
        other.wait()
    with held(tmp_path, "the run"):
        assert str(os.getpid()) in (tmp_path / ".holder.json").read_text()
    assert not (tmp_path / ".holder.json").exists()
