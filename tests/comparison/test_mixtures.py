"""Comparisons with a mixture of experts: by compute as by exact compute, and that is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.comparison.costs import CostSettings
from harness.comparison.text import comparison_text
from tests.budget.mixtures import (
    HYBRID_CONFIG,
    LLAMA_TOTAL,
    MIXTRAL_ACTIVE,
    MIXTRAL_EMBEDDINGS,
    MIXTRAL_TOTAL,
    llama,
    mixtral,
)
from tests.comparison.pools_for_tests import compared, graded_pool, numbered

# SE solves half of its samples, WC one in four; five WC samples find more than one of SE, and
# one and a half find less.
WC, SE = "cwwwcwwwcwwwcwww", "cw"


def against_llama(folder: Path, wc: dict[str, Any], **options: Any) -> dict[str, Any]:
    problems = numbered(40)
    pools = (
        graded_pool(folder / "wc", dict.fromkeys(problems, WC), model_card=wc),
        graded_pool(folder / "se", dict.fromkeys(problems, SE),
                    model_card=llama().model_dump(mode="json")),
    )  # fmt: skip
    return compared(*pools, kind="compute", budget="1", **options)


def row(document: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = [one for one in document["cost_models"]["models"] if one["kind"] == kind]
    return dict(found)


def test_compute_by_hand_and_of_one_mind_with_exact_compute(tmp_path: Path) -> None:
    document = against_llama(tmp_path, mixtral().model_dump(mode="json"))
    ratio = LLAMA_TOTAL / MIXTRAL_ACTIVE
    assert document["match"]["ratio"] == pytest.approx(ratio)
    assert document["match"]["samples_per_problem"] == {"wc": pytest.approx(ratio), "se": 1}
    # 10 tokens a completion, 40 problems, one sample each.
    assert document["match"]["cost"]["se"] == pytest.approx(2 * LLAMA_TOTAL * 10 * 40)
    compute, exact = row(document, "compute"), row(document, "compute_exact")
    assert compute["ratio"] == pytest.approx(ratio)
    assert exact["ratio"] == pytest.approx(ratio, rel=0.02)
    assert compute["winner"] == exact["winner"] == "wc"
    (note,) = document["notes"]
    assert "FLOPs count the 12,879,925,248 of its 46,702,792,704 parameters" in note
    assert "Note: mistralai/Mixtral-8x7B-v0.1 is a mixture" in comparison_text(document)


def test_all_experts_would_have_turned_the_winner(tmp_path: Path) -> None:
    """So a card that says that its active parameters are all of them is another comparison."""
    dense = mixtral(total=MIXTRAL_TOTAL, active=MIXTRAL_TOTAL).model_dump(mode="json")
    document = against_llama(tmp_path, dense)
    assert document["match"]["ratio"] == pytest.approx(LLAMA_TOTAL / MIXTRAL_TOTAL)
    assert row(document, "compute")["winner"] == "se"
    assert document["notes"] == []


def test_the_note_stands_whatever_the_headline(tmp_path: Path) -> None:
    wc = mixtral().model_dump(mode="json")
    problems = numbered(4)
    pools = [
        graded_pool(tmp_path / side, dict.fromkeys(problems, WC), model_card=card)
        for side, card in (("wc", wc), ("se", llama().model_dump(mode="json")))
    ]
    assert "mixture" in compared(*pools, kind="number", budget="1")["notes"][-1]
    # Without a count there is no match by compute, and nothing to be said of it.
    settings = CostSettings(parameters="nominal")
    assert compared(*pools, kind="number", budget="1", settings=settings)["notes"] == []


def test_without_embeddings(tmp_path: Path) -> None:
    wc = mixtral(total=MIXTRAL_TOTAL, non_embedding=MIXTRAL_TOTAL - MIXTRAL_EMBEDDINGS).model_dump(
        mode="json"
    )
    se = llama().model_dump(mode="json")
    se["parameters"]["non_embedding"] = inner = LLAMA_TOTAL - 2 * 128_256 * 8192
    pools = [
        graded_pool(tmp_path / side, dict.fromkeys(numbered(4), WC), model_card=card)
        for side, card in (("wc", wc), ("se", se))
    ]
    settings = CostSettings(parameters="non_embedding")
    document = compared(*pools, kind="compute", budget="1", settings=settings)
    expected = inner / (MIXTRAL_ACTIVE - MIXTRAL_EMBEDDINGS)
    assert document["match"]["ratio"] == pytest.approx(expected)


def test_unknown_active_parameters_are_said(tmp_path: Path) -> None:
    wc = mixtral(total=MIXTRAL_TOTAL, config=HYBRID_CONFIG).model_dump(mode="json")
    (note,) = against_llama(tmp_path, wc)["notes"]
    assert "FLOPs count all 46,702,792,704, which is too many" in note
    assert "Add parameters.active" in note
