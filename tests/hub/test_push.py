"""Publishing: folders that `datasets` loads, and a Hub that the real client talks to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from harness.arms.stage import build
from harness.errors import InputError
from harness.files import sha256_of
from harness.grading.stage import grade
from harness.hub.stage import push
from harness.pool import Pool
from harness.run_folder import RunFolder
from tests.arms.conftest import QUIET, make_run
from tests.hub.stand_in import StandInHub

TOKEN = "hf_secretsecretsecretsecretsecretsecre"


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    made = make_run(tmp_path / "run")
    grade(made, QUIET)
    build(made, QUIET)
    return made


@pytest.fixture
def hub() -> Iterator[StandInHub]:
    server = StandInHub()
    yield server
    server.close()


def push_to(
    hub: StandInHub, run: RunFolder, repository: str = "org/data"
) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own: the client reads its endpoint when it is imported."""
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0",
                   "HF_HUB_DISABLE_XET": "1"}  # fmt: skip
    arguments = ["push", str(run.path), "--json"]
    if repository is not None:
        arguments += ["--repository", repository]
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        capture_output=True, text=True, env=environment, timeout=120, check=False,
    )  # fmt: skip


def test_every_configuration_loads(run: RunFolder, tmp_path: Path) -> None:
    from datasets import get_dataset_config_names, load_dataset

    document = push(run, QUIET, folder=tmp_path / "data")
    names = set(get_dataset_config_names(str(tmp_path / "data")))
    assert names == set(document["rows"])
    assert names == {f"{a}-{b}" for a in ("wc", "se", "ground_truth") for b in ("low", "high")}
    for name in names:
        loaded = load_dataset(
            str(tmp_path / "data"), name, split="train", cache_dir=str(tmp_path / "cache")
        )
        arm, budget = name.rsplit("-", 1)
        expected = pq.read_table(run.arm(arm, budget) / "train.parquet").to_pylist()
        assert loaded.to_list() == expected


def test_the_card_says_how_it_was_made(run: RunFolder) -> None:
    push(run, QUIET)
    card = (run.publication / "README.md").read_text()
    header = yaml.safe_load(card.split("---\n")[1])
    assert header["license"] == "apache-2.0"
    assert [c["config_name"] for c in header["configs"] if c.get("default")] == ["wc-high"]
    for word in ("temperature 0.7", "micro:wc", "micro:se", "2.953", "arxiv.org/abs/2408.16737"):
        assert word in card


def test_the_manifest_names_every_file_and_pushing_again_changes_nothing(run: RunFolder) -> None:
    first = push(run, QUIET)
    for name, digest in first["files"].items():
        assert sha256_of(run.publication / name) == digest
    assert push(run, QUIET) == first


def test_a_strangers_folder_is_left_alone(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    with pytest.raises(InputError, match="not a publication"):
        push(run, QUIET, folder=tmp_path)
    assert (tmp_path / "photo.jpg").exists()


def test_unbuilt_arms_name_the_command(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    with pytest.raises(InputError, match="harness build"):
        push(run, QUIET)


def test_empty_arms_are_left_out(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", wrong=True)
    grade(run, QUIET)
    build(run, QUIET)
    assert set(push(run, QUIET)["rows"]) == {"ground_truth-low", "ground_truth-high"}


def test_the_hub_gets_one_commit_and_none_for_the_same_again(
    run: RunFolder, hub: StandInHub
) -> None:
    first = push_to(hub, run)
    assert first.returncode == 0, first.stderr
    document = json.loads(first.stdout)["hub"]
    repository = hub.repositories["org/data"]
    assert repository.private
    assert document["changed"]
    assert document["commit"] == repository.commits[-1]
    assert len(repository.commits) == 2
    local = {str(p.relative_to(run.publication)): p.read_bytes()
             for p in run.publication.rglob("*") if p.is_file()}  # fmt: skip
    assert {name: data for name, (data, _) in repository.files.items()} == local
    again = push_to(hub, run)
    assert not json.loads(again.stdout)["hub"]["changed"]
    assert len(repository.commits) == 2
    assert TOKEN not in first.stdout + first.stderr + again.stdout + again.stderr


def test_the_recipe_can_name_the_repository(tmp_path: Path, hub: StandInHub) -> None:
    run = make_run(tmp_path / "run", "publication.repository=org/mine")
    grade(run, QUIET)
    build(run, QUIET)
    assert push(run, QUIET, folder=tmp_path / "data")["hub"] is None
    assert hub.calls == []
    result = push_to(hub, run, repository=None)
    assert result.returncode == 0, result.stderr
    assert len(hub.repositories["org/mine"].commits) == 2


def test_a_lost_reply_is_no_second_commit(run: RunFolder, hub: StandInHub) -> None:
    hub.faults.append((r"POST .*/commit/main", "lost"))
    result = push_to(hub, run)
    assert result.returncode == 0, result.stderr
    assert len(hub.repositories["org/data"].commits) == 2


def test_a_commit_of_somebody_else_is_built_upon(run: RunFolder, hub: StandInHub) -> None:
    hub.faults.append((r"POST .*/commit/main", 412))
    result = push_to(hub, run)
    assert result.returncode == 0, result.stderr
    assert len(hub.repositories["org/data"].commits) == 2


REFUSALS = [(401, 2, "auth login"), (403, 2, "auth login"), (500, 3, "500")]


@pytest.mark.parametrize(("status", "code", "word"), REFUSALS)
def test_refusals_say_what_to_do(
    run: RunFolder, hub: StandInHub, status: int, code: int, word: str
) -> None:
    hub.faults.extend([(r"POST /api/repos/create", status)] * 6)
    result = push_to(hub, run)
    assert result.returncode == code, result.stderr
    assert word in result.stderr
    assert "Traceback" not in result.stderr
    assert TOKEN not in result.stderr


def test_an_unreachable_hub_offers_a_folder(run: RunFolder, hub: StandInHub) -> None:
    hub.close()
    result = push_to(hub, run)
    assert result.returncode == 3
    assert "--folder" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_impossible_name_is_refused(run: RunFolder, hub: StandInHub) -> None:
    result = push_to(hub, run, "not a name!")
    assert result.returncode == 2, result.stderr
    assert "not a name!" in result.stderr


def test_the_card_counts_what_is_in_no_row(run: RunFolder) -> None:
    push(run, QUIET)
    card = (run.publication / "README.md").read_text()
    for side in ("wc", "se"):
        outcomes = Pool.open(run.pool(side)).verdicts("answer").column("outcome").to_pylist()
        counts = ", ".join(
            f"{outcomes.count(name):,} {name}" for name in ("correct", "wrong", "undecided")
        )
        assert f"of {len(outcomes):,} {side.upper()} samples {counts}" in card


def test_the_card_says_that_an_allocation_was_adaptive(tmp_path: Path) -> None:
    cards = {}
    for name, until in (("uniform", []), ("adaptive", ["allocation.until={correct: 2, max: 6}"])):
        run = make_run(tmp_path / name, *until)
        grade(run, QUIET)
        build(run, QUIET)
        push(run, QUIET, folder=tmp_path / f"{name}-data")
        cards[name] = (tmp_path / f"{name}-data" / "README.md").read_text()
    assert (
        "\n- Allocation: adaptive. A problem was drawn until it had 2 correct samples"
        in (cards["adaptive"])
    )
    assert "Allocation" not in cards["uniform"]
