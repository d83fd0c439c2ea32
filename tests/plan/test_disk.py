"""What pools of real responses take on the disk lies within the bounds of a plan."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.plan.amounts import Amount
from harness.plan.disk import disk_assumption, pool_bytes
from harness.plan.planning import plan_of
from harness.plan.text import plan_text
from harness.recipe.loading import load_recipe
from tests.interchange.imports_for_tests import imported, row, write_rows

DATA = Path(__file__).parents[3] / "shared" / "data"
SERVED = ["execution.endpoints.wc.url=http://127.0.0.1:9/v1"]
# In the tokenizers of the usual models, for mathematics in English.
TEXT_BYTES_PER_TOKEN = 3.5


def rows_of(name: str) -> list[dict[str, Any]]:
    with gzip.open(DATA / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def responses(name: str) -> list[tuple[str, str]]:
    """Problem and completion of each sample."""
    if name.startswith("epoch"):
        return [
            (one["problem_id"], one["completion"]) for one in rows_of(name) if "70B" in one["model"]
        ]
    return [(one["id"], one["outputs"][0]) for one in rows_of(name)]


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
@pytest.mark.parametrize(
    "name",
    ["zeroeval_gsm_gemma-2-27b-it.jsonl.gz", "epoch_otis_mock_aime_samples.jsonl.gz"],
)
def test_pools_of_real_responses_lie_within_the_bounds(name: str, tmp_path: Path) -> None:
    """Imported samples count as a request each, as those of a server do; none is graded here."""
    questions = {one["id"]: one["question"] for one in rows_of("gsm8k_test.jsonl.gz")}
    found = responses(name)
    ids = list(dict.fromkeys(problem for problem, _ in found))
    write_rows(
        tmp_path / "problems.jsonl",
        [
            {"external_id": one, "question": questions.get(one, f"AIME, {one}"), "gold": "1"}
            for one in ids
        ],
    )
    drawn: Counter[str] = Counter()
    rows = []
    for problem, text in found:
        rows.append(row(problem, text, sample_index=drawn[problem]))
        drawn[problem] += 1
    imported(write_rows(tmp_path / "samples.jsonl", rows))
    taken = sum(one.stat().st_size for one in (tmp_path / "pool").rglob("*") if one.is_file())
    text = sum(len(one.encode()) for _, one in found)
    planned = pool_bytes(
        load_recipe("w2s-math", SERVED),
        "wc",
        len(ids),
        Amount.exactly(len(found)),
        Amount.exactly(text / TEXT_BYTES_PER_TOKEN),
    )
    assert planned.low < taken < planned.high


def test_the_pools_of_w2s_micro() -> None:
    """Measured on a run of the recipe: 680 kB of WC and 532 kB of SE, graded."""
    pools = plan_of(load_recipe("w2s-micro")).pools
    for side, measured in (("wc", 680_000), ("se", 532_000)):
        least, most = pools[side].least_disk_bytes, pools[side].disk_bytes
        assert least is not None and most is not None
        assert least < measured < most < 4 * measured


def test_a_request_of_their_own_for_each_sample_takes_more() -> None:
    samples, tokens = Amount.exactly(1000), Amount(200_000, 200_000, 800_000)
    managed = pool_bytes(load_recipe("w2s-math"), "wc", 100, samples, tokens)
    served = pool_bytes(load_recipe("w2s-math", SERVED), "wc", 100, samples, tokens)
    assert served.low == managed.low
    assert served.high - managed.high == pytest.approx(900 * 230)
    other = pool_bytes(load_recipe("w2s-math", SERVED), "se", 100, samples, tokens)
    assert other == managed
    assert managed.at_most - managed.high == pytest.approx(600_000 * 4.5 * 0.5)


def test_the_range_and_what_it_takes_for_granted_are_shown() -> None:
    planned = plan_of(load_recipe("w2s-micro"))
    text = plan_text(planned)
    assert "WC on the disk: 552 k to 2.48 MB\n" in text
    assert disk_assumption(4) in text
    totals = planned.document()["totals"]
    assert totals["least_disk_bytes"] < totals["disk_bytes"]
