"""What the real lm-eval writes of a task with repeats and filters becomes a pool."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InputError
from harness.pool import Pool
from tests.interchange.imports_for_tests import content, imported, write_rows

REPEATS = 3
DOCS = [
    {"question": "How many?", "answer": "Two and two.\n#### 4", "id": "one", "level": "2"},
    {"question": "How far?", "answer": "Far.\n#### 1,000"},
]


def _log(folder: Path, **task: Any) -> Path:
    """The samples that lm-eval logs when a model answers with numbered texts."""
    from datasets import Dataset
    from lm_eval.api.model import LM
    from lm_eval.evaluator import simple_evaluate
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    class Numbered(LM):  # type: ignore[misc]
        def generate_until(self, requests: Any) -> list[str]:
            return [f"{place}: {one.doc['question']}" for place, one in enumerate(requests)]

        def loglikelihood(self, requests: Any) -> list[tuple[float, bool]]:
            return [(-1.0, False) for _ in requests]

        loglikelihood_rolling = loglikelihood

    config = {
        "task": "numbers",
        "custom_dataset": lambda **_: {"test": Dataset.from_list(DOCS)},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "Q: {{question}}\nA:",
        "doc_to_target": "{{answer}}",
        "generation_kwargs": {"until": ["\n"], "do_sample": True},
        "repeats": REPEATS,
        "metric_list": [{"metric": "exact_match"}],
        "filter_list": [
            {"name": "strict", "filter": [{"function": "take_first"}]},
            {"name": "flexible", "filter": [{"function": "lowercase"}, {"function": "take_first"}]},
        ],
        **task,
    }
    manager = TaskManager(include_defaults=False)
    results = simple_evaluate(
        Numbered(), tasks=[config], task_manager=manager, log_samples=True, bootstrap_iters=0
    )
    tracker = EvaluationTracker(output_path=str(folder))
    samples = results.pop("samples")
    tracker.save_results_aggregated(results, samples)
    tracker.save_results_samples("numbers", samples["numbers"])
    (path,) = folder.rglob("samples_numbers_*.jsonl")
    return path  # type: ignore[no-any-return]


def test_a_logged_task_becomes_problems_and_all_of_its_repeats(tmp_path: Path) -> None:
    log = _log(tmp_path / "log")
    assert len(log.read_text().splitlines()) == 2 * len(DOCS)  # One line a document and filter.
    result = imported(log, problems=None, out=tmp_path / "pool")
    assert (result.added, result.problems) == (len(DOCS) * REPEATS, len(DOCS))
    pool = Pool.open(tmp_path / "pool")
    assert pool.identity["engine"] == {"name": "import", "format": "lm-eval"}
    first, second = pool.problems
    assert (first.question, first.gold, first.level) == ("How many?", "4", "2")
    assert (first.solution, first.external_id) == ("Two and two.\n#### 4", "one")
    assert (second.question, second.gold) == ("How far?", "1,000")
    said = [text for _, _, text in content(tmp_path / "pool")]
    logged = [json.loads(line)["resps"][0] for line in log.read_text().splitlines()[: len(DOCS)]]
    assert said == [text for texts in logged for text in texts]


def test_a_second_log_of_the_same_task_adds_samples(tmp_path: Path) -> None:
    log = _log(tmp_path / "log")
    copy = write_rows(tmp_path / "copy.jsonl", map(json.loads, log.read_text().splitlines()))
    assert imported((log, copy), problems=None, out=tmp_path / "pool").added == 12


def test_documents_without_a_question_are_named_by_their_hash(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in _log(tmp_path / "log").read_text().splitlines()]
    rows = [{**one, "doc": {"unheard": 1}, "target": "7"} for one in rows]
    imported(write_rows(tmp_path / "s.jsonl", rows), problems=None)
    names = {one.external_id for one in Pool.open(tmp_path / "pool").problems}
    assert names == {one["doc_hash"] for one in rows}


def test_a_task_that_generates_nothing_is_refused_line_by_line(tmp_path: Path) -> None:
    log = _log(
        tmp_path / "log",
        output_type="multiple_choice",
        doc_to_choice=["yes", "no"],
        doc_to_target=0,
        metric_list=[{"metric": "acc"}],
        filter_list=[{"name": "none", "filter": [{"function": "take_first"}]}],
        repeats=1,
        generation_kwargs=None,
    )
    with pytest.raises(InputError) as found:
        imported(log, problems=None, out=tmp_path / "pool")
    assert "generate_until" in str(found.value)
    (issue,) = found.value.issues
    assert issue.where.endswith(f"lines {', '.join(str(one + 1) for one in range(len(DOCS)))}")


def test_a_torn_log_imports_what_is_whole(tmp_path: Path) -> None:
    log = _log(tmp_path / "log")
    lines = log.read_text().splitlines()
    log.write_text(f"{lines[0]}\n{lines[1][:200]}")
    with pytest.raises(InputError, match="1 rows cannot be imported"):
        imported(log, problems=None, out=tmp_path / "pool")
    result = imported(log, problems=None, out=tmp_path / "pool", skip_bad=True)
    assert (result.added, result.problems) == (REPEATS, 1)
