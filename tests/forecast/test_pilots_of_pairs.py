"""`harness plan --pilot --pilot`: which side of a recipe wins where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.pool import Pool
from tests.comparison.pools_for_tests import graded_pool
from tests.forecast.planning_for_tests import planned, random_pool, refused, shown


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Pilots of the pair of w2s-micro: WC 6 samples, SE 3, of 60 problems."""
    folder = tmp_path_factory.mktemp("pair")
    rates = np.random.default_rng(0).beta(0.6, 1.2, 60)
    return (
        random_pool(folder / "wc", rates.tolist(), 6, 1, identity={"model": {"id": "micro:wc"}}),
        random_pool(
            folder / "se", (rates**0.5).tolist(), 3, 2, identity={"model": {"id": "micro:se"}}
        ),
    )


def test_sides_follow_from_the_recipe(pair: tuple[Path, Path]) -> None:
    wc, se = pair
    found = planned("--recipe", "w2s-micro", "--pilot", se, "--pilot", wc)
    assert [one["side"] for one in found["pilots"]] == ["se", "wc"]
    contest = found["contest"]
    assert contest["match"] == {
        "kind": "compute",
        "ratio": pytest.approx(1222560 / 414048),
        "lengths": "completions of both sides count as equally long (Eq. 1)",
    }
    assert [row["se_samples"] for row in contest["budgets"]] == [1, 2, 5, 10, 20, 30]
    first = contest["budgets"][0]
    assert first["samples_per_problem"] == {"wc": pytest.approx(2.9527, abs=1e-4), "se": 1.0}
    assert first["basis"] == {"wc": "measured", "se": "measured"}
    for row in contest["budgets"]:
        for name, one in row["difference"].items():
            sides = row["sides"]
            assert one["value"] == pytest.approx(
                sides["wc"][name]["value"] - sides["se"][name]["value"]
            )
            assert 0 <= one["wc_wins"] <= 1
    # The budgets of the recipe: 30 WC samples stand beside 10 of SE.
    rows = {row["k"] for row in found["pilots"][1]["forecasts"]}
    assert {3, 30} <= rows
    text = shown("--recipe", "w2s-micro", "--pilot", wc, "--pilot", se)
    assert "an SE sample costs as much as 2.953 WC samples" in text
    assert "by SE samples a problem:" in text


def test_each_pilot_is_opened_once(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    open_pool = Pool.open

    def noting(folder: Path) -> Pool:
        opened.append(folder)
        return open_pool(folder)

    monkeypatch.setattr(Pool, "open", noting)
    by_price = ("--set", "match.kind=price", "--set", "pair.wc.prices=[{date: 2025-01-01, "
                "source: x, output: 1.0}]", "--set", "pair.se.prices=[{date: 2025-01-01, "
                "source: x, output: 3.0}]")  # fmt: skip
    found = planned("--recipe", "w2s-micro", *by_price, "--pilot", pair[0], "--pilot", pair[1])
    assert "what the pilots measured" in found["contest"]["match"]["lengths"]
    assert opened == list(pair)


def test_one_pilot_of_a_recipe_is_forecast_alone(pair: tuple[Path, Path]) -> None:
    found = planned("--recipe", "w2s-micro", "--pilot", pair[1])
    assert found["contest"] is None
    assert found["pilots"][0]["side"] == "se"
    assert {1, 10} <= {row["k"] for row in found["pilots"][0]["forecasts"]}


def test_budgets_below_one_sample(pair: tuple[Path, Path]) -> None:
    wc, se = pair
    found = planned(
        "--recipe", "w2s-micro", "--pilot", f"wc={wc}", "--pilot", f"se={se}", "--budgets", ".5,1"
    )
    half, one = found["contest"]["budgets"]
    coverage = [row["sides"]["se"]["coverage"]["value"] for row in (half, one)]
    assert coverage[0] == pytest.approx(coverage[1] / 2)


def test_order_of_problems_does_not_matter(pair: tuple[Path, Path], tmp_path: Path) -> None:
    wc, se = pair
    pool = Pool.open(se)
    verdicts = {row["problem_id"]: "" for row in pool.verdicts("answer").to_pylist()}
    for row in pool.verdicts("answer").to_pylist():
        verdicts[row["problem_id"]] += row["outcome"][0]
    turned = graded_pool(
        tmp_path / "se", {one: verdicts[one.id] for one in reversed(pool.problems)},
        identity={"model": {"id": "micro:se"}},
    )  # fmt: skip
    one, other = (
        planned("--recipe", "w2s-micro", "--pilot", wc, "--pilot", place, "--budgets", "1,3")
        for place in (se, turned)
    )
    for first, second in zip(one["contest"]["budgets"], other["contest"]["budgets"], strict=True):
        names = ("value", "low", "high", "wc_wins")
        for name in names:
            found, expected = (row["difference"]["coverage"][name] for row in (first, second))
            assert found == pytest.approx(expected)


def test_lengths_are_those_of_the_pilots_where_cost_follows_length(tmp_path: Path) -> None:
    """An SE sample of 40 completion tokens against one of 10, after 30 of the prompt."""
    rates = np.random.default_rng(0).beta(0.6, 1.2, 30).tolist()
    wc = random_pool(tmp_path / "wc", rates, 4, 1, identity={"model": {"id": "micro:wc"}})
    se = random_pool(
        tmp_path / "se", rates, 4, 2, identity={"model": {"id": "micro:se"}}, tokens=40
    )
    both = ("--recipe", "w2s-micro", "--pilot", wc, "--pilot", se, "--budgets", "1")

    def match(*overrides: str) -> dict[str, Any]:
        # A recipe with this match has to say lengths; those of the pilots take their place.
        given = [f"per_sample.{side}.completion_tokens=77" for side in ("wc", "se")]
        given += [f"per_sample.{side}.prompt_tokens=5" for side in ("wc", "se")]
        given.append("rounding=mixed")
        options = [word for one in (*given, *overrides) for word in ("--set", f"match.{one}")]
        return dict(planned(*both, *options)["contest"]["match"])

    tokens = match("kind=tokens")
    assert tokens["ratio"] == pytest.approx(4.0)
    assert "WC 10.0 completion tokens, SE 40.0 completion tokens" in tokens["lengths"]
    assert match("kind=tokens", "prompts=every")["ratio"] == pytest.approx(70 / 40)
    # By compute completions are equally long, whatever the pilots showed.
    per_token = 1222560 / 414048
    assert match("prompts=every")["ratio"] == pytest.approx(per_token)
    assert match("kind=number")["ratio"] == 1.0
    # A recipe that does not say lengths is whole with pilots that do.
    bare = planned(*both, "--set", "match.kind=tokens")
    assert bare["contest"]["match"] == {**tokens, "ratio": pytest.approx(4.0)}
    assert [row["k"] for row in bare["pilots"][0]["forecasts"]] == [1, 4, 8, 12, 40]
    (alone,) = planned(*both[:4], "--set", "match.kind=tokens")["pilots"]
    assert "give a pilot of each" in alone["notes"][-1]
    # Grading is paid for as the recipe says.
    graded = match("kind=tokens", "per_sample.wc.grading=10")
    assert graded["ratio"] == pytest.approx(40 / 20)


def test_without_counts_the_recipe_says_how_long(tmp_path: Path) -> None:
    pools = [
        random_pool(tmp_path / side, [0.3, 0.6] * 10, 3, 0, tokens=None,
                    identity={"model": {"id": f"micro:{side}"}})
        for side in ("wc", "se")
    ]  # fmt: skip
    both = ("--recipe", "w2s-micro", "--set", "match.kind=tokens", "--pilot", pools[0], "--pilot",
            pools[1], "--budgets", "1")  # fmt: skip
    given = [f"match.per_sample.{side}.completion_tokens={count}"
             for side, count in (("wc", 20), ("se", 50))]  # fmt: skip
    assert "a match by tokens needs the mean length of a completion" in refused(*both)
    match = planned(*both, "--set", given[0], "--set", given[1])["contest"]["match"]
    assert match["ratio"] == pytest.approx(2.5)
    assert "as the recipe says" in match["lengths"]


def test_budgets_of_the_recipe_keep_their_multipliers(pair: tuple[Path, Path]) -> None:
    both = ("--recipe", "w2s-micro", "--pilot", pair[0], "--pilot", pair[1], "--budgets", "1")
    plain = planned(*both)["contest"]["planned"]
    assert [(row["budget"], row["multiplier"]) for row in plain] == [("low", 1), ("high", 1)]
    ratio = 1222560 / 414048
    assert plain[1]["samples_per_problem"] == {"wc": pytest.approx(10 * ratio), "se": 10}
    assert "Budgets of the recipe" not in shown(*both)
    half = ("--set", "budgets.high.multiplier=0.5")
    contest = planned(*both, *half)["contest"]
    high = contest["planned"][1]
    assert high["multiplier"] == 0.5
    assert high["samples_per_problem"] == {"wc": pytest.approx(5 * ratio), "se": 10}
    assert high["difference"]["coverage"]["value"] < plain[1]["difference"]["coverage"]["value"]
    # The curve over budgets stays one of equal cost.
    assert contest["budgets"][0]["samples_per_problem"]["wc"] == pytest.approx(ratio)
    text = shown(*both, *half)
    assert "what WC spends over what SE spends: low 1, high 0.5" in text


# --- bad input


def test_sides_that_are_not_clear(pair: tuple[Path, Path], tmp_path: Path) -> None:
    wc, se = pair
    stranger = random_pool(tmp_path / "stranger", [0.5] * 10, 4, 0)
    said = refused("--recipe", "w2s-micro", "--pilot", stranger)
    assert "neither side of the recipe 'w2s-micro' (wc: micro:wc, se: micro:se)" in said
    assert f"--pilot wc={stranger}" in said
    said = refused("--recipe", "w2s-micro", "--pilot", wc, "--pilot", f"wc={se}")
    assert "two pilots are of the same side" in said
    said = refused("--recipe", "w2s-micro", "--pilot", wc, "--pilot", se, "--pilot", wc)
    assert "3 pilots" in said


def test_other_problems_need_the_flag(pair: tuple[Path, Path], tmp_path: Path) -> None:
    fewer = random_pool(tmp_path / "se", [0.5] * 40, 3, 0, identity={"model": {"id": "micro:se"}})
    both = ("--recipe", "w2s-micro", "--pilot", pair[0], "--pilot", fewer, "--budgets", "1")
    said = refused(*both)
    assert "20 of 60 problems" in said and "--intersection" in said
    found = planned(*both, "--intersection")
    assert found["pilots"][0]["problems"] == 60
    assert len(found["contest"]["budgets"]) == 1


def test_graders_must_be_one(pair: tuple[Path, Path], tmp_path: Path) -> None:
    other = random_pool(
        tmp_path / "se", [0.5] * 60, 3, 0, identity={"model": {"id": "micro:se"}},
        grader={"grader": "answer", "version": "1", "format": "boxed"},
    )  # fmt: skip
    said = refused("--recipe", "w2s-micro", "--pilot", pair[0], "--pilot", other)
    assert "different" in said and "format" in said


def test_a_match_that_the_cards_do_not_allow(pair: tuple[Path, Path]) -> None:
    said = refused(
        "--recipe", "w2s-micro", "--set", "match.kind=price", "--pilot", pair[0],
        "--pilot", pair[1],
    )  # fmt: skip
    assert "price" in said
