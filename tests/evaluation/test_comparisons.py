"""WC data against SE data: the same numbers as a direct computation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.evaluation.comparisons import Contest, compare, compare_all, pass_at_1
from harness.statistics import paired_difference, smallest_detectable_difference, wilson


def _contest(problems: int, seeds: list[int], seed: int = 0) -> Contest:
    chance = np.random.default_rng(seed)

    def draw(rate: float) -> np.ndarray:
        return (chance.random(problems) < rate).astype(float)

    return Contest(
        "student_lm",
        "high",
        draw(0.3),
        {training: draw(0.6) for training in seeds},
        {training: draw(0.5) for training in seeds},
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(5, 60), st.integers(1, 4), st.integers(0, 1000))
def test_values_are_plain_means(problems: int, seeds: int, seed: int) -> None:
    contest = _contest(problems, list(range(seeds)), seed)
    found = compare(contest)
    assert found is not None
    wc = sum(float(values.sum()) for values in contest.wc.values()) / (problems * seeds)
    se = sum(float(values.sum()) for values in contest.se.values()) / (problems * seeds)
    base = float(contest.base.mean())
    assert found["wc"]["value"] == pytest.approx(wc)
    assert found["se"]["value"] == pytest.approx(se)
    assert found["base"]["value"] == pytest.approx(base)
    assert found["difference"]["value"] == pytest.approx(wc - se)
    assert found["gain_over_base"]["wc"]["value"] == pytest.approx(wc - base)
    assert found["gain_over_base"]["se"]["value"] == pytest.approx(se - base)
    if se > 0:
        assert found["relative_gain"] == pytest.approx((wc - se) / se)
    else:
        assert found["relative_gain"] is None


def test_the_difference_is_paired_by_problem() -> None:
    """Two models that solve nearly the same problems differ with more certainty than two
    that solve as many, but others."""
    rng = np.random.default_rng(1)
    se = (rng.random(400) < 0.5).astype(float)
    wc = se.copy()
    wc[np.flatnonzero(se == 0)[:20]] = 1.0
    paired = compare(Contest("wc_lm", "high", se, {1: wc}, {1: se}))
    shuffled = compare(Contest("wc_lm", "high", se, {1: rng.permutation(wc)}, {1: se}))
    assert paired is not None and shuffled is not None
    assert paired["difference"]["value"] == pytest.approx(shuffled["difference"]["value"])
    assert paired["difference"]["p_value"] < 0.001 < shuffled["difference"]["p_value"]
    width = {name: row["difference"]["high"] - row["difference"]["low"]
             for name, row in (("paired", paired), ("shuffled", shuffled))}  # fmt: skip
    assert width["paired"] < width["shuffled"] / 2
    direct = paired_difference(wc[:, None], se[:, None])
    assert paired["difference"]["low"] == direct.low
    assert paired["difference"]["high"] == direct.high


def test_only_common_seeds_count() -> None:
    contest = _contest(50, [1, 2, 3])
    partial = Contest("se_lm", "high", contest.base, contest.wc, {2: contest.se[2]})
    found = compare(partial)
    assert found is not None
    assert found["seeds"] == [2]
    assert found["wc"]["value"] == pytest.approx(float(contest.wc[2].mean()))


def test_without_a_common_seed_there_is_no_comparison() -> None:
    contest = _contest(50, [1])
    assert compare(Contest("se_lm", "high", contest.base, contest.wc, {2: contest.se[1]})) is None
    assert compare(Contest("se_lm", "high", contest.base, {}, contest.se)) is None


def test_an_se_side_that_solves_nothing_has_no_relative_gain() -> None:
    zero, one = np.zeros(10), np.ones(10)
    found = compare(Contest("se_lm", "high", zero, {1: one}, {1: zero}))
    assert found is not None
    assert found["relative_gain"] is None
    assert found["difference"]["value"] == 1.0


def test_one_run_is_a_proportion_and_several_share_their_problems() -> None:
    outcomes = np.array([1.0] * 30 + [0.0] * 70)
    assert pass_at_1([outcomes]) == wilson(30, 100)
    same = pass_at_1([outcomes, outcomes, outcomes])
    assert same.value == pytest.approx(0.3)
    # Three copies of one run know no more than the run: the interval must not shrink by √3.
    assert same.high - same.low == pytest.approx(
        wilson(30, 100).high - wilson(30, 100).low, rel=0.15
    )


def _contests(paradigms: int, seeds: list[int]) -> list[Contest]:
    return [
        Contest(f"paradigm {place}", "high", *_sides(_contest(300, seeds, place)))
        for place in range(paradigms)
    ]


def _sides(contest: Contest) -> tuple[np.ndarray, dict[int, np.ndarray], dict[int, np.ndarray]]:
    return contest.base, dict(contest.wc), dict(contest.se)


def test_each_comparison_is_corrected_for_the_others() -> None:
    found = compare_all(_contests(4, [1, 2]))
    raw = [entry["difference"]["p_value"] for entry in found["comparisons"]]
    adjusted = [entry["holm_p_value"] for entry in found["comparisons"]]
    assert min(adjusted) == pytest.approx(min(1.0, 4 * min(raw)))
    assert all(after >= before for before, after in zip(raw, adjusted, strict=True))
    alone = compare_all(_contests(1, [1]))
    (entry,) = alone["comparisons"]
    assert entry["holm_p_value"] == entry["difference"]["p_value"]
    assert alone["pooled"] is None


def test_the_pooled_effect_is_the_mean_of_the_comparisons() -> None:
    contests = _contests(3, [1, 2, 3, 4])
    contests.append(Contest("without models", "high", contests[0].base, {}, {}))
    found = compare_all(contests)
    values = [entry["difference"]["value"] for entry in found["comparisons"]]
    pooled = found["pooled"]
    assert pooled["cells"] == len(values) == 3
    assert pooled["value"] == pytest.approx(np.mean(values))
    # Independent outcomes: three comparisons together are surer than each of them.
    each = [one["other_seeds"] for one in found["comparisons"]]
    widths = [one["high"] - one["low"] for one in each]
    assert pooled["covers_seeds"] is True
    assert pooled["high"] - pooled["low"] < min(widths)
    # Few seeds widen the interval, so more is needed than 2.80 standard errors.
    half_width = (pooled["high"] - pooled["low"]) / 2
    assert half_width > 1.96 * pooled["standard_error"]
    assert pooled["smallest_detectable"] == pytest.approx(
        half_width + 0.8416 * pooled["standard_error"], rel=1e-4
    )
    single = compare_all(_contests(3, [1]))["pooled"]
    assert single["smallest_detectable"] == pytest.approx(
        2.8016 * single["standard_error"], rel=1e-4
    )
    assert compare_all([])["comparisons"] == []


def test_what_the_design_could_have_found_is_said() -> None:
    contest = _contest(400, [1])
    found = compare(contest)
    assert found is not None
    share = float((contest.wc[1] != contest.se[1]).mean())
    assert found["smallest_detectable"] == pytest.approx(
        smallest_detectable_difference(400, 0.5, discordant=share)
    )
    several = compare(_contest(400, [1, 2, 3, 4]))
    assert several is not None
    assert several["smallest_detectable"] < found["smallest_detectable"]
    zeros, ones = np.zeros(40), np.ones(40)
    wild = compare(Contest("se_lm", "high", zeros, {1: ones, 2: zeros}, {1: zeros, 2: ones}))
    assert wild is not None and wild["smallest_detectable"] is None
    one = np.ones(1)
    nothing = compare(Contest("wc_lm", "high", one, {1: one}, {1: one}))
    assert nothing is not None and nothing["smallest_detectable"] is None


def _noisy(seeds: int, spread: float, source: np.random.Generator) -> Contest:
    """Two sides alike, whose models differ from seed to seed."""
    rates = source.random(300)

    def side() -> dict[int, np.ndarray]:
        moved = [np.clip(rates + source.normal(0, spread), 0, 1) for _ in range(seeds)]
        return {seed: (source.random(300) < one).astype(float) for seed, one in enumerate(moved)}

    return Contest("student_lm", "high", np.zeros(300), side(), side())


def test_the_chance_of_training_is_covered_where_there_are_several_seeds() -> None:
    source = np.random.default_rng(3)
    found = [compare(_noisy(4, 0.06, source)) for _ in range(40)]
    entries = [entry for entry in found if entry is not None]
    these = np.mean([entry["difference"]["p_value"] < 0.05 for entry in entries])
    others = np.mean([entry["other_seeds"]["p_value"] < 0.05 for entry in entries])
    covered = np.mean(
        [one["other_seeds"]["low"] < 0 < one["other_seeds"]["high"] for one in entries]
    )
    assert these > 0.2 and others < 0.15 and covered > 0.85
    one = compare(_contest(300, [1]))
    assert one is not None and one["other_seeds"] is None


def test_comparisons_with_several_seeds_are_corrected_for_each_other() -> None:
    found = compare_all([*_contests(2, [1, 2, 3]), _contest(300, [1])])
    mixed = found["comparisons"]
    assert mixed[2]["other_seeds"] is None and mixed[2]["holm_p_value"] is not None
    several = [entry["other_seeds"] for entry in mixed[:2]]
    raw = sorted(one["p_value"] for one in several)
    adjusted = sorted(one["holm_p_value"] for one in several)
    assert adjusted[0] == pytest.approx(min(1.0, 2 * raw[0]))
    assert found["pooled"]["covers_seeds"]
    assert found["training_runs"]["degrees_of_freedom"] == 4


def test_all_comparisons_tell_the_chance_of_training_together() -> None:
    """A comparison whose few runs happen to agree is no surer than the others."""
    source = np.random.default_rng(5)
    contests = [_noisy(4, 0.08, source) for _ in range(5)]
    steady = _noisy(1, 0.0, source)
    agreeing = Contest("steady", "high", steady.base, *(
        {1: side[0], 2: side[0]} for side in (steady.wc, steady.se)
    ))  # fmt: skip
    alone = compare(agreeing)
    found = compare_all([*contests, agreeing])
    among = found["comparisons"][-1]
    assert alone is not None
    widths = [one["other_seeds"]["high"] - one["other_seeds"]["low"] for one in (alone, among)]
    assert widths[1] > 1.3 * widths[0]
    assert among["difference"] == alone["difference"]
    assert 0.06 < found["training_runs"]["standard_deviation"] < 0.16
    assert "independent" in found["training_runs"]["assumption"]


def test_one_seed_says_nothing_of_others() -> None:
    found = compare_all(_contests(3, [1]))
    assert found["training_runs"] is None
    assert not found["pooled"]["covers_seeds"]
    assert all(entry["other_seeds"] is None for entry in found["comparisons"])
