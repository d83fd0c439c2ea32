"""The wheel holds everything and works from any directory, in an empty environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def _run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=600,
        env={**os.environ, **environment}, check=False,
    )  # fmt: skip
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run(
        sys.executable,
        "-m",
        "uv",
        "build",
        "--quiet",
        "--wheel",
        "--out-dir",
        folder,
        ROOT,
        cwd=folder,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_carries_tasks_recipes_and_weights(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for expected in (
        "harness/shipped/recipes/w2s-micro.yaml",
        "harness/shipped/recipes/w2s-math.yaml",
        "harness/shipped/recipes/recipe.schema.json",
        "harness/shipped/tasks/w2s_micro/w2s_micro.yaml",
        "harness/micro/weights/wc/model.safetensors",
        "harness/micro/weights/wc-early/model.safetensors",
        "harness/micro/weights/se/model.safetensors",
        "harness/micro/weights/student/tokenizer.json",
        "harness/engines/workers/vllm_worker.py",
        "harness/engines/workers/axolotl_worker.py",
        "harness/reference/paper/about.yaml",
        "harness/reference/paper/generated_data.yaml",
        "leaderboard/entry.py",
    ):
        assert expected in names
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests/")]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_installed_wheel_works_from_another_directory(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    _run(sys.executable, "-m", "uv", "venv", "--quiet", environment, cwd=tmp_path)
    python = environment / "bin" / "python"
    _run(
        sys.executable,
        "-m",
        "uv",
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        wheel,
        cwd=tmp_path,
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    harness = environment / "bin" / "harness"
    listed = json.loads(_run(harness, "recipes", "list", "--json", cwd=elsewhere).stdout)
    assert "w2s-micro" in json.dumps(listed)
    _run(harness, "plan", "--recipe", "w2s-micro", "--json", cwd=elsewhere)
    problems = _run(harness, "micro", "problems", "--split", "test", "--count", "5", cwd=elsewhere)
    assert len(problems.stdout.splitlines()) == 5
    tasks = "from harness.resources import tasks_folder; print(tasks_folder())"
    folder = Path(_run(python, "-c", tasks, cwd=elsewhere).stdout.strip())
    assert (folder / "w2s_micro" / "w2s_micro.yaml").is_file()
    assert environment in folder.parents
