"""Numbers as text, against the strings that the paper prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.numbers import (
    digits_for,
    fixed,
    interval_signed,
    p_text,
    percent,
    points,
    quantity,
    relative,
    seconds_text,
    signed,
    signed_general,
)
from harness.report.results import Interval

# Fig. 4 (MATH) and Fig. 10 (Gemini data): SE or Pro, WC or Flash, the gain that is printed.
# 45.6 to 47.6 is printed as 4.3 %; it is 4.39 %.
PAPER_GAINS = [
    (26.6, 28.2, "+6.0 %"), (31.0, 32.8, "+5.8 %"), (36.8, 38.2, "+3.8 %"),
    (39.2, 40.0, "+2.0 %"), (41.2, 43.6, "+5.8 %"), (45.6, 47.6, "+4.4 %"),
    (27.2, 32.4, "+19.1 %"), (27.2, 35.8, "+31.6 %"), (38.8, 42.6, "+9.8 %"),
    (38.8, 44.4, "+14.4 %"), (45.8, 48.4, "+5.7 %"), (45.8, 50.8, "+10.9 %"),
    (81.0, 81.0, "0.0 %"),
]  # fmt: skip


@pytest.mark.parametrize(("se", "wc", "text"), PAPER_GAINS)
def test_relative_gains_are_the_papers(se: float, wc: float, text: str) -> None:
    assert relative(wc / 100, se / 100) == text


def test_the_same_gain_in_points_is_labelled_points() -> None:
    assert points(0.282 - 0.266) == "+1.6 points"
    assert points(0.400 - 0.392) == "+0.8 points"
    assert points(0.784 - 0.810) == "−2.6 points"
    assert relative(0.3, 0.0) == "–"


@given(st.floats(-1e6, 1e6))
def test_signed_numbers_read_back_as_what_they_were_rounded_to(value: float) -> None:
    text = signed(value, 2)
    assert float(text.replace("−", "-")) == float(f"{value:.2f}")
    assert "-" not in text
    assert text.startswith(("+", "−")) or float(text) == 0


def test_zero_has_no_sign() -> None:
    assert signed(-0.04) == signed(0.04) == "0.0"
    assert fixed(-0.0) == "0.0"


@given(st.floats(-0.5, 0.5), st.floats(1e-5, 0.5))
def test_an_interval_that_excludes_zero_is_printed_without_a_zero_end(
    value: float, width: float
) -> None:
    interval = Interval(value=value, low=value - width, high=value + width)
    low, high = (
        float(end.replace("−", "-")) for end in interval_signed(interval, 100).split(" to ")
    )
    if min(abs(interval.low), abs(interval.high)) * 100 < 1e-4:
        return  # Beyond the digits that a table has room for.
    if interval.low > 0 or interval.high < 0:
        assert low * high > 0
    assert 1 <= digits_for(interval, 100) <= 4


def test_other_forms() -> None:
    assert percent(0.932) == "93.2 %"
    assert p_text(0.0004) == "p < 0.001"
    assert p_text(0.0123) == "p = 0.012"
    assert p_text(None) == ""
    assert [seconds_text(s) for s in (12.34, 221.4, 7500)] == ["12.3 s", "3 min 41 s", "2 h 05 min"]
    assert [quantity(q) for q in (41.234, 2_445_120, 3.2e-7, 0, 12345)] == [
        "41.23", "2.445·10⁶", "3.200·10⁻⁷", "0", "12,345",
    ]  # fmt: skip
    assert [signed_general(v) for v in (2.5, 5.0, -7.5, 0.0)] == ["+2.5", "+5", "−7.5", "0"]
