"""Levels of the compared problems, where a pool has others or none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.comparison.pools_for_tests import compared, graded_pool, numbered, problem


def test_levels_that_one_pool_lacks_are_taken_from_the_other(tmp_path: Path) -> None:
    plain = {problem("a"): "cwcw", problem("b"): "wwww"}
    wc = graded_pool(tmp_path / "wc", plain)
    se = graded_pool(tmp_path / "se", {problem("a", "1"): "cc", problem("b", "1"): "wc"})
    for pools in ((wc, se), (se, wc)):
        assert compared(*pools, budget="2", by="level")["by_group"]["1"]["problems"] == 2


def test_a_level_that_no_compared_problem_has_is_named(tmp_path: Path) -> None:
    hard, easy, *_ = levelled = numbered(4, ["5", "1"])
    wc = graded_pool(tmp_path / "wc", dict.fromkeys([easy, levelled[3]], "cw"))
    se = graded_pool(tmp_path / "se", dict.fromkeys([hard, easy], "cw"))
    found = compared(wc, se, by="level", intersection=True)
    assert set(found["by_group"]) == {"1"}
    assert "no problem that both pools answer is of level 5." in found["notes"]


def test_pools_that_disagree_on_levels_say_whose_are_shown(tmp_path: Path) -> None:
    """A level is no part of a problem's id, so that pools of the same problems can disagree."""
    levelled = numbered(4, ["a", "b"])
    renamed = [replace(one, level="easy") for one in levelled[:3]] + [
        replace(levelled[3], level="")
    ]
    one = graded_pool(tmp_path / "one", dict.fromkeys(levelled, "cw"))
    other = graded_pool(tmp_path / "other", dict.fromkeys(renamed, "cw"))
    found = compared(one, other, by="level")
    assert set(found["by_group"]) == {"a", "b"}
    (note,) = found["notes"]
    assert note.startswith(
        "the pools disagree on the level of 3 of 4 problems (that of p0 is 'a' in WC and 'easy' in "
        "SE); shown is by that of WC."
    )
    found = compared(other, one, by="level")
    assert set(found["by_group"]) == {"easy", "b"}
    assert "that of p0 is 'easy' in WC and 'a' in SE" in found["notes"][0]
    assert not compared(other, one)["notes"]
