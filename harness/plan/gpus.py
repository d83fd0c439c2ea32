"""GPU cards: the few numbers of a data sheet that bound how fast a model can run.

Memory decides what fits, its bandwidth how fast tokens are decoded, the rates how fast prompts
are read and models trained. Rates are dense: data sheets like to print twice as much, which
only holds for matrices with every second weight zero.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.errors import InputError, Issues, unknown_name
from harness.recipe.cards import Day
from harness.recipe.catalogue import shown
from harness.recipe.draft import Draft
from harness.recipe.findings import found
from harness.recipe.reading import read_file
from harness.resources import recipes_folder

DEFAULT_GPU = "h100-sxm"
_GIGA, _TERA = 10**9, 10**12
_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)
_Rate = Annotated[float, Field(gt=0, lt=1e6, allow_inf_nan=False)]


class DenseRates(BaseModel):
    """Dense matrix products in tera-FLOP/s; a format that is not named is not supported."""

    model_config = _STRICT

    float32: _Rate = Field(description="float32, without TF32: a number below a million")
    float16: _Rate | None = Field(None, description="float16: a number below a million")
    bfloat16: _Rate | None = Field(None, description="bfloat16: a number below a million")
    fp8: _Rate | None = Field(None, description="fp8: a number below a million")


class GpuCard(BaseModel):
    """What a plan must know of a GPU."""

    model_config = _STRICT

    name: str = Field(min_length=1, description="the GPU's name")
    memory_gb: Annotated[float, Field(gt=0, lt=1e5, allow_inf_nan=False)] = Field(
        description="its memory, in units of 10^9 bytes: a number below 100,000"
    )
    bandwidth_gb_per_s: Annotated[float, Field(gt=0, lt=1e6, allow_inf_nan=False)] = Field(
        description="the bandwidth of its memory, in 10^9 bytes a second: below a million"
    )
    tflops: DenseRates = Field(
        description="dense rates in 10^12 FLOP/s: a mapping with float32 and, where it has "
        "them, float16, bfloat16 and fp8"
    )
    source: str = Field(min_length=1, description="where the numbers were read")
    date: Day = Field(description="the day on which they were read, as YYYY-MM-DD")

    @property
    def memory(self) -> float:
        """Bytes. Drivers usually show some per cent more than the data sheet."""
        return self.memory_gb * _GIGA

    @property
    def bandwidth(self) -> float:
        """Bytes a second."""
        return self.bandwidth_gb_per_s * _GIGA

    def flops(self, number_format: str) -> float | None:
        """Dense FLOP/s in a format (`float32`, `float16`, `bfloat16`, `fp8`); None without it."""
        rate: float | None = getattr(self.tflops, number_format)
        return None if rate is None else rate * _TERA


def gpu_names() -> list[str]:
    """The names of the shipped GPU cards."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def load_gpu(name_or_path: str) -> GpuCard:
    """A GPU card: a shipped one by its name, or a user's by its path.

    Args:
        name_or_path: a shipped card's name, or a path (it has a slash, or ends in `.yaml` or
            `.yml`).

    Raises:
        InputError: there is no such card, or it has problems: all of them, with places.
    """
    file = _card_file(name_or_path)
    issues = Issues()
    draft = read_file(file, issues)
    card = None if draft is None else _validated(draft, issues)
    issues.raise_if_any(f"the GPU card {shown(file)} cannot be used:")
    assert card is not None, "a card is refused for a reason"
    return card


def _folder() -> Path:
    return recipes_folder() / "gpus"


def _card_file(name_or_path: str) -> Path:
    if "/" in name_or_path or name_or_path.endswith((".yaml", ".yml")):
        path = Path(name_or_path).expanduser()
        if not path.is_file():
            raise InputError(
                f"there is no GPU card {path}.",
                f"Give the path of a card, or the name of a shipped one: {', '.join(gpu_names())}.",
            )
        return path
    name = name_or_path.strip().lower()
    file = _folder() / f"{name}.yaml"
    if not name or not file.is_file():
        known = gpu_names()
        # `h100` is too short for the nearest names to find `h100-pcie` beside `h100-sxm`.
        family = [one for one in known if name and one.startswith(name)]
        raise InputError(
            unknown_name("GPU card", name, family or known),
            f"The shipped ones are {', '.join(known)}; one of yours is given by its path, as in "
            "./mine.yaml.",
        )
    return file


def _validated(draft: Draft, issues: Issues) -> GpuCard | None:
    try:
        return GpuCard.model_validate(draft.values)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            _note(draft, tuple(item["loc"]), item["type"], issues)
    return None


def _note(draft: Draft, path: tuple[Any, ...], kind: str, issues: Issues) -> None:
    fields = (DenseRates if len(path) > 1 else GpuCard).model_fields
    key, where = str(path[-1]), draft.where(path)
    if kind == "extra_forbidden":
        issues.add(where, f"there is no key {key!r}; known are: {', '.join(fields)}.")
        return
    wanted = fields[key].description
    if kind == "missing":
        issues.add(where, f"the key {key!r} is missing; expected {wanted}.")
    else:
        issues.add(where, f"found {found(draft.get(path))}, expected {wanted}.")
