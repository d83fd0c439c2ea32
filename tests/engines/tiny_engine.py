"""A small engine for tests: real wheels, really installed, without a network."""

from __future__ import annotations

import sys
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

from harness.engines.folders import environment_folder
from harness.engines.specification import EngineSpecification

SELF_TEST = """
import json, os, sys, time
from pathlib import Path
import tinyengine
here = Path(__file__).parent
with (here / "runs").open("a") as stream:
    stream.write(f"{os.getpid()}\\n")
time.sleep(float((here / "sleep").read_text()) if (here / "sleep").exists() else 0)
if (here / "fail").exists():
    print("something is wrong", file=sys.stderr)
    sys.exit(1)
print(json.dumps({"versions": {"tiny-engine": tinyengine.VERSION}, "answer": 42}))
"""


def write_wheel(folder: Path, name: str, version: str, requires: tuple[str, ...] = ()) -> Path:
    """A wheel with one module that knows its version."""
    module = name.replace("-", "")
    stem = name.replace("-", "_")
    info = f"{stem}-{version}.dist-info"
    files = {
        f"{module}/__init__.py": f'VERSION = "{version}"\n',
        f"{module}/data.txt": "x" * 1000,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + "".join(f"Requires-Dist: {other}\n" for other in requires),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{stem}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


@dataclass(frozen=True)
class Tiny:
    """The small engine and the folders around it."""

    spec: EngineSpecification
    wheels: Path
    test_folder: Path

    @property
    def folder(self) -> Path:
        return environment_folder(self.spec, f"{sys.version_info[0]}.{sys.version_info[1]}")

    def runs(self) -> list[int]:
        """Process ids of the self-tests so far."""
        path = self.test_folder / "runs"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def with_version(self, version: str) -> Tiny:
        write_wheel(self.wheels, "tiny-engine", version)
        return replace(self, spec=replace(self.spec, version=version))


MAKE = """
import sys
from pathlib import Path
from harness.cli import _interrupt
import signal
signal.signal(signal.SIGINT, _interrupt)
signal.signal(signal.SIGTERM, _interrupt)
from harness.engines.installation import make_environment
from harness.engines.specification import EngineSpecification
spec = EngineSpecification(engine="tiny", variant="cpu", distribution="tiny-engine",
    version=sys.argv[3], accepted=("tiny-engine",), supported=">=1.0,<2", python=">=3.11",
    pins=Path(sys.argv[1]), self_test=Path(sys.argv[2]), disk_bytes=1 << 20)
print(make_environment(spec, lambda text: print(text, flush=True)), flush=True)
"""
