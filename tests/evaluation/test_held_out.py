"""Held-out problems on real GSM8K rows and by hand."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.evaluation.held_out import held_out, refuse_shared
from harness.problems import Problem

DATA = Path(__file__).parents[2] / "../shared/data"


def _gsm8k(split: str) -> list[Problem]:
    path = DATA / f"gsm8k_{split}.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"{path.name} is not on this machine")
    with gzip.open(path, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    return [Problem(row["question"], row["answer"]) for row in rows]


def test_a_choice_by_id_does_not_depend_on_the_order_of_the_rows() -> None:
    problems = _gsm8k("train")
    chosen = held_out(problems, [], 500)
    shuffled = [*problems, *problems[:100]]
    random.Random(0).shuffle(shuffled)
    assert held_out(shuffled, [], 500) == chosen
    assert len({p.id for p in chosen}) == 500
    assert max(p.id for p in chosen) < min({p.id for p in problems} - {p.id for p in chosen})
    # Ids are hashes, so the choice is as good as random: from all of the file alike.
    places = [problems.index(p) for p in chosen]
    assert sum(place < len(problems) / 2 for place in places) == pytest.approx(250, abs=35)


def test_what_another_split_has_is_not_chosen() -> None:
    problems = [Problem(f"What is {n}?", str(n)) for n in range(20)]
    first = held_out(problems, [], 5)
    elsewhere = [Problem(f" {first[0].question} ", "another gold"), first[1]]
    second = held_out(problems, elsewhere, 5)
    assert set(first[2:]) < set(second) and not {first[0], first[1]} & set(second)
    with pytest.raises(
        InputError, match="19 problems are to be held out, and 18 are in no other split"
    ):
        held_out(problems, elsewhere, 19)


def test_shared_problems_are_named() -> None:
    problems = [Problem(f"What is {n}?", str(n)) for n in range(9)]
    others = {"train": [Problem("What  is 3?", "three")], "test": problems[:7], "far": []}
    with pytest.raises(InputError) as refused:
        refuse_shared("w2s_x", problems, others)
    text = str(refused.value)
    assert "'w2s_x'" in text and f"train: 1 of 9 problems: {problems[3].id}." in text
    assert "test: 7 of 9 problems" in text and "and 2 more" in text and "far" not in text
    refuse_shared("w2s_x", problems, {"far": [Problem("What is 9?", "9")]})


def test_gsm8k_train_validation_and_test_share_no_problem() -> None:
    train, test = _gsm8k("train"), _gsm8k("test")
    assert (len(train), len(test)) == (7473, 1319)
    refuse_shared("test", test, {"train": train})
    refuse_shared("validation", train[-500:], {"training": train[:-500], "test": test})
