"""The conventions of grading as keys of a recipe: what counts as the same answer.

They mirror `harness.grading.Conventions`, where each is explained with examples; a test holds
the two together. A key that is unset keeps the default.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from harness.recipe.fields import Section


class AnswerOptions(Section):
    """Conventions of grading, by name; unset keys keep the defaults of `problem_set`."""

    problem_set: Literal["default", "math", "gsm8k", "aime", "micro"] | None = Field(
        None, description="Whose defaults the other keys change; those of the format if unset."
    )
    percent: Literal["either", "fraction", "ignored"] | None = Field(
        None, description="What 50 % equals: 50 and 0.5 (`either`), only 0.5, or only 50."
    )
    units_optional: bool | None = Field(None, description="Whether a unit may be left out.")
    convert_units: bool | None = Field(None, description="Whether 1 m is 100 cm.")
    any_order: bool | None = Field(
        None, description="Whether bare lists are compared in any order."
    )
    count_repeats: bool | None = Field(None, description="Whether 1,1,2 differs from 1,2.")
    bare_tuples: bool | None = Field(None, description="Whether 1,2 is (1,2).")
    tuple_as_set: bool | None = Field(None, description="Whether (1,2) is {1,2}.")
    vector_brackets: bool | None = Field(None, description="Whether ⟨1,2⟩ is (1,2).")
    matrix_brackets: bool | None = Field(
        None, description="Whether the brackets of a matrix do not matter."
    )
    inequality_as_interval: bool | None = Field(None, description="Whether x > 2 is (2,∞).")
    list_as_union: bool | None = Field(None, description="Whether a list of intervals is a union.")
    left_side_optional: bool | None = Field(None, description="Whether 5 is x=5.")
    equation_forms: bool | None = Field(None, description="Whether 2x+4y=2 is x+2y=1.")
    any_variable: bool | None = Field(None, description="Whether x=5 is y=5.")
    any_form: bool | None = Field(None, description="Whether √12 is 2√3.")
    unreduced: bool | None = Field(None, description="Whether 2/4 is 1/2.")
    decimals: Annotated[int, Field(ge=0, le=50)] | None = Field(
        None, description="Compare at this many decimal places; exactly if unset."
    )
    float_noise: bool | None = Field(
        None, description="Whether a decimal of 16 or 17 digits may be a computer's rounding."
    )
    base_optional: bool | None = Field(None, description="Whether the base of a numeral may lack.")
    ignore_case: bool | None = Field(None, description="Whether the case of words is ignored.")
    ratio_as_fraction: bool | None = Field(None, description="Whether 3:4 is 3/4.")
    leading_zeros: bool | None = Field(None, description="Whether 05 is 5.")
    space_thousands: bool | None = Field(None, description="Whether 1 000 is 1000.")
    decimal_comma: bool | None = Field(None, description="Whether 1,22 may be 1.22.")
    unicode_digits: bool | None = Field(None, description="Whether full-width digits are digits.")
    number_words: bool | None = Field(None, description="Whether `five` is 5.")
    choice_text: bool | None = Field(None, description="Whether `(C) 25` is the choice C.")
    sentences: bool | None = Field(
        None, description="Whether a sentence is read by the answer in it."
    )

    def changes(self) -> dict[str, Any]:
        """The conventions that are set, by name."""
        return self.model_dump(exclude_none=True, exclude={"problem_set"})
