"""Comparisons of pools with known verdicts, against sums by hand and over all subsets."""

from __future__ import annotations

import itertools
import json
from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pytest
from scipy.stats import binomtest

from harness.comparison.text import comparison_text
from harness.errors import InputError
from harness.pool import Pool
from tests.comparison.pools_for_tests import GRADER, compared, graded_pool, numbered, problem

A, B, C, D = (problem(name, level) for name, level in zip("abcd", ("1", "1", "2", ""), strict=True))
WC = {A: "cwcw", B: "wwww", C: "cccc", D: "cwww"}
SE = {A: "cc", B: "wc", C: "ww", D: "cc"}


def by_subsets(letters: str, k: int) -> Fraction:
    """coverage@k over all subsets of k samples."""
    subsets = list(itertools.combinations(letters, k))
    return Fraction(sum("c" in one for one in subsets), len(subsets))


@pytest.fixture
def pools(tmp_path: Path) -> tuple[Path, Path]:
    return graded_pool(tmp_path / "wc", WC), graded_pool(tmp_path / "se", SE)


def test_equal_numbers_are_compared_over_all_subsets(pools: tuple[Path, Path]) -> None:
    document = compared(*pools, budget="2")
    assert document["match"]["kind"] == "number" and document["match"]["ratio"] == 1
    assert document["match"]["samples_per_problem"] == {"wc": 2, "se": 2}
    for side, verdicts in (("wc", WC), ("se", SE)):
        found = document["sides"][side]
        expected = float(sum(by_subsets(one, 2) for one in verdicts.values()) / 4)
        assert found["coverage"]["value"] == pytest.approx(expected)
        assert found["coverage"]["low"] <= expected <= found["coverage"]["high"]
        # All completions differ, so every correct sample is a solution of its own.
        distinct = sum(2 * one.count("c") / len(one) for one in verdicts.values()) / 4
        assert found["diversity_all"]["value"] == pytest.approx(distinct)
        assert found["diversity_solved"]["value"] == pytest.approx(distinct / expected)
        share = sum(one.count("c") / len(one) for one in verdicts.values()) / 4
        assert found["pass_at_1"]["value"] == pytest.approx(share)
    assert document["sides"]["wc"]["samples"] == 16 and document["sides"]["se"]["samples"] == 8
    difference = document["difference"]["coverage"]
    sides = document["sides"]
    assert difference["value"] == pytest.approx(
        sides["wc"]["coverage"]["value"] - sides["se"]["coverage"]["value"]
    )
    assert 0 < difference["p_value"] <= 1 and difference["test"]
    json.dumps(document, allow_nan=False)


def test_the_largest_budget_that_both_pools_hold_is_the_default(pools: tuple[Path, Path]) -> None:
    assert compared(*pools)["match"]["samples_per_problem"] == {"wc": 2, "se": 2}


def test_half_a_sample_a_problem_is_half_of_what_one_shows(pools: tuple[Path, Path]) -> None:
    one, half = compared(*pools, budget="1"), compared(*pools, budget="0.5")
    for side in ("wc", "se"):
        for name in ("coverage", "diversity_all"):
            assert half["sides"][side][name]["value"] == pytest.approx(
                one["sides"][side][name]["value"] / 2
            )
    assert one["notes"] == []
    assert "--match number" in half["notes"][0]


def test_more_than_was_drawn_is_refused_with_what_is_possible(pools: tuple[Path, Path]) -> None:
    with pytest.raises(InputError) as refusal:
        compared(*pools, budget="3")
    assert "3 SE samples a problem" in refusal.value.message
    assert "the pool has 2" in refusal.value.message
    assert "up to 2 SE samples a problem" in refusal.value.advice


def test_levels_are_compared_apart_and_those_without_one_too(pools: tuple[Path, Path]) -> None:
    document = compared(*pools, budget="1", by="level")
    groups = document["by_group"]
    assert {name: found["problems"] for name, found in groups.items()} == {"1": 2, "2": 1, "": 1}
    assert groups["1"]["sides"]["wc"]["coverage"]["value"] == pytest.approx(0.25)
    assert groups["2"]["difference"]["coverage"]["value"] == pytest.approx(1.0)
    assert "level (none): 1 problem" in comparison_text(document)


def test_false_positives_where_the_chains_were_judged(tmp_path: Path) -> None:
    wc, se = graded_pool(tmp_path / "wc", WC), graded_pool(tmp_path / "se", SE)
    assert compared(wc, se)["sides"]["wc"]["false_positive_rate"] is None
    for place in (wc, se):
        pool = Pool.open(place)
        rows = pool.verdicts("answer").to_pylist()
        # Of every problem's samples, only the first may have a right chain.
        chains = [{**one, "outcome": "wrong"} if one["sample_index"] else one for one in rows]
        pool.write_verdicts("chain", pa.Table.from_pylist(chains), {"grader": "chain"})
    document = compared(wc, se)
    assert document["sides"]["wc"]["false_positive_rate"]["value"] == pytest.approx(4 / 7)
    assert document["sides"]["se"]["false_positive_rate"]["value"] == pytest.approx(3 / 5)
    assert document["difference"]["false_positive_rate"]["test"] == "paired bootstrap"


def test_no_level_at_all_is_refused(tmp_path: Path) -> None:
    verdicts = dict.fromkeys(numbered(3), "cw")
    wc, se = graded_pool(tmp_path / "wc", verdicts), graded_pool(tmp_path / "se", verdicts)
    with pytest.raises(InputError, match="no problem has a level"):
        compared(wc, se, by="level")


def test_undecided_samples_count_as_wrong_and_their_bound_is_shown(tmp_path: Path) -> None:
    wc = graded_pool(tmp_path / "wc", {A: "uw", B: "cw"})
    se = graded_pool(tmp_path / "se", {A: "ww", B: "ww"})
    document = compared(wc, se, budget="2")
    found = document["sides"]["wc"]
    assert found["undecided"] == 1
    assert found["coverage"]["value"] == 0.5
    assert found["undecided_as_correct"]["value"] == 1.0
    assert document["sides"]["se"]["undecided_as_correct"] is None
    assert "1 of 4 WC samples is undecided" in comparison_text(document)


def test_at_one_sample_solved_problems_show_one_solution_and_no_difference(tmp_path: Path) -> None:
    named = numbered(45)
    right = {"wc": (1, 2, 3), "se": (5, 7, 6, 11)}  # Of 16 samples, in turn.
    pools = [
        graded_pool(
            tmp_path / side,
            {one: ("c" * some[at % len(some)]).ljust(16, "w") for at, one in enumerate(named)},
            texts={(one.external_id, 0): "twice" for one in named}
            | {(one.external_id, 1): "twice" for one in named},
        )
        for side, some in right.items()
    ]
    found = compared(*pools, budget="1")
    for side in found["sides"].values():
        assert side["diversity_solved"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    gap = found["difference"]["diversity_solved"]
    assert (gap["value"], gap["low"], gap["high"], gap["p_value"]) == (0.0, 0.0, 0.0, 1.0)


def test_rounding_makes_no_winner(tmp_path: Path) -> None:
    """The same problems' coverage in another order, which adds up to other last digits."""
    letters = [("c" * (at % 7)).ljust(9, "w") for at in range(10)]
    named = numbered(len(letters))
    pools = [
        graded_pool(tmp_path / side, dict(zip(named, order, strict=True)))
        for side, order in (("wc", letters), ("se", sorted(letters)))
    ]
    found = compared(*pools, budget="3")
    assert found["difference"]["coverage"]["value"] == 0.0
    assert {point["difference"]["value"] for point in found["curve"]["points"]} == {0.0}
    assert {model["winner"] for model in found["cost_models"]["models"]} == {None}


@pytest.mark.parametrize("letter", ["c", "w"])
def test_all_or_none_solved_has_sane_numbers(tmp_path: Path, letter: str) -> None:
    verdicts = dict.fromkeys(numbered(6), letter * 2)
    document = compared(
        graded_pool(tmp_path / "wc", verdicts), graded_pool(tmp_path / "se", verdicts)
    )
    json.dumps(document, allow_nan=False)
    coverage = document["sides"]["wc"]["coverage"]
    assert coverage["value"] == (letter == "c")
    assert 0 <= coverage["low"] <= coverage["high"] <= 1
    assert document["difference"]["coverage"]["value"] == 0
    assert document["difference"]["coverage"]["p_value"] == 1
    assert (document["sides"]["wc"]["diversity_solved"] is None) == (letter == "w")
    assert comparison_text(document)


def test_single_outcomes_are_tested_by_mcnemar(tmp_path: Path) -> None:
    problems = numbered(30)
    wc = {one: "c" if place < 20 else "w" for place, one in enumerate(problems)}
    se = {one: "c" if place % 3 == 0 else "w" for place, one in enumerate(problems)}
    document = compared(graded_pool(tmp_path / "wc", wc), graded_pool(tmp_path / "se", se))
    difference = document["difference"]["coverage"]
    only_wc = sum(wc[one] == "c" and se[one] == "w" for one in problems)
    only_se = sum(wc[one] == "w" and se[one] == "c" for one in problems)
    assert difference["test"] == "mcnemar exact"
    assert difference["p_value"] == pytest.approx(binomtest(only_wc, only_wc + only_se).pvalue)


def test_pools_over_other_problems_need_the_flag(tmp_path: Path) -> None:
    wc = graded_pool(tmp_path / "wc", {A: "c", B: "w", C: "c"})
    se = graded_pool(tmp_path / "se", {D: "c", B: "c", A: "w"})
    with pytest.raises(InputError) as refusal:
        compared(wc, se)
    assert "1 of 3 problems (c) in this pool only" in str(refusal.value)
    document = compared(wc, se, intersection=True)
    assert document["problems"] == 2
    assert document["problems_left_out"] == {"wc": 1, "se": 1}
    assert document["sides"]["wc"]["coverage"]["value"] == 0.5
    assert document["sides"]["se"]["coverage"]["value"] == 0.5


def test_verdicts_of_different_graders_are_refused(tmp_path: Path) -> None:
    wc = graded_pool(tmp_path / "wc", {A: "c"}, grader={**GRADER, "samples": "1"})
    se = graded_pool(tmp_path / "se", {A: "c"}, grader={**GRADER, "version": "1", "samples": "2"})
    with pytest.raises(InputError) as refusal:
        compared(wc, se)
    (issue,) = refusal.value.issues
    assert str(issue) == 'version: WC has "2", SE has "1"'


def test_an_ungraded_pool_names_the_command(tmp_path: Path, pools: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match="no verdicts of the grader 'math_verify'"):
        compared(*pools, grader="math_verify")
