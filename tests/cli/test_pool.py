"""`harness pool` as a user calls it: what it prints, its exit status, its JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.generators.jobs import PoolJob
from harness.pool import LedgerLine, Pool
from harness.pool.draw_file import write_draw
from harness.prompts.rendering import RenderedPrompts
from harness.recipe.schema import Endpoint, Prompt
from tests.generators.fault_server import FaultServer, running
from tests.generators.jobs_for_tests import fill, job
from tests.pool.samples_for_tests import IDENTITY, problems, sample


def harness(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", *map(str, arguments)],
        capture_output=True, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip


def document(*arguments: str | Path) -> dict[str, Any]:
    done = harness(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def templated(folder: Path, **settings: Any) -> PoolJob:
    """A job of a recipe's kind, whose pool knows its template."""
    plain = job(folder, **settings)
    prompts = RenderedPrompts(Prompt(template="Q: {question}\nA:"), plain.problems)
    return replace(plain, prompts=prompts)


def make_pool(folder: Path, count: int = 4, samples: int = 5, **identity: object) -> Path:
    with Pool.open_or_create(folder, {**IDENTITY, **identity}, problems(count)) as pool:
        pool.append([sample(one, index) for one in pool.problems for index in range(samples)])
        line = LedgerLine(pool.problems[0].id, 5, 1, 9, 0, 20, 1.0, "x", 1e9, "failed: cut", True)
        pool.record_waste([line])
    return folder


def test_show_says_what_was_planned_and_what_it_took(tmp_path: Path) -> None:
    folder = make_pool(tmp_path / "pool")
    card = {
        "id": "x",
        "parameters": {"total": 10},
        "prices": [{"date": "2024-08-01", "source": "list", "input": 1.0, "output": 2.0}],
    }
    write_draw(
        folder,
        {"model": card, "samples_per_problem": 6, "expected_tokens": 5.5, "allocation": "uniform"},
    )
    shown = document("pool", "show", folder)
    completion = 4 * sum(3 + index for index in range(5))
    assert shown["samples"] == 20
    assert shown["spent"]["completion_tokens"] == completion
    assert shown["spent"]["prompt_tokens"] == 4 * 7
    assert shown["spent"]["wasted"]["completion_tokens"] == 20
    assert shown["spent"]["flops"]["completion"] == 2 * 10 * completion
    dollars = (4 * 7 + 9 + 2 * (completion + 20)) / 1e6
    assert shown["spent"]["dollars"] == pytest.approx(dollars)
    assert shown["spent"]["price"]["date"] == "2024-08-01"
    assert shown["planned"]["samples"] == 24
    assert shown["planned"]["completion_tokens"] == 132
    text = harness("pool", "show", folder).stdout
    assert "planned" in text and "132" in text and str(completion) in text


def test_show_says_what_nobody_counted(tmp_path: Path) -> None:
    folder = tmp_path / "pool"
    with Pool.open_or_create(
        folder, {**IDENTITY, "engine": {"name": "import"}}, problems(1)
    ) as pool:
        known = sample(pool.problems[0], 0)
        pool.append([known, replace(sample(pool.problems[0], 1), completion_tokens=None)])
    assert document("pool", "show", folder)["samples_without_token_counts"] == 1
    text = harness("pool", "show", folder).stdout
    assert "1 samples came without token counts" in text and "spent elsewhere" in text
    assert f"{known.completion_tokens:.1f}" in text


def test_show_has_no_server_seconds_of_imported_pools(tmp_path: Path) -> None:
    drawn = make_pool(tmp_path / "drawn")
    imported = make_pool(tmp_path / "imported", engine={"name": "import", "format": "jsonl"})
    assert document("pool", "show", drawn)["spent"]["server_seconds"] > 0
    shown = document("pool", "show", drawn, imported)
    assert shown["pools"][1]["spent"]["server_seconds"] is None
    assert shown["total"]["server_seconds"] is None
    text = harness("pool", "show", imported, drawn).stdout
    first, second, total = text.split("\n\n")
    row = next(line for line in first.splitlines() if line.startswith("server-seconds"))
    assert row.split() == ["server-seconds", "–"]
    assert "so there are no server-seconds" in first
    assert "no server-seconds" not in second
    assert total.strip().endswith("– server-seconds (not of imported pools)")


def test_show_adds_several_pools_up(tmp_path: Path) -> None:
    folders = [make_pool(tmp_path / name, count) for name, count in (("a", 2), ("b", 3))]
    shown = document("pool", "show", *folders)
    assert [one["samples"] for one in shown["pools"]] == [10, 15]
    assert shown["total"]["samples"] == 25
    assert shown["total"]["wasted_tokens"] == 2 * 29
    assert shown["total"]["dollars"] is None


def test_verify_finds_and_repairs(tmp_path: Path) -> None:
    folder = make_pool(tmp_path / "pool")
    assert document("pool", "verify", folder)["sound"] is True
    journal = folder / "samples.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([lines[0].replace(b"stop", b"pots"), *lines[2:], lines[1][:9]]))
    found = harness("pool", "verify", folder, "--json")
    assert found.returncode == 1
    assert json.loads(found.stdout)["samples"] == 18
    assert json.loads(found.stdout)["lost"] == 2
    assert "--repair" in found.stderr
    repaired = document("pool", "verify", folder, "--repair")
    assert (repaired["samples"], repaired["lost"]) == (18, 2)
    assert (Path(repaired["aside"]) / "samples.jsonl").exists()
    again = document("pool", "verify", folder)
    assert again["sound"] is True and again["samples"] == 18


def test_merge_and_its_refusal(tmp_path: Path) -> None:
    first, second = make_pool(tmp_path / "a", 2), make_pool(tmp_path / "b", 3)
    merged = document("pool", "merge", first, second, "--out", tmp_path / "c")
    assert (merged["problems"], merged["samples"]) == (3, 15)
    other = make_pool(tmp_path / "other", seed=3)
    refused = harness("pool", "merge", first, other, "--out", tmp_path / "d")
    assert refused.returncode == 2
    assert "seed" in refused.stderr and not (tmp_path / "d").exists()


def test_extend_draws_what_thirty_at_once_would_have_had(tmp_path: Path) -> None:
    with running(FaultServer()) as server:
        fill(templated(tmp_path / "pool", samples=3, url=server.url))
        asked = len(server.bodies)
        extended = document("pool", "extend", tmp_path / "pool", "--samples", "30")
        assert extended["added"] == 5 * 27
        fill(templated(tmp_path / "at once", samples=30, url=server.url))
        assert {body["n"] for body in server.bodies[asked:] if body["max_tokens"] > 1} == {27, 30}
    pools = [Pool.open(tmp_path / name) for name in ("pool", "at once")]
    assert pools[0].digest() == pools[1].digest()
    assert pools[0].identity == pools[1].identity
    nothing = harness("pool", "extend", tmp_path / "pool", "--samples", "4")  # No server is asked.
    assert nothing.returncode == 0 and "0 samples drawn" in nothing.stdout


def test_extend_at_another_address(tmp_path: Path) -> None:
    with running(FaultServer()) as server:
        fill(templated(tmp_path / "pool", samples=3, url=server.url))
    with running(FaultServer()) as server:
        done = document(
            "pool", "extend", tmp_path / "pool", "--samples", "5", "--endpoint", server.url
        )
    assert done["added"] == 10


def test_extend_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    folder = make_pool(tmp_path / "imported")
    refused = harness("pool", "extend", folder, "--samples", "9")
    assert refused.returncode == 2
    assert "no draw.json, or" in refused.stderr and "pool import" in refused.stderr
    with running(FaultServer()) as server:
        fill(job(tmp_path / "task", samples=1, url=server.url))
    refused = harness("pool", "extend", tmp_path / "task", "--samples", "9")
    assert refused.returncode == 2 and "harness evaluate" in refused.stderr


def test_no_secret_of_an_address_is_kept(tmp_path: Path) -> None:
    with running(FaultServer()) as server:
        address = server.url.replace("://", "://me:pa55word@") + "?token=t0ken"
        fill(templated(tmp_path / "pool", endpoints=(Endpoint(url=address),)))
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"pa55word" not in files and b"t0ken" not in files


@pytest.mark.parametrize("name", ["show", "verify", "merge", "extend", "export"])
def test_what_is_no_pool_is_told_in_words(tmp_path: Path, name: str) -> None:
    more = {
        "merge": ["--out", tmp_path / "x"], "extend": ["--samples", "3"],
        "export": ["--out", tmp_path / "x"],
    }.get(name, [])  # fmt: skip
    done = harness("pool", name, tmp_path / "nothing", *more)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr and "is not a pool" in done.stderr
