"""What cannot be compared is refused with all that is wrong, and with advice that works."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InputError
from tests.comparison.pools_for_tests import GRADER, compared, graded_pool, problem

A, B = problem("a"), problem("b")
VERDICTS = {A: "cw", B: "wc"}


def refusal(wc: Path, se: Path, **options: Any) -> InputError:
    with pytest.raises(InputError) as found:
        compared(wc, se, **options)
    return found.value


def test_a_run_names_its_pools(tmp_path: Path) -> None:
    pools = [graded_pool(tmp_path / "run" / "pools" / side, VERDICTS) for side in ("wc", "se")]
    error = refusal(tmp_path / "run", pools[1])
    assert "folder of a run, not of a pool" in error.message
    assert str(pools[0]) in error.advice and str(pools[1]) in error.advice


def test_a_folder_of_pools_names_them(tmp_path: Path) -> None:
    pools = [graded_pool(tmp_path / side, VERDICTS) for side in ("wc", "se")]
    error = refusal(tmp_path, pools[1])
    assert "folder of several pools, not of a pool" in error.message
    assert str(pools[0]) in error.advice and str(pools[1]) in error.advice


def test_both_sides_and_their_cards_are_told_at_once(tmp_path: Path) -> None:
    wc = graded_pool(tmp_path / "wc", VERDICTS)
    shutil.rmtree(wc / "verdicts")
    cards = {"wc": "gemma-2-99b", "se": None}
    error = refusal(wc, tmp_path / "nowhere", cards=cards)
    texts = [str(issue) for issue in error.issues]
    assert len(texts) == 3
    assert "--wc-card" in texts[0] and "gemma-2-9b" in texts[0]
    assert "no verdicts of the grader 'answer'" in texts[1]
    assert f"harness grade {wc} --grader answer --format NAME" in texts[1]
    assert "nowhere is not a pool" in texts[2]


def test_the_same_finding_on_both_sides_is_told_once(tmp_path: Path) -> None:
    error = refusal(tmp_path / "nowhere", tmp_path / "nowhere")
    assert "nowhere is not a pool" in error.message and not error.issues


def test_an_unknown_grader_and_those_that_are_there_are_named(tmp_path: Path) -> None:
    wc, se = (graded_pool(tmp_path / side, VERDICTS) for side in ("wc", "se"))
    assert "there is no grader 'answers'" in str(refusal(wc, se, grader="answers"))
    assert "it has those of answer" in str(refusal(wc, se, grader="code"))


def test_other_graders_and_other_problems_are_told_at_once(tmp_path: Path) -> None:
    options = {"percent": "ignored", "units_optional": False}
    wc = graded_pool(
        tmp_path / "wc", {A: "c"}, grader={**GRADER, "format": "boxed", "options": options}
    )
    changed = {**options, "units_optional": True}
    se = graded_pool(tmp_path / "se", {B: "c"}, grader={**GRADER, "options": changed})
    graders, problems = (str(issue) for issue in refusal(wc, se).issues)
    assert 'format: WC has "boxed", SE has "hash"' in graders
    command = f"harness grade {se} --grader answer --format boxed --options units_optional=false"
    assert graders.endswith(command)
    assert "no drawn problem in common" in problems


@pytest.mark.parametrize("older", ["wc", "se"])
def test_the_pool_of_the_older_grader_is_the_one_to_grade_again(tmp_path: Path, older: str) -> None:
    pools = {
        side: graded_pool(
            tmp_path / side,
            VERDICTS,
            grader={**GRADER, "version": "9" if side == older else "10"},
        )
        for side in ("wc", "se")
    }
    advice = refusal(pools["wc"], pools["se"]).advice
    assert f"harness grade {pools[older]} --grader answer" in advice


def test_a_card_in_a_file_of_another_suffix_is_told(tmp_path: Path) -> None:
    wc, se = (graded_pool(tmp_path / side, VERDICTS) for side in ("wc", "se"))
    card = tmp_path / "card.txt"
    card.write_text("id: a/b\n")
    said = str(refusal(wc, se, cards={"wc": str(card), "se": None}))
    assert "--wc-card: " in said and "ends in .yaml or .yml; rename it, as in card.yaml." in said


def test_an_empty_card_name_is_told_by_its_option(tmp_path: Path) -> None:
    wc, se = (graded_pool(tmp_path / side, VERDICTS) for side in ("wc", "se"))
    assert "--se-card is empty" in str(refusal(wc, se, cards={"wc": None, "se": " "}))
