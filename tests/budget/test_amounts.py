"""Budgets as text: every unit and power, exactly; what is refused says what is accepted."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.budget.amounts import BudgetAmount, parse_budget
from harness.errors import InputError


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("10", 10, "samples"),
        ("0.5", Fraction(1, 2), "samples"),
        ("1_000", 1000, "samples"),
        ("2k", 2000, "samples"),
        ("20usd", 20, "usd"),
        ("$20", 20, "usd"),
        ("19.99 USD", Fraction(1999, 100), "usd"),
        ("1e18flop", 10**18, "flop"),
        ("1E18FLOPs", 10**18, "flop"),
        ("1Eflop", 10**18, "flop"),
        ("1.5 Pflop", 15 * 10**14, "flop"),
        ("2Mtok", 2_000_000, "tok"),
        ("2 M tokens", 2_000_000, "tok"),
        ("1e-3Mtok", 1000, "tok"),
        ("3600gpu_s", 3600, "gpu_s"),
        ("2gpu_h", 7200, "gpu_s"),
        ("1Kgpu_s", 1000, "gpu_s"),
        (".5usd", Fraction(1, 2), "usd"),
    ],
)
def test_readable(text: str, value: Fraction | int, unit: str) -> None:
    assert parse_budget(text) == BudgetAmount(Fraction(value), unit)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "does not begin with a number"),
        ("usd", "does not begin with a number"),
        ("-3", "does not begin with a number"),
        ("nan", "does not begin with a number"),
        ("inf", "does not begin with a number"),
        ("٣", "does not begin with a number"),
        ("0", "it is 0"),
        ("0.0usd", "it is 0"),
        ("20eur", "there is no unit 'eur'"),
        ("20usdd", "is it 'usd'?"),
        ("2mtok", "'m' is no power of a thousand; is it 'M'?"),
        ("3gflop", "is it 'G'?"),
        ("1e999999999", "there is no unit 'e999999999'"),
        ("1e99flop", "its exponent is beyond 40"),
        ("1,5usd", "there is no unit ',5usd'"),
        ("1.2.3", "there is no unit '.3'"),
        ("10 20", "there is no unit '20'"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(InputError) as refusal:
        parse_budget(text)
    assert reason in refusal.value.message
    for unit in ("usd", "flop", "tok", "gpu_s", "SE samples a problem"):
        assert unit in refusal.value.advice


@given(
    st.decimals("0.0001", 10**6, places=4),
    st.sampled_from([("", 1), ("k", 10**3), ("M", 10**6), ("T", 10**12), ("E", 10**18)]),
    st.sampled_from(["", "usd", "flop", "tok", "gpu_s"]),
    st.sampled_from(["", " "]),
)
def test_digits_are_kept(number: object, prefix: tuple[str, int], unit: str, gap: str) -> None:
    parsed = parse_budget(f"{number}{gap}{prefix[0]}{unit}")
    assert parsed.value == Fraction(str(number)) * prefix[1]
    assert parsed.unit == (unit or "samples")


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert parse_budget(text).value > 0
    except InputError as error:
        assert "cannot be read" in error.message
