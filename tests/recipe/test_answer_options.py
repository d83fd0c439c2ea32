"""The conventions of a recipe are those of the grader, name by name and type by type."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args, get_type_hints

import pytest

from harness.errors import InputError
from harness.grading import CONVENTIONS, FORMATS, Conventions
from harness.recipe.answer_options import AnswerOptions
from harness.recipe.loading import load_recipe
from harness.recipe.schema import Answer


def test_names_and_values_are_the_graders() -> None:
    options = AnswerOptions.model_fields
    names = [field.name for field in fields(Conventions)]
    assert list(options) == ["problem_set", *names]
    assert set(get_args(get_args(options["problem_set"].annotation)[0])) == set(CONVENTIONS)
    hints = get_type_hints(Conventions)
    for name in names:
        wanted = {hints[name]} | set(get_args(hints[name]))
        given = get_args(options[name].annotation)
        if name != "decimals":
            assert given[0] in wanted, name
    assert set(get_args(Answer.model_fields["format"].annotation)) == set(FORMATS)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("answer.options.percnt=either", "percent"),
        ("answer.options.percent=maybe", "either, fraction or ignored"),
        ("answer.options.decimals=51", "at most 50"),
        ("answer.options.sentences=3", "true or false"),
        ("answer.format=jsn", "json"),
    ],
)
def test_what_does_not_fit_is_refused(override: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        load_recipe("w2s-micro", [override])
