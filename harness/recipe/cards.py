"""Model cards: what the harness must know of a model before it spends anything on it.

Sizes set the compute match, prices the price match; both change a result, so both carry
where they come from. Prices are dated because providers change them: the same two models
were 10, 35 and 16.7 to 1 within one year.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)


def _day(value: Any) -> Any:
    # YAML files hold days as text; fromisoformat also takes `20240812`, which nobody means.
    if isinstance(value, str) and len(value) == len("2024-08-12"):
        return datetime.date.fromisoformat(value)
    return value


Day = Annotated[datetime.date, BeforeValidator(_day)]


class Parameters(BaseModel):
    """Parameter counts of a model."""

    model_config = _STRICT

    total: Annotated[int, Field(gt=0)] | None = Field(None, description="All parameters.")
    non_embedding: Annotated[int, Field(gt=0)] | None = Field(
        None, description="Without the token embeddings."
    )
    nominal: Annotated[int, Field(gt=0)] | None = Field(
        None, description="The size in the model's name, as papers round it."
    )
    active: Annotated[int, Field(gt=0)] | None = Field(
        None,
        description="Of a mixture of experts: the parameters that one token meets, embeddings "
        "included. FLOPs count these; worked out of `config` or the model's folder if unset.",
    )

    @model_validator(mode="after")
    def _active_are_some_of_all(self) -> Parameters:
        if self.active is not None and (wrong := self.contradiction(self.active)) is not None:
            raise ValueError(f"`active` is {self.active:,}; {wrong}")
        return self

    @model_serializer(mode="wrap")
    def _without_what_only_mixtures_have(
        self, serialise: SerializerFunctionWrapHandler
    ) -> dict[str, Any]:
        # Digests and identities of other models stay those of cards that knew no such key.
        written: dict[str, Any] = serialise(self)
        if written.get("active", ...) is None:
            del written["active"]
        return written

    def contradiction(self, active: int) -> str | None:
        """Why so many active parameters cannot be, in words; None where they can.

        Args:
            active: parameters that one token meets, embeddings included.
        """
        total, inner = self.total, self.non_embedding
        if total is None:
            return None
        if active > total:
            return f"a token cannot meet more than `total`, {total:,}"
        if inner is not None and active <= total - inner:
            return f"the embeddings, `total` less `non_embedding`, have {total - inner:,} already"
        return None


class Price(BaseModel):
    """A provider's price list on a day, in dollars per million tokens."""

    model_config = _STRICT

    date: Day = Field(description="Day from which the price held.")
    source: str = Field(description="Where the price was read.")
    input: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None, description="Dollars per million prompt tokens."
    )
    cached_input: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None, description="Dollars per million prompt tokens that a cache served; `input` if unset."
    )
    output: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        description="Dollars per million completion tokens."
    )
    batch_discount: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None, description="Share of all prices that requests in a batch save: 0.5 is half."
    )
    batch_input: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None, description="Dollars per million prompt tokens of requests in a batch."
    )
    batch_output: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        None, description="Dollars per million completion tokens of requests in a batch."
    )

    @model_validator(mode="after")
    def _one_account_of_batches(self) -> Price:
        if self.batch_discount is not None and (self.batch_input, self.batch_output) != (
            None,
            None,
        ):
            raise ValueError("give `batch_discount`, or `batch_input` and `batch_output`; not both")
        if self.batch_input is not None and self.batch_output is None:
            raise ValueError("`batch_input` needs `batch_output` beside it")
        return self


class ModelCard(BaseModel):
    """A generator or a student."""

    model_config = _STRICT

    id: str = Field(
        min_length=1,
        description="Hub id, folder, or `micro:NAME` for one of the embedded models.",
    )
    revision: str | None = Field(None, description="Commit on the Hub that the numbers hold for.")
    parameters: Parameters = Field(default_factory=lambda: Parameters())
    context_length: Annotated[int, Field(gt=0)] | None = Field(
        None, description="Longest sequence in tokens."
    )
    config: dict[str, Any] | None = Field(
        None,
        description="Keys of the model's config.json, for `match.kind: compute_exact` (read from "
        "its folder or the Hub if unset) and the active parameters of a mixture of experts.",
    )
    license: str | None = Field(
        None, description="Licence of the weights, which their output may inherit."
    )
    tokens_per_gpu_second: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        None,
        description="Completion tokens that one GPU yields a second, for `match.kind: gpu_seconds` "
        "where nothing was measured; say in `source` on which GPU.",
    )
    prices: list[Price] = Field(default_factory=list, description="Dated price lists.")
    source: str | None = Field(None, description="Where the counts were read.")

    @model_validator(mode="after")
    def _one_price_a_day(self) -> ModelCard:
        days = [price.date for price in self.prices]
        twice = sorted({day.isoformat() for day in days if days.count(day) > 1})
        if twice:
            raise ValueError(
                f"there are several prices of {', '.join(twice)}; keep the one that held, as only "
                "one can count"
            )
        return self

    @property
    def label(self) -> str:
        """A short name for tables: the last part of the id."""
        return self.id.rstrip("/").rsplit("/", 1)[-1]
