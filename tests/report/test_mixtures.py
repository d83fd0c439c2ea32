"""Reports on a mixture of experts: its active parameters stand beside the others."""

from __future__ import annotations

from pathlib import Path

from harness.files import read_json
from harness.progress import Progress
from harness.recipe.yaml_text import dump_yaml
from harness.report.stage import report
from tests.budget.mixtures import MIXTRAL_ACTIVE, MIXTRAL_TOTAL, llama, mixtral
from tests.report.factories import made_run


def test_active_parameters_are_a_column_and_are_said(tmp_path: Path) -> None:
    overrides = ["match.parameters=total"]
    for side, card in (("wc", mixtral()), ("se", llama())):
        (tmp_path / f"{side}.yaml").write_text(dump_yaml(card.model_dump(mode="json")))
        overrides.append(f"pair.{side}={tmp_path / f'{side}.yaml'}")
    run = made_run(tmp_path / "run", name="w2s-math", overrides=tuple(overrides), upto="plan")
    report(run, Progress(live=False))
    text = " ".join(run.report("md").read_text(encoding="utf-8").split())
    assert "| non-embedding | active |" in text
    assert "46,702,792,704 | – | 12,879,925,248 |" in text
    assert "costs as much as 5.4778 WC samples" in text
    assert "of mixtures of experts those that a token meets" in text
    document = read_json(run.report("json"))
    assert document["pair"]["wc"]["parameters"]["total"] == MIXTRAL_TOTAL
    assert document["pair"]["wc"]["parameters"]["active"] == MIXTRAL_ACTIVE
    assert "active" not in document["pair"]["se"]["parameters"]


def test_a_dense_pair_has_no_such_column(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", name="w2s-math", upto="plan")
    report(run, Progress(live=False))
    text = " ".join(run.report("md").read_text(encoding="utf-8").split())
    assert "| non-embedding |" in text and "mixtures of experts" not in text
    assert "| active |" not in text
