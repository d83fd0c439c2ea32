"""What a recipe that cannot be loaded is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import InputError
from harness.recipe.loading import load_recipe


def refusal(name: str | Path, *overrides: str) -> str:
    with pytest.raises(InputError) as error:
        load_recipe(str(name), overrides)
    return str(error.value)
