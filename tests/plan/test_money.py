"""Rented GPUs and bought tokens: which of them are paid together, and which one or the other."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plan.estimate import Estimate
from harness.plan.estimate_text import estimate_parts
from harness.recipe.loading import load_recipe
from tests.plan.reference_estimates import estimate

PRICES = [
    f"pair.{side}.prices=[{{date: '2025-01-01', source: here, input: {price}, output: {price}}}]"
    for side, price in (("wc", 0.06), ("se", 0.18))
]
SERVED = [f"execution.endpoints.{side}.url=http://127.0.0.1:1/v1" for side in ("wc", "se")]
UNBILLED = [f"execution.endpoints.{side}.billed=false" for side in ("wc", "se")]


def estimated(*more: str) -> Estimate:
    return estimate(load_recipe("w2s-math", [*PRICES, *more]), price=2.5)


def money(found: Estimate) -> str:
    """The paragraph with the totals."""
    (text,) = (part for part in estimate_parts(found) if part.startswith("GPU-hours on"))
    return text


def totals(found: Estimate) -> dict[str, Any]:
    document: dict[str, Any] = found.document()["totals"]
    return document


def test_tokens_of_models_that_run_here_are_an_alternative_and_no_addition() -> None:
    found = estimated()
    assert found.billed_dollars is None
    assert found.alternative_dollars == found.token_dollars is not None
    assert found.sampling_hours is not None
    assert found.saved_gpu_dollars == found.sampling_hours.times(2.5)
    text = money(found)
    assert "for tokens, if samples of WC and SE were bought:\n" in text
    assert "not to be added" in text and "servers bill" not in text
    assert "sampling of WC and SE, training, tests of the models that run here" in text
    (said,) = (one for one in found.assumptions if "an alternative to sampling on GPUs" in one)
    assert "either GPUs are rented or tokens bought" in said
    assert "leave out the tests of these models" in said
    assert totals(found)["billed_dollars"] is None
    assert totals(found)["alternative_dollars"] == totals(found)["dollars"]


def test_what_servers_bill_comes_on_top_and_the_gpus_do_not_sample() -> None:
    found = estimated(*SERVED)
    assert found.alternative_dollars is found.saved_gpu_dollars is None
    assert found.test is not None and found.test.dollars is not None
    assert found.billed_dollars == found.token_dollars
    text = money(found)
    assert "for tokens that servers bill, besides the GPUs:\n" in text
    assert "samples of WC and SE, and tests of these models" in text
    assert "no sampling of WC and SE" in text and "if samples" not in text


def test_one_side_of_each_kind() -> None:
    found = estimated(SERVED[1])
    wc, se = found.sampling["wc"], found.sampling["se"]
    assert wc is not None and se is not None and found.test is not None
    assert (wc.billed, se.billed) == (False, True)
    assert found.alternative_dollars == wc.dollars
    assert found.billed_dollars is not None and se.dollars is not None
    assert found.test.dollars is not None
    assert found.billed_dollars.high == pytest.approx(se.dollars.high + found.test.dollars.high)
    text = money(found)
    assert "sampling of WC, training" in text and "; no sampling of SE" in text
    assert "if samples of WC were bought" in text and "samples of SE, and tests" in text


def test_servers_that_bill_nothing_are_not_paid() -> None:
    found = estimated(*SERVED, *UNBILLED)
    assert found.billed_dollars is None
    assert found.test is not None and found.test.dollars is None
    assert found.alternative_dollars is not None


def test_without_a_price_of_the_gpu_the_alternative_is_still_one() -> None:
    found = estimate(load_recipe("w2s-math", PRICES))
    assert found.gpu_dollars is found.saved_gpu_dollars is None
    assert "instead of drawing them on GPUs; not to be added" in money(found)
