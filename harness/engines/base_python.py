"""Which Python an engine's environment is made from."""

from __future__ import annotations

import sys
import sysconfig
from dataclasses import dataclass

from harness.engines.package_sources import PackageSources
from harness.engines.specification import EngineSpecification


@dataclass(frozen=True)
class BasePython:
    """What a new environment is made from.

    Attributes:
        request: an interpreter, or a version for uv to find (or fetch).
        version: such as `3.11`, or a range where any of it will do.
    """

    request: str
    version: str


def choose_python(spec: EngineSpecification, sources: PackageSources) -> BasePython:
    """The harness's own interpreter if the pins resolve for it, else one for uv to find.

    Where the CPU build of torch comes from a folder, its wheels decide: an interpreter that
    none of them fits would end in a failure to resolve.
    """
    from packaging.specifiers import SpecifierSet

    tags = sources.torch_wheels(spec.torch_build) if spec.torch_build else []
    versions = [f"{tag[2]}.{tag[3:]}" for tag in tags]
    allowed = SpecifierSet(spec.python)
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    plain = sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
    if plain and own in allowed and (not versions or own in versions):
        return BasePython(sys.executable, own)
    fitting = [version for version in versions if version in allowed]
    request = max(fitting, key=lambda text: int(text.partition(".")[2]), default=spec.python)
    return BasePython(request, request)
