"""Environments of a small engine, really made: whole or not there, whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.engines import installation
from harness.engines.folders import (
    finished_folder,
    interpreter_in,
    log_of,
    read_marker,
)
from harness.engines.installation import make_environment
from harness.engines.installers import Pip
from harness.engines.probe import damage, probe
from harness.errors import EnvironmentFailure
from tests.engines.tiny_engine import Tiny, write_wheel
from tests.engines.watching import running, within

Start = Callable[[], "subprocess.Popen[str]"]


def _make(tiny: Tiny, **options: bool) -> tuple[Path, list[str]]:
    said: list[str] = []
    folder = make_environment(tiny.spec, said.append, **options)
    return folder, said


def test_an_environment_is_made_once(tiny: Tiny) -> None:
    assert finished_folder(tiny.spec) is None
    folder, said = _make(tiny)
    assert folder == tiny.folder
    text = "\n".join(said)
    for stage in ("creating", "installing 1 package", "compiling", "self-test", "ready after"):
        assert stage in text
    assert probe(interpreter_in(folder), ["tiny-engine"]).versions == {"tiny-engine": "1.0.0"}
    marker = read_marker(folder)
    assert marker is not None
    assert marker.versions == {"tiny-engine": "1.0.0"}
    assert marker.self_test == {"answer": 42}
    assert marker.packages == 1
    assert marker.size_bytes > 1000
    again, said = _make(tiny)
    assert (again, said) == (folder, [])
    assert len(tiny.runs()) == 1
    forced, _ = _make(tiny, force=True)
    assert forced == folder
    assert len(tiny.runs()) == 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_installation_is_made_again(
    tiny: Tiny, make_elsewhere: Start, number: signal.Signals
) -> None:
    (tiny.test_folder / "sleep").write_text("60")
    harness = make_elsewhere()
    assert within(60, lambda: len(tiny.runs()) == 1), "the self-test has started"
    (working,) = tiny.runs()
    assert running(working)
    harness.send_signal(number)
    harness.wait(timeout=20)
    assert within(5, lambda: not running(working)), "nothing works on without the harness"
    assert tiny.folder.exists()
    assert read_marker(tiny.folder) is None
    assert finished_folder(tiny.spec) is None
    (tiny.test_folder / "sleep").unlink()
    folder, said = _make(tiny)
    assert "was not finished" in said[0]
    assert finished_folder(tiny.spec) == folder
    assert len(tiny.runs()) == 2


def test_two_processes_make_it_once(tiny: Tiny, make_elsewhere: Start) -> None:
    (tiny.test_folder / "sleep").write_text("2")
    harnesses = [make_elsewhere() for _ in range(2)]
    outputs = [harness.communicate(timeout=120)[0] for harness in harnesses]
    assert [harness.returncode for harness in harnesses] == [0, 0], outputs
    assert len(tiny.runs()) == 1
    assert all(output.splitlines()[-1] == str(tiny.folder) for output in outputs)
    assert sum("waiting for another process" in output for output in outputs) == 1


def test_a_full_disk_is_noticed_before_it_is_full(tiny: Tiny) -> None:
    spec = replace(tiny.spec, disk_bytes=1 << 60)
    with pytest.raises(EnvironmentFailure, match=r"needs about 1073741824\.0 GiB in .* are free"):
        make_environment(spec, lambda text: None)
    assert not tiny.folder.exists()


def test_a_failing_self_test_leaves_its_reason_and_no_environment(tiny: Tiny) -> None:
    (tiny.test_folder / "fail").touch()
    with pytest.raises(EnvironmentFailure) as caught:
        _make(tiny)
    assert "the self-test failed with status 1" in str(caught.value)
    assert "something is wrong" in str(caught.value)
    assert str(log_of(tiny.folder)) in str(caught.value)
    assert "$HARNESS_TINY_PYTHON" in str(caught.value)
    assert not tiny.folder.exists()
    assert "something is wrong" in log_of(tiny.folder).read_text()
    (tiny.test_folder / "fail").unlink()
    _make(tiny)


def test_an_unsatisfiable_pin_shows_what_the_installer_said(tiny: Tiny) -> None:
    spec = replace(tiny.spec, version="9.9")
    with pytest.raises(EnvironmentFailure, match=r"(?s)installing failed .*tiny-engine==9\.9"):
        make_environment(spec, lambda text: None)


def test_no_password_is_shown(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = http://user:hunter2@127.0.0.1:9/simple\ntimeout = 1\n"
    )
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    said: list[str] = []
    with pytest.raises(EnvironmentFailure) as caught:
        make_environment(tiny.spec, said.append)
    assert "127.0.0.1:9" in str(caught.value), "the place itself is worth knowing"
    assert "hunter2" not in "\n".join([str(caught.value), *said, log_of(tiny.folder).read_text()])


def test_a_lost_file_is_noticed_and_mended(tiny: Tiny) -> None:
    folder, _ = _make(tiny)
    assert damage(tiny.spec, folder) == ""
    (lost,) = folder.glob("lib/python*/site-packages/tinyengine/data.txt")
    lost.unlink()
    assert f"files missing in {folder}: 1, first of them lib/" in damage(tiny.spec, folder)
    mended, said = _make(tiny, verify=True)
    assert mended == folder
    assert "to make it again" in said[0]
    assert damage(tiny.spec, folder) == ""


def test_a_lost_base_interpreter_is_noticed_and_mended(tiny: Tiny, tmp_path: Path) -> None:
    folder, _ = _make(tiny)
    python = interpreter_in(folder)
    python.unlink()
    python.symlink_to(tmp_path / "python-that-was-upgraded-away")
    assert finished_folder(tiny.spec) is None
    assert "does not start" in damage(tiny.spec, folder)
    folder, said = _make(tiny)
    assert "lost its Python" in said[0]
    assert damage(tiny.spec, folder) == ""


def test_an_interpreter_that_crashes_is_noticed(tiny: Tiny) -> None:
    folder, _ = _make(tiny)
    python = interpreter_in(folder)
    python.unlink()
    python.write_text("#!/bin/sh\necho 'bad magic' >&2\nkill -SEGV $$\n")
    python.chmod(0o755)
    assert finished_folder(tiny.spec) == folder, "the fast look does not start it"
    assert "killed by SIGSEGV, saying: bad magic" in damage(tiny.spec, folder)


def test_other_pins_are_another_environment(tiny: Tiny) -> None:
    first, _ = _make(tiny)
    newer = tiny.with_version("1.1.0")
    assert finished_folder(newer.spec) is None
    second, _ = _make(newer)
    assert second != first
    assert finished_folder(tiny.spec) == first, "another release may still use it"


def test_the_alias_is_found(tiny: Tiny) -> None:
    folder = make_environment(replace(tiny.spec, alias="tiny"), lambda text: None)
    found = probe(interpreter_in(folder), ["tiny", "tiny-engine"])
    assert found.versions == {"tiny": "1.0.0+cpu", "tiny-engine": "1.0.0"}
    marker = read_marker(folder)
    assert marker is not None
    assert marker.packages == 1
    assert damage(replace(tiny.spec, alias="tiny"), folder) == ""


def test_without_uv_pip_does_it(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "find_installer", Pip)
    write_wheel(tiny.wheels, "tiny-engine", "1.0.0", requires=("tiny-unwanted",))
    write_wheel(tiny.wheels, "tiny-unwanted", "1.0")
    spec = replace(tiny.spec, excludes=("tiny-unwanted",))
    said: list[str] = []
    folder = make_environment(spec, said.append)
    found = probe(interpreter_in(folder), ["tiny-engine", "tiny-unwanted"])
    assert found.versions == {"tiny-engine": "1.0.0"}
    marker = read_marker(folder)
    assert marker is not None
    assert marker.installer == "pip"
    assert any("installing 2 packages" in text for text in said)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', '{"format": 1, "engine": 3}'])
def test_a_damaged_marker_counts_as_none(tiny: Tiny, text: str) -> None:
    tiny.folder.mkdir(parents=True)
    (tiny.folder / "environment.json").write_text(text)
    assert read_marker(tiny.folder) is None
    assert finished_folder(tiny.spec) is None


def test_the_working_directory_s_own_uv_settings_do_not_count(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        "[project]\nname = 'x'\nversion = '1'\n"
        "[tool.uv]\nconstraint-dependencies = ['tiny-engine<1']\n"
    )
    monkeypatch.chdir(project)
    monkeypatch.setenv("UV_CONSTRAINT", str(project / "no-such-file"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    folder, _ = _make(tiny)
    assert list(folder.glob("lib/python*/site-packages/tinyengine/__pycache__/*.pyc"))
    assert os.environ["PYTHONDONTWRITEBYTECODE"] == "1"
