"""The sections of a recipe about cost: how it is counted, and how much each side may spend."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from harness.errors import InputError
from harness.recipe.cards import Day
from harness.recipe.fields import NonEmpty, NotNegative, PositiveFloat, Section

Quotient = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}/[1-9][0-9]{0,8}$", examples=["1/7"])]


class SampleMeans(Section):
    """What a sample of one side takes on average, as a pilot pool showed it."""

    prompt_tokens: NotNegative | None = Field(None, description="Length of the prompt, in tokens.")
    cached_tokens: NotNegative = Field(0.0, description="Prompt tokens that a cache serves.")
    completion_tokens: PositiveFloat | None = Field(
        None, description="Length of the completion; what decoding expects of both sides if unset."
    )
    gpu_seconds: PositiveFloat | None = Field(
        None, description="GPU-seconds; by the card's tokens_per_gpu_second if unset."
    )
    grading: NotNegative = Field(
        0.0, description="Cost of grading or judging a sample, in the unit that the match counts."
    )


class PerSample(Section):
    """Measured means of both sides; without them completions are taken to be equally long."""

    wc: SampleMeans = Field(default_factory=lambda: SampleMeans(), description="Of WC.")
    se: SampleMeans = Field(default_factory=lambda: SampleMeans(), description="Of SE.")


class Match(Section):
    """The cost model that makes the two sides' budgets equal."""

    kind: Literal["number", "compute", "compute_exact", "price", "tokens", "gpu_seconds"] = Field(
        description="`number`: equal samples; `compute`: equal FLOPs, 2P a token (paper, Eq. 1), "
        "P of a mixture of experts its active parameters; "
        "`compute_exact`: equal FLOPs, by the shapes in config.json; `price`: equal dollars; "
        "`tokens`: equal completion tokens; `gpu_seconds`: equal time of a GPU."
    )
    parameters: Literal["total", "non_embedding", "nominal"] = Field(
        "total", description="Which parameter count of the cards is P."
    )
    price_date: Day | None = Field(
        None, description="Prices in force on this day (YYYY-MM-DD); the newest if unset."
    )
    batch: bool = Field(False, description="Whether prices are those of requests in a batch.")
    prompts: Literal["none", "every", "once"] | None = Field(
        None,
        description="Whether prompt tokens are left out, paid for every sample, or once a problem "
        "(samples share them); left out if unset, but `every` for compute_exact.",
    )
    per_sample: PerSample = Field(
        default_factory=lambda: PerSample(),
        description="Measured means; give both sides' from pilot pools.",
    )
    rounding: Literal["nearest", "mixed"] = Field(
        "nearest",
        description="`nearest`: every problem gets the nearest whole number of samples, or of a "
        "total the next lower one; `mixed`: some get one fewer than others, so that the whole "
        "problem set's cost matches (the pools hold the larger number of every problem).",
    )

    @model_validator(mode="after")
    def _countable(self) -> Match:
        grading = self.per_sample.wc.grading or self.per_sample.se.grading
        if self.kind == "number" and grading:
            raise ValueError(
                "`number` counts samples, so no cost of grading can be added; choose another kind"
            )
        return self


MOST_SAMPLES = 10**15


class Budget(Section):
    """A sampling budget: samples a problem of one side, or a total; the match gives the rest."""

    se: PositiveFloat | None = Field(None, description="SE samples a problem.")
    wc: PositiveFloat | None = Field(None, description="WC samples a problem.")
    total: NonEmpty | PositiveFloat | None = Field(
        None,
        description="What each side spends on the whole problem set at most, by expected lengths "
        "and in the unit that the match counts: `20usd`, `1e18flop`, `2Mtok`, `3600gpu_s`; a bare "
        "number is SE samples a problem.",
    )
    multiplier: PositiveFloat | Quotient | None = Field(
        None,
        description="What the other side (WC, with `total`) spends over this one: 0.143 or `1/7` "
        "for the paper's 5 WC samples where 35 cost as much as one of SE; 1 if unset.",
    )

    @model_validator(mode="after")
    def _one_side(self) -> Budget:
        problems = []
        if [self.se, self.wc, self.total].count(None) != 2:
            problems.append(
                "give exactly one of `se`, `wc` and `total`; the match gives the rest (one in "
                "place of another by --set is budgets.NAME={total: 20usd})"
            )
        counts = [self.se, self.wc, self.multiplier]
        if self.total is not None:
            # Here, since the budget package reads recipes.
            from harness.budget.totals import amount_of_total

            try:
                total = amount_of_total(self.total)
            except InputError as error:
                problems.append(f"{error.message} {error.advice}".removesuffix("."))
            else:
                counts.append(float(total.value) if total.unit == "samples" else None)
        problems += [
            f"{count:g} is beyond {MOST_SAMPLES:,}, more than any pool can hold"
            for count in counts
            if isinstance(count, float) and count > MOST_SAMPLES
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self
