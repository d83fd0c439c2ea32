"""The whole chain on real engines: finished, killed and resumed, interrupted, held."""

from __future__ import annotations

import json
import random
import signal
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from harness.pool import Pool
from tests.integration.conftest import SMOKE, Chain

pytestmark = pytest.mark.engines

DETERMINISTIC = ("arms/*/train.parquet", "measure.json")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file that must be equal to the byte on a second run, and every pool's digest."""
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for pattern in DETERMINISTIC
        for path in sorted(folder.glob(pattern))
    }
    pools = sorted(folder.glob("pools/*"))
    return files | {str(pool.name): Pool.open(pool).digest().encode() for pool in pools}


def accuracies(folder: Path) -> dict[str, Any]:
    document = json.loads((folder / "evaluations.json").read_text())
    return {model["model_id"]: model["pass_at_1"] for model in document["models"]}


def test_the_chain_leaves_every_result(smoke: tuple[Chain, dict[str, Any]]) -> None:
    chain, document = smoke
    run = chain.folder
    sides = json.loads((run / "measure.json").read_text())["budgets"]
    assert all(set(budget["sides"]) == {"wc", "se"} for budget in sides.values())
    evaluations = json.loads((run / "evaluations.json").read_text())
    assert len(evaluations["models"]) == 9
    assert {row["paradigm"] for row in evaluations["comparisons"]} == {
        "student_lm",
        "wc_lm",
        "se_lm",
    }
    for suffix in ("md", "json", "html"):
        assert (run / f"report.{suffix}").stat().st_size > 1000
    assert document["seconds"] < 600
    assert not chain.processes()


def test_samples_have_the_counts_that_the_match_gives(smoke: tuple[Chain, dict[str, Any]]) -> None:
    chain, _ = smoke
    measured = json.loads((chain.folder / "measure.json").read_text())
    largest = {
        side: max(budget["samples_per_problem"][side] for budget in measured["budgets"].values())
        for side in ("wc", "se")
    }
    for side, per_problem in largest.items():
        table = pq.read_table(chain.folder / "pools" / side / "samples.parquet")
        keys = set(
            zip(table["problem_id"].to_pylist(), table["sample_index"].to_pylist(), strict=True)
        )
        assert len(keys) == table.num_rows == per_problem * measured["problems"]


def test_the_entry_is_listed(smoke: tuple[Chain, dict[str, Any]]) -> None:
    chain, _ = smoke
    listed = chain.call("leaderboard", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert "w2s-micro" in listed.stdout


def test_arms_load_with_datasets(smoke: tuple[Chain, dict[str, Any]], tmp_path: Path) -> None:
    from datasets import load_dataset

    chain, _ = smoke
    pushed = chain.call("push", str(chain.folder), "--folder", str(tmp_path / "data"), "--json")
    assert pushed.returncode == 0, pushed.stderr
    rows = load_dataset(
        str(tmp_path / "data"), "wc-high", split="train", cache_dir=str(tmp_path / "c")
    )
    assert {"prompt", "completion", "problem_id", "seed", "generator"} <= set(rows.column_names)


def test_a_second_run_on_a_finished_folder_does_no_work_again(
    smoke: tuple[Chain, dict[str, Any]],
) -> None:
    chain, _ = smoke
    before = contents(chain.folder)
    models = {path: path.stat().st_mtime_ns for path in chain.folder.glob("train/*/model/*")}
    again = chain.finish()
    assert again["stages"]["sample"]["pools"]["wc"]["new"] == 0
    assert contents(chain.folder) == before
    assert models == {
        path: path.stat().st_mtime_ns for path in chain.folder.glob("train/*/model/*")
    }


def test_a_changed_recipe_is_refused(smoke: tuple[Chain, dict[str, Any]]) -> None:
    chain, _ = smoke
    refused = chain.call(
        "run", *SMOKE, "--set", "decoding.temperature=1.0", "--out", str(chain.folder)
    )
    assert refused.returncode == 2
    assert "decoding.temperature: was 0.7, now is 1.0" in refused.stderr


def test_killed_twice_anywhere_it_ends_with_the_same_results(
    smoke: tuple[Chain, dict[str, Any]], tmp_path: Path
) -> None:
    reference, document = smoke
    chain = Chain(tmp_path / "run", tmp_path / "home")
    places = random.Random()
    delays = []
    for _ in range(2):
        process = chain.start()
        delays.append(places.uniform(2.0, 0.6 * document["seconds"]))
        time.sleep(delays[-1])
        process.kill()
        process.communicate()
        assert not chain.wait_until_gone(), f"killed after {delays} s, processes were left"
    chain.finish()
    assert contents(chain.folder) == contents(reference.folder), f"killed after {delays} s"
    assert accuracies(chain.folder) == accuracies(reference.folder), f"killed after {delays} s"


def test_ctrl_c_ends_cleanly_and_says_how_to_go_on(
    smoke: tuple[Chain, dict[str, Any]], tmp_path: Path
) -> None:
    chain = Chain(tmp_path / "run", tmp_path / "home")
    process = chain.start()
    journal = chain.folder / "pools" / "wc" / "samples.jsonl"
    deadline = time.monotonic() + 120
    while not (journal.is_file() and journal.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.02)
    second = chain.call("run", *SMOKE, "--out", str(chain.folder))
    assert second.returncode == 2
    assert f"process {process.pid}" in second.stderr
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert f"harness run {chain.folder}" in errors
    assert "Traceback" not in errors
    assert output == ""
    assert not chain.wait_until_gone()
