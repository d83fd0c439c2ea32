"""A paper's values in fractions, with errors that add up, and whether an interval holds them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.reference import ReferenceValue
from harness.report.reference.published import difference, inside, published, relative_gain
from harness.report.reference.schema import PublishedValue


def percent(value: float, error: float | None = 0.1, **others: object) -> ReferenceValue:
    return ReferenceValue(
        quantity="pass_at_1", unit="percent", provenance="P" if error is not None else "F",
        source="Fig. 1", value=value, read_off_error=error, **others,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("low", "high", "value", "error", "expected"),
    [
        (0.40, 0.50, 0.45, 0.01, "yes"),
        (0.40, 0.50, 0.405, 0.01, "undetermined"),
        (0.40, 0.50, 0.395, 0.01, "undetermined"),
        (0.40, 0.50, 0.38, 0.01, "no"),
        (0.40, 0.50, 0.52, 0.01, "no"),
        (0.40, 0.50, 0.45, None, "yes"),
        (0.40, 0.40, 0.40, None, "no_interval"),
        (None, None, 0.45, 0.01, "no_interval"),
        (0.449, 0.451, 0.45, 0.01, "undetermined"),  # An error wider than the interval.
    ],
)
def test_inside_an_interval(
    low: float | None, high: float | None, value: float, error: float | None, expected: str
) -> None:
    paper = PublishedValue(value=value, read_off_error=error, provenance="P", source="")
    assert inside(low, high, paper) == expected


def test_fractions_and_sampling_errors() -> None:
    found = published(percent(40.0, 0.05, size=500, size_of="test problems"))
    assert (found.value, found.read_off_error) == (pytest.approx(0.4), pytest.approx(0.0005))
    assert found.sampling is not None
    assert (round(found.sampling.low, 3), round(found.sampling.high, 3)) == (0.358, 0.444)
    assert published(percent(40.0, None)).read_off_error is None
    assert published(percent(40.0)).sampling is None


fractions = st.floats(min_value=10, max_value=90)
errors = st.floats(min_value=0, max_value=1)


@given(fractions, fractions, errors, errors, st.floats(-1, 1), st.floats(-1, 1))
def test_errors_of_differences_and_gains_cover_whatever_was_read(
    wc: float, se: float, wc_error: float, se_error: float, wc_off: float, se_off: float
) -> None:
    first, second = percent(wc, wc_error), percent(se, se_error)
    true_wc, true_se = wc + wc_off * wc_error, se + se_off * se_error
    apart = difference(first, second)
    assert abs((true_wc - true_se) / 100 - apart.value) <= (apart.read_off_error or 0) + 1e-12
    gain = relative_gain(first, second, None)
    assert gain is not None
    assert abs(true_wc / true_se - 1 - gain.value) <= (gain.read_off_error or 0) + 1e-12


def test_a_gain_over_nothing_is_none() -> None:
    assert relative_gain(percent(2.0, 0.5), percent(0.0, 0.5), None) is None
    assert relative_gain(percent(2.0, 0.5), percent(0.4, 0.5), None) is None


def test_provenances_of_what_is_derived() -> None:
    apart = difference(percent(40.0), percent(30.0, None))
    assert apart.provenance == "D from P, F"
    assert apart.read_off_error == pytest.approx(0.001)
    assert difference(percent(40.0, None), percent(30.0, None)).read_off_error is None
