"""What the sections of the schema share: names of sides, arms and paradigms, and value types."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Paradigm = Literal["student_lm", "wc_lm", "se_lm"]
Side = Literal["wc", "se"]
ArmName = Literal["wc", "se", "ground_truth"]
SIDES: tuple[Side, Side] = ("wc", "se")
PARADIGMS: tuple[Paradigm, ...] = ("student_lm", "wc_lm", "se_lm")

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
# Part of dotted keys (`--set budgets.high.se=3`), so without dots.
Label = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
OptionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
NonEmpty = Annotated[str, Field(min_length=1)]
PositiveInt = Annotated[int, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]


class Section(BaseModel):
    """A part of a recipe: unknown keys are refused, values are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
