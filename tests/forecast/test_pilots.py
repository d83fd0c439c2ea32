"""`harness plan --pilot` as a user meets it, on real samples and on pools written by hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from harness.cli.pilot import read_budgets
from harness.errors import InputError
from harness.forecast.calibration import HeldBack, held_back
from harness.forecast.forecasting import forecast
from harness.forecast.reading import read_pilot
from harness.pool import Failure, Pool
from harness.pool.draw_file import write_draw
from harness.statistics.intervals import percentile_interval
from tests.comparison.pools_for_tests import card, graded_pool, numbered
from tests.forecast.planning_for_tests import harness, planned, random_pool, refused, shown
from tests.grading.pools_for_tests import shared_rows
from tests.interchange.imports_for_tests import imported, write_rows

PRICES = [{"date": "2024-08-12", "source": "a list", "input": 1.0, "output": 4.0}]


# --- real samples


@pytest.fixture(scope="module")
def aime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16 samples of 45 problems by Llama-3-70B, imported and graded."""
    folder = tmp_path_factory.mktemp("aime")
    rows = [one for one in shared_rows("epoch_otis_mock_aime_samples") if "70B" in one["model"]]
    targets = {one["problem_id"]: one["target"] for one in rows}
    write_rows(folder / "problems.jsonl",
               ({"external_id": key, "gold": gold} for key, gold in targets.items()))  # fmt: skip
    samples = write_rows(
        folder / "samples.jsonl",
        ({"problem_id": one["problem_id"], "completion": one["completion"],
          "sample_index": one["epoch"] - 1} for one in rows),
    )  # fmt: skip
    imported(samples, model="Llama-3-70B", out=folder / "pool")
    graded = harness("grade", folder / "pool", "--format", "aime")
    assert graded.returncode == 0, graded.stderr
    return folder / "pool"


@pytest.mark.parametrize("pilot", [2, 4, 8])
def test_real_samples_that_were_held_back(aime: Path, pilot: int) -> None:
    _, full = read_pilot(aime)
    made = forecast(full.first(pilot), [16])
    came = float(full.known_coverage(16)[0].mean())
    assert came == pytest.approx(11 / 45, abs=1.5 / 45)  # Epoch's any-of-16 is 24.44 %.
    low, high = percentile_interval(made.coverage.these[:, 0])
    assert low <= came <= high
    assert made.distinct is not None
    low, high = percentile_interval(made.distinct.these[:, 0])
    assert low <= full.known_distinct(16).mean() <= high


def test_the_command_on_real_samples(aime: Path) -> None:
    result = harness("plan", "--pilot", aime)
    assert result.returncode == 0, result.stderr
    for words in ("Llama-3-70B, 720 samples of 45 problems", "10×", "fitted on 8 of 16 samples",
                  "beta-binomial: a =", "power law: log coverage", "no price",
                  "It takes for granted:"):  # fmt: skip
        assert words in result.stdout, words
    (document,) = planned("--pilot", aime)["pilots"]
    assert [row["k"] for row in document["forecasts"]] == [1, 16, 32, 48, 160]
    assert document["held_back"]["coverage"]["holds"]
    checked = held_back(read_pilot(aime)[1])
    assert isinstance(checked, HeldBack)
    assert document["held_back"]["coverage"]["came"] == checked.came["coverage"]


# --- one pilot


def test_rows_rise_and_say_what_they_cost(tmp_path: Path) -> None:
    pool = random_pool(
        tmp_path / "pool", np.random.default_rng(0).beta(0.5, 1, 50).tolist(), 4, 0,
        model_card=card(prices=PRICES), tokens=25,
    )  # fmt: skip
    found = planned("--pilot", pool)
    assert found["contest"] is None
    (document,) = found["pilots"]
    rows = document["forecasts"]
    assert [row["k"] for row in rows] == [1, 4, 8, 12, 40]
    assert [row["basis"] for row in rows] == ["measured"] * 2 + ["forecast"] * 3
    assert rows[-1]["times"] == 10
    # A prompt of 30 tokens is paid for once for the 4 samples of its request.
    for row in rows:
        assert row["dollars"] == pytest.approx(row["k"] * 50 * (25 * 4 + 30 / 4 * 1) * 1e-6)
        for name in ("coverage", "diversity_all", "diversity_solved"):
            one = row[name]
            assert one["low"] <= one["value"] <= one["high"]
    values = [row["coverage"]["value"] for row in rows]
    assert values == sorted(values)
    text = shown("--pilot", pool)
    assert "$0.21" in text and "prices of 2024-08-12 (a list)" in text


def test_budgets_are_numbers_of_samples(tmp_path: Path) -> None:
    pool = random_pool(tmp_path / "pool", [0.2, 0.6, 0.1, 0.9] * 5, 3, 0)
    (document,) = planned("--pilot", pool, "--budgets", "100,3")["pilots"]
    assert [row["k"] for row in document["forecasts"]] == [3, 100]
    assert "From 3 samples a problem it cannot be seen" in document["notes"][0]


def test_what_is_not_as_usual_is_said(tmp_path: Path) -> None:
    problems = numbered(40)
    letters = ["cwcw", "wwww", "uuww", "ccc"] * 9 + ["cw", "ww", "", ""]
    pool = graded_pool(tmp_path / "pool", dict(zip(problems, letters, strict=True)))
    with Pool.open_or_create(pool, Pool.open(pool).identity, problems) as opened:
        opened.record_failure(Failure(problems[-1].id, 0, 4, "prompt too long"))
    (document,) = planned("--pilot", pool)["pilots"]
    assert document["failed"] == 1
    assert document["problems_without_samples"] == 1
    assert document["undecided"] == 18
    notes = " ".join(document["notes"])
    assert "Problems that the engine refused: 1; they count as unsolved" in notes
    assert "Problems without samples: 1; they are forecast" in notes
    assert "2 to 4 samples" in notes
    assert "Undecided samples: 18; they count as not correct" in notes


def test_an_adaptive_pool_has_no_diversity_and_says_why(tmp_path: Path) -> None:
    source = np.random.default_rng(0)
    letters = []
    for rate in source.beta(0.6, 1.0, 80):
        drawn = "".join("c" if source.random() < rate else "w" for _ in range(12))
        stop = drawn.find("c") + 1
        # The block in which a problem stops may go on behind the stopping point.
        letters.append(drawn[: min(stop + 1, 12)] if stop else drawn)
    pool = graded_pool(
        tmp_path / "pool", dict(zip(numbered(80), letters, strict=True)),
        identity={"allocation": {"until": {"correct": 1, "max": 12}}},
    )  # fmt: skip
    (document,) = planned("--pilot", pool)["pilots"]
    assert document["allocation"] == {"until_correct": 1}
    stops = [one.find("c") + 1 or 12 for one in letters]
    assert document["samples"] == sum(stops)
    assert "stopped at 1 correct" in document["refused"]["diversity_all"]
    rows = document["forecasts"]
    assert rows[-1]["diversity_all"] is None
    assert rows[-1]["coverage"]["value"] > rows[0]["coverage"]["value"]
    assert "stopped at 1 correct" in shown("--pilot", pool)


@pytest.mark.parametrize(("rate", "value"), [(0.0, 0.0), (1.0, 1.0)])
def test_none_and_all_solved_have_sane_intervals(tmp_path: Path, rate: float, value: float) -> None:
    (document,) = planned("--pilot", random_pool(tmp_path / "pool", [rate] * 30, 4, 0))["pilots"]
    measured = document["forecasts"][1]["coverage"]
    assert measured["value"] == value
    # Jeffreys' interval of 0 or 30 of 30.
    bound = stats.beta(0.5, 30.5).ppf(0.975)
    assert measured["high"] - measured["low"] == pytest.approx(bound, abs=0.015)
    assert document["fit"]["power_law"] is None
    assert "solved at" in document["refused"]["power_law"]


def test_what_makes_solutions_the_same(tmp_path: Path) -> None:
    texts = {("p0", 0): "1 + 1 = 2", ("p0", 1): "1  +  1 = 2.", ("p0", 2): "So 1 + 1 = 2",
             ("p0", 3): "2 - 0 = 2"}  # fmt: skip
    verdicts = {one: "cccc" if one.external_id == "p0" else "wwww" for one in numbered(6)}
    pool = graded_pool(tmp_path / "pool", verdicts, texts=texts)
    distinct = {}
    for key in ("text", "normalised", "equations"):
        (document,) = planned("--pilot", pool, "--key", key, "--budgets", "4")["pilots"]
        assert document["key"] == key
        distinct[key] = 6 * document["forecasts"][0]["diversity_all"]["value"]
    assert distinct == pytest.approx({"text": 4, "normalised": 3, "equations": 2})
    assert "distinct by equations" in shown("--pilot", pool, "--key", "equations")


# --- bad input


def test_pools_that_cannot_be_used(tmp_path: Path) -> None:
    result = harness("plan", "--pilot", tmp_path)
    assert result.returncode == 2 and "Traceback" not in result.stderr
    assert "is not a pool" in result.stderr
    ungraded = tmp_path / "ungraded"
    random_pool(ungraded, [0.5] * 10, 4, 0)
    shutil.rmtree(ungraded / "verdicts")
    assert f"harness grade {ungraded}" in refused("--pilot", ungraded)
    once = random_pool(tmp_path / "once", [0.5] * 10, 1, 0)
    write_draw(once, {"prompt": {"template": "{question}"}, "model": card()})
    said = refused("--pilot", once)
    assert "one sample a problem" in said and f"harness pool extend {once} --samples 4" in said


def test_all_bad_pilots_are_named_at_once(tmp_path: Path) -> None:
    once = random_pool(tmp_path / "once", [0.5] * 10, 1, 0)
    good = random_pool(tmp_path / "good", [0.5] * 10, 4, 0)
    said = refused("--pilot", tmp_path, "--pilot", good, "--pilot", once)
    assert f"{tmp_path} is not a pool" in said
    assert f"{once}: the pilot holds one sample a problem" in said
    assert str(good) not in said


def test_the_advice_on_an_imported_pool_works(tmp_path: Path) -> None:
    names = [f"p{number}" for number in range(12)]
    problems = ({"external_id": one, "question": f"Is it {one}?", "gold": "2"} for one in names)
    write_rows(tmp_path / "problems.jsonl", problems)
    draws = [
        write_rows(
            tmp_path / f"draw{number}.jsonl",
            ({"problem_id": one, "completion": f"It is #### {2 + (place + number) % 3}"}
             for place, one in enumerate(names)),
        )
        for number in range(2)
    ]  # fmt: skip
    origin = ("--problems", tmp_path / "problems.jsonl", "--model", "m", "--out", tmp_path / "pool")
    grading = ("grade", tmp_path / "pool", "--format", "hash")
    assert harness("pool", "import", draws[0], *origin).returncode == 0
    assert harness(*grading).returncode == 0
    said = refused("--pilot", tmp_path / "pool")
    assert "harness pool import SAMPLES" in said and "--first-index 1" in said
    assert "pool extend" not in said
    added = harness("pool", "import", draws[1], *origin, "--first-index", "1")
    assert added.returncode == 0, added.stderr
    assert harness(*grading).returncode == 0
    (document,) = planned("--pilot", tmp_path / "pool")["pilots"]
    assert (document["samples"], document["measured_up_to"]) == (24, 2)


def test_half_graded_pools_name_the_command(tmp_path: Path) -> None:
    pool = random_pool(tmp_path / "pool", [0.5] * 10, 4, 0)
    opened = Pool.open(pool)
    table: pa.Table = opened.verdicts("answer")
    opened.write_verdicts("answer", table.slice(0, 30), {"grader": "answer"})
    said = refused("--pilot", pool)
    assert "40 samples, and 30 verdicts" in said and f"harness grade {pool}" in said


@pytest.mark.parametrize("text", ["", "1,,2", "0", "-1", "ten", "1,inf", "nan"])
def test_budgets_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="not a number of samples"):
        read_budgets(text)


def test_options_without_a_pilot_and_budgets_too_large(tmp_path: Path) -> None:
    assert "give --pilot POOL" in refused("--recipe", "w2s-micro", "--budgets", "1,2")
    assert "give --pilot POOL" in refused("--recipe", "w2s-micro", "--intersection")
    pool = random_pool(tmp_path / "pool", [0.5] * 10, 4, 0)
    assert "goes up to 100,000" in refused("--pilot", pool, "--budgets", "1e9")
    said = refused("--pilot", pool, "--budgets", "1e300")
    assert "gives 1e+300 samples" in said and len(said) < 200


def test_a_pilot_by_itself_has_whole_numbers_of_samples(tmp_path: Path) -> None:
    pool = random_pool(tmp_path / "pool", [0.5] * 10, 4, 0)
    said = refused("--pilot", pool, "--budgets", "2.5,3,.5")
    assert "0.5, 2.5 is not a whole number of samples" in said and "--recipe" in said
