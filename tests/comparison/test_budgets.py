"""Budgets that are too large, too small, or in a unit that the pools cannot tell."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.budget.amounts import parse_budget
from harness.comparison.costs import CostSettings
from harness.comparison.matching import rounded_down, told_from
from harness.comparison.text import comparison_text
from harness.errors import InputError
from harness.metrics.pool_rows import PoolRows
from harness.pool import Pool, Sample
from harness.pool.samples import Failure
from tests.comparison.pools_for_tests import card, compared, graded_pool, numbered

PROBLEMS = numbered(20)
SMALL = card(id="small", parameters={"total": 1_000}, prices=[
    {"date": "2024-05-01", "source": "test", "input": 0.001, "output": 0.3},
])  # fmt: skip
LARGE = card(id="large", parameters={"total": 2_946}, prices=[
    {"date": "2024-05-01", "source": "test", "input": 9000.0, "output": 1.7},
])  # fmt: skip


def pools(folder: Path, tokens: int | None = 10) -> tuple[Path, Path]:
    """Four samples of WC and two of SE for each problem; half of them are solved."""
    wc = {one: "cwww" if place % 2 else "wwww" for place, one in enumerate(PROBLEMS)}
    se = {one: "cw" if place % 3 else "ww" for place, one in enumerate(PROBLEMS)}
    return (
        graded_pool(folder / "wc", wc, model_card=SMALL, tokens=tokens),
        graded_pool(folder / "se", se, model_card=LARGE, tokens=tokens),
    )


@pytest.mark.parametrize("asked", ["2", "1e9flop", "0.5usd", "1Mtok"])
def test_the_largest_budget_that_is_named_can_be_given(tmp_path: Path, asked: str) -> None:
    wc, se = pools(tmp_path)
    with pytest.raises(InputError) as refusal:
        compared(wc, se, kind=None, budget=asked)
    named = re.search(r"--budget that both pools hold is (\S+)", refusal.value.advice)
    assert named
    match = compared(wc, se, kind=None, budget=named[1])["match"]["samples_per_problem"]
    assert max(match["wc"] / 4, match["se"] / 2) == pytest.approx(1, rel=1e-3)


@given(st.fractions(Fraction(1, 10**12), Fraction(10**20)))
def test_rounding_down_stays_below(amount: Fraction) -> None:
    rounded = Fraction(rounded_down(amount))
    assert amount * Fraction(998, 1000) <= rounded <= amount


@given(st.integers(1, 100), st.fractions(-1, 1).filter(bool), st.integers(0, 40))
def test_an_amount_is_told_from_the_bound_that_it_misses(
    bound: int, difference: Fraction, digits: int
) -> None:
    amount = bound + difference / 10**digits
    told = Fraction(told_from(amount, bound))
    assert told != bound and (told > bound) == (amount > bound)
    assert abs(told - amount) <= abs(amount) / 1000


def test_a_budget_just_beyond_the_pools_is_told_from_what_they_hold(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"asks for 2\.0001 SE samples .*\(the pool has 2\)"):
        compared(*pools(tmp_path), budget="2.0001")
    with pytest.raises(InputError, match=r"pays for 0\.999998 of a sample over all 20 problems"):
        compared(*pools(tmp_path / "again"), budget="0.0499999")


def test_less_than_one_sample_in_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="of a sample over all 20 problems"):
        compared(*pools(tmp_path), budget="0.04")
    notes = compared(*pools(tmp_path), kind="compute", budget="0.04")["notes"]
    assert notes == ["the budget pays for less than one sample of SE over all problems."]


def test_without_token_counts_costs_are_told_in_se_samples(tmp_path: Path) -> None:
    document = compared(*pools(tmp_path, tokens=None), kind="compute", budget="1")
    assert document["match"]["ratio"] == pytest.approx(2.946)
    assert document["match"]["cost"] == {"wc": 20, "se": 20, "unit": "se_samples"}
    assert document["curve"]["points"][0]["cost"] == 1
    text = comparison_text(document)
    assert "20 SE samples' worth a side in all" in text and "Note: without token counts" in text


def test_a_share_of_the_problems_narrows_the_interval_with_it(tmp_path: Path) -> None:
    wc, se = pools(tmp_path)
    one, tenth = compared(wc, se, budget="1"), compared(wc, se, budget="0.1")
    for name in ("coverage", "diversity_all"):
        for end in ("value", "low", "high"):
            full, part = (found["sides"]["se"][name][end] for found in (one, tenth))
            assert part == pytest.approx(full / 10)
            full, part = (found["difference"][name][end] for found in (one, tenth))
            assert part == pytest.approx(full / 10)
    assert one["sides"]["wc"]["pass_at_1"] == tenth["sides"]["wc"]["pass_at_1"]


def test_swapped_sides_and_one_pool_twice_are_noted(tmp_path: Path) -> None:
    wc, se = pools(tmp_path)
    (note,) = compared(se, wc, kind="compute")["notes"]
    assert "WC_POOL SE_POOL" in note
    document = compared(wc, wc / ".." / "wc", kind="number")
    assert document["notes"] == ["both sides are one and the same pool."]
    assert document["difference"]["coverage"]["p_value"] == 1


def test_a_prompt_beyond_all_of_wc_is_paid_for_by_a_share_of_the_problems(tmp_path: Path) -> None:
    wc, se = pools(tmp_path)
    match = compared(wc, se, kind="price", settings=CostSettings(prompts="once"))["match"]
    # 4 samples of 10 tokens behind a prompt of 30, against a sample of 10 behind one of 30.
    all_of_wc, one_of_se = 4 * 10 * 0.3 + 30 * 0.001, 10 * 1.7 + 30 * 9000.0
    assert match["samples_per_problem"]["wc"] == pytest.approx(4)
    assert match["samples_per_problem"]["se"] == pytest.approx(all_of_wc / one_of_se)


def test_no_interval_goes_beyond_what_the_samples_can_show(tmp_path: Path) -> None:
    solved = dict.fromkeys(numbered(3), "cc")
    nearly = {one: "cw" if place else "cc" for place, one in enumerate(solved)}
    wc = graded_pool(tmp_path / "wc", nearly, model_card=SMALL)
    se = graded_pool(tmp_path / "se", dict.fromkeys(solved, "ww"), model_card=LARGE)
    for pair in ((wc, se), (se, wc)):
        for budget in ("0.5", "0.9", "1", "1.5", "2"):
            document = compared(*pair, budget=budget)
            samples = document["match"]["samples_per_problem"]
            for name, most in (
                ("coverage", min(samples["wc"], 1)),
                ("diversity_all", samples["wc"]),
            ):
                for side in ("wc", "se"):
                    found = document["sides"][side][name]
                    assert 0 <= found["low"] <= found["value"] <= found["high"] <= most
                found = document["difference"][name]
                assert -most <= found["low"] <= found["value"] <= found["high"] <= most
    for point in compared(wc, se, kind="price", settings=CostSettings())["curve"]["points"]:
        most = {side: min(point["samples_per_problem"][side], 1) for side in ("wc", "se")}
        for side in ("wc", "se"):
            assert point["coverage"][side]["high"] <= most[side]
        assert -most["se"] <= point["difference"]["low"]
        assert point["difference"]["high"] <= most["wc"]


def test_equal_budgets_show_one_and_the_same_difference(tmp_path: Path) -> None:
    document = compared(*pools(tmp_path), kind="number", budget="2")
    models = {one["kind"]: one for one in document["cost_models"]["models"]}
    for kind in ("number", "tokens"):
        assert models[kind]["difference"]["coverage"] == document["difference"]["coverage"]


def test_prompts_that_some_samples_lack_are_not_averaged(tmp_path: Path) -> None:
    wc, se = pools(tmp_path)
    with Pool.open_or_create(wc, Pool.open(wc).identity, PROBLEMS) as pool:
        pool.append(
            [Sample(one.id, 4, "", "stop", None, 10, 0, None, "hand", None) for one in PROBLEMS]
        )
        rows = pool.verdicts("answer").to_pylist()
        rows += [{**row, "sample_index": 4} for row in rows if row["sample_index"] == 0]
        pool.compact()
        pool.write_verdicts("answer", pa.Table.from_pylist(rows), pool.grader_identity("answer"))
        sums = PoolRows(pool, "answer").token_sums()
    assert sums.uncounted_prompts.tolist() == [1] * 20 and sums.samples.tolist() == [5] * 20
    assert compared(wc, se, kind="tokens")["match"]["ratio"] == 1
    with pytest.raises(InputError, match="`prompt_tokens` of some or all samples"):
        compared(wc, se, kind="tokens", settings=CostSettings(prompts="every"))


def test_what_is_said_to_be_possible_is_possible(tmp_path: Path) -> None:
    wc, se = (
        graded_pool(tmp_path / side, dict.fromkeys(PROBLEMS, "cw"), model_card=one, prompts=None)
        for side, one in (("wc", SMALL), ("se", LARGE))
    )
    settings = CostSettings(prompts="once")
    with pytest.raises(InputError) as refusal:
        compared(wc, se, kind=None, budget="100kflop", settings=settings)
    assert all("or give --prompts none." in str(issue) for issue in refusal.value.issues)
    advice = refusal.value.advice
    assert advice == "Possible with a budget in SE samples a problem: --match number."
    compared(wc, se, kind="number", budget="1", settings=settings)
    compared(wc, se, kind=None, budget="100kflop")
    with pytest.raises(InputError, match=r"Possible as they are: --match number\."):
        compared(wc, se, kind=None, settings=settings)
    graded = replace(settings, grading=parse_budget("1flop"))
    with pytest.raises(InputError, match=r"a problem and no --grading-cost: --match number\."):
        compared(wc, se, kind=None, budget="100kflop", settings=graded)


def test_an_adaptive_pool_counts_what_it_holds(tmp_path: Path) -> None:
    until = {"allocation": {"until": {"correct": 1, "max": 4}}}
    drawn = {PROBLEMS[0]: "wc", PROBLEMS[1]: "wwww", PROBLEMS[2]: ""}
    wc = graded_pool(tmp_path / "wc", drawn, identity=until)
    with Pool.open_or_create(wc, Pool.open(wc).identity, PROBLEMS[:3]) as pool:
        pool.record_failure(Failure(PROBLEMS[2].id, 0, 4, "too long"))
    se = graded_pool(tmp_path / "se", dict.fromkeys(PROBLEMS[:3], "cwcw"))
    document = compared(wc, se, budget="4", keys=("equations",))
    assert document["sides"]["wc"]["samples"] == 6
    assert document["sides"]["wc"]["coverage"]["value"] == pytest.approx(1 / 3)
    refused = document["refused"]
    assert {"diversity_all", "diversity_solved_equations", "majority_at_4"} <= set(refused)
    assert all(document["difference"][name] is None for name in refused)
    assert "Not estimated (diversity, all problems;" in comparison_text(document)


def test_a_pool_without_any_sample_is_refused(tmp_path: Path) -> None:
    wc = graded_pool(tmp_path / "wc", {PROBLEMS[0]: "c"})
    empty = graded_pool(tmp_path / "empty", {PROBLEMS[0]: ""})
    with Pool.open_or_create(empty, Pool.open(empty).identity, PROBLEMS[:1]) as pool:
        pool.record_failure(Failure(PROBLEMS[0].id, 0, 1, "too long"))
    with pytest.raises(InputError, match="no sample of the problems"):
        compared(wc, empty)


def test_lines_fit_a_terminal(tmp_path: Path) -> None:
    text = comparison_text(compared(*pools(tmp_path), kind="compute"))
    head, *rest = text.split("\n\n")
    assert max(len(line) for part in rest for line in part.splitlines()) <= 120
    assert "an SE sample costs as much as 2.946 WC samples" in head


def test_grading_is_charged_for_every_sample_of_both_sides(tmp_path: Path) -> None:
    wc, se = pools(tmp_path)
    settings = CostSettings(grading=parse_budget("2e-6usd"))
    found = compared(wc, se, kind="price", settings=settings)
    # 10 tokens at 0.3 and 1.7 dollars a million.
    assert found["match"]["ratio"] == pytest.approx((17e-6 + 2e-6) / (3e-6 + 2e-6))
    ratios = {one["kind"]: one["ratio"] for one in found["cost_models"]["models"]}
    assert ratios["compute"] == pytest.approx(2.946), "which counts no dollars"
    assert any("2e-06 dollars a sample" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("kind", "cost", "advice"),
    [(None, "1usd", "--match price"), ("price", "1e9flop", "--match compute or"),
     ("number", "1", "Give it a unit")],
)  # fmt: skip
def test_a_cost_of_grading_that_the_match_does_not_count_is_refused(
    tmp_path: Path, kind: str | None, cost: str, advice: str
) -> None:
    settings = CostSettings(grading=parse_budget(cost))
    with pytest.raises(InputError, match="does not count them") as refusal:
        compared(*pools(tmp_path), kind=kind, settings=settings)
    assert advice in str(refusal.value)


def test_all_amounts_in_a_wrong_unit_are_told_at_once(tmp_path: Path) -> None:
    settings = CostSettings(grading=parse_budget("3tok"))
    with pytest.raises(InputError) as refusal:
        compared(*pools(tmp_path), kind="price", budget="5flops", settings=settings)
    budget, grading = map(str, refusal.value.issues)
    assert "the budget is in FLOPs, and a match by price counts dollars" in budget
    assert "3 completion tokens a sample, and a match by price does not count them" in grading
    # What a budget that cannot be read would be matched by is not known.
    with pytest.raises(InputError) as refusal:
        compared(*pools(tmp_path / "again"), kind=None, budget="5dollops", settings=settings)
    assert "cannot be read" in refusal.value.message and not refusal.value.issues


def test_grading_in_dollars_needs_the_lengths_of_completions(tmp_path: Path) -> None:
    settings = CostSettings(grading=parse_budget("1usd"))
    with pytest.raises(InputError, match="completion_tokens"):
        compared(*pools(tmp_path, tokens=None), kind="price", settings=settings)


def test_an_adaptive_pool_reaches_as_far_as_its_budget_let_it(tmp_path: Path) -> None:
    until = {"allocation": {"until": {"correct": 1, "max": 30}}}
    drawn = {PROBLEMS[0]: "wc", PROBLEMS[1]: "wwww", PROBLEMS[2]: "wwww"}
    se = graded_pool(tmp_path / "se", dict.fromkeys(PROBLEMS[:3], "cwcw"))
    wc = graded_pool(tmp_path / "wc", drawn, identity=until)
    document = compared(wc, se)
    assert document["match"]["samples_per_problem"] == {"wc": 4, "se": 4}
    assert document["sides"]["wc"]["coverage"]["value"] == pytest.approx(1 / 3)
    torn = graded_pool(tmp_path / "torn", {**drawn, PROBLEMS[2]: "ww"}, identity=until)
    with pytest.raises(InputError, match="not to its end"):
        compared(torn, se)


def test_a_pool_with_fewer_samples_of_one_problem_says_how_far_budgets_reach(
    tmp_path: Path,
) -> None:
    verdicts = dict.fromkeys(PROBLEMS[:3], "cwcw")
    whole = graded_pool(tmp_path / "whole", verdicts)
    ragged = graded_pool(tmp_path / "ragged", {**verdicts, PROBLEMS[1]: "cw"})
    assert compared(whole, whole)["notes"] == ["both sides are one and the same pool."]
    assert compared(ragged, whole)["notes"] == [
        "budgets reach as far as the 2 samples of 1 problems of WC, though others have up to 4."
    ]


def test_what_a_configuration_lacks_is_told(tmp_path: Path) -> None:
    odd = {**SMALL, "config": {"model_type": "llama", "hidden_size": 64}}
    pool = graded_pool(tmp_path / "wc", dict.fromkeys(PROBLEMS[:2], "cw"), model_card=odd)
    with pytest.raises(InputError, match="num_hidden_layers"):
        compared(pool, pool, kind="compute_exact")
