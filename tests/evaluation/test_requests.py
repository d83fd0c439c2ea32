"""Prompts and generation settings come out of lm-eval's own task, or a refusal does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from harness.errors import EnvironmentFailure, InputError
from harness.evaluation.requests import load_evaluation_task
from harness.problems import Problem

Variant = Callable[[str, Mapping[str, str]], None]


def test_a_foreign_task_gives_its_prompts_in_order(own_tasks: Path, tmp_path: Path) -> None:
    task = load_evaluation_task("sums", str(own_tasks), 7, tmp_path / "log")
    assert [document.prompt for document in task.documents] == [
        f"Q: {n} + {n}?\nA:" for n in range(7)
    ]
    assert [document.problem.gold for document in task.documents] == [str(2 * n) for n in range(7)]
    assert [document.problem.level for document in task.documents] == [
        "1",
        "2",
        "3",
        "4",
        "5",
        "1",
        "2",
    ]
    assert (task.until, task.max_tokens, task.limit) == (("\n",), 16, 7)
    assert task.documents[3].problem.id == Problem("Q: 3 + 3?\nA:", "6").id
    assert set(task.prompts()) == {problem.id for problem in task.problems()}


@pytest.mark.parametrize("count", [None, 40, 1000])
def test_a_count_that_takes_all_documents_is_no_limit(
    own_tasks: Path, tmp_path: Path, count: int | None
) -> None:
    task = load_evaluation_task("sums", str(own_tasks), count, tmp_path / "log")
    assert (task.limit, len(task.documents)) == (None, 40)


def test_few_shot_examples_stand_in_the_prompt(
    own_tasks: Path, write_variant: Variant, tmp_path: Path
) -> None:
    shots = "num_fewshot: 2\nfewshot_split: test\nfewshot_config: {sampler: first_n}"
    write_variant("shots", {"num_fewshot: 0": shots})
    task = load_evaluation_task("shots", str(own_tasks), 3, tmp_path / "log")
    examples = "Q: 0 + 0?\nA: 0\n\nQ: 1 + 1?\nA: 2\n\n"
    assert task.documents[2].prompt == examples + "Q: 2 + 2?\nA:"
    assert task.documents[2].question == "2 + 2?"


def test_an_unknown_task_is_refused_with_near_names(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'w2s_micro'") as refusal:
        load_evaluation_task("w2s_mirco", None, None, tmp_path / "log")
    assert "task_path" in str(refusal.value)


def test_a_missing_task_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        load_evaluation_task("sums", str(tmp_path / "nowhere"), None, tmp_path / "log")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"output_type: generate_until": "output_type: multiple_choice\ndoc_to_choice: [a, b]",
          "exact_match": "acc", "doc_to_target: gold": "doc_to_target: 0"}, "multiple_choice"),
        ({"do_sample: false": "do_sample: true\n  temperature: 0.7"}, "temperature 0.7"),
        ({"num_fewshot: 0": "num_fewshot: 0\nrepeats: 4"}, "repeats 4"),
    ],
)  # fmt: skip
def test_only_greedy_generation_is_evaluated(
    own_tasks: Path, write_variant: Variant, tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    write_variant("other", changes)
    with pytest.raises(InputError, match=message):
        load_evaluation_task("other", str(own_tasks), None, tmp_path / "log")


def test_a_task_whose_code_fails_says_how_to_try_it_alone(own_tasks: Path, tmp_path: Path) -> None:
    (own_tasks / "utils.py").write_text("def dataset(**o):\n    raise RuntimeError('no such file')")
    with pytest.raises(InputError, match="RuntimeError: no such file") as refusal:
        load_evaluation_task("sums", str(own_tasks), None, tmp_path / "log")
    assert "lm_eval run" in str(refusal.value)


def test_data_that_cannot_be_reached_is_the_environments_fault(
    own_tasks: Path, tmp_path: Path
) -> None:
    (own_tasks / "utils.py").write_text("def dataset(**o):\n    raise ConnectionError('refused')")
    with pytest.raises(EnvironmentFailure, match="refused"):
        load_evaluation_task("sums", str(own_tasks), None, tmp_path / "log")


def test_the_digest_follows_content_and_nothing_else(own_tasks: Path, tmp_path: Path) -> None:
    def digest(folder: Path, count: int | None = None) -> str:
        return load_evaluation_task("sums", str(folder), count, tmp_path / "log").digest

    first = digest(own_tasks)
    moved = own_tasks.rename(tmp_path / "moved")
    assert digest(moved) == first
    assert digest(moved, 5) != first
    code = (moved / "utils.py").read_text()
    (moved / "utils.py").write_text(code.replace("2 * n", "2 * n + 1"))
    assert digest(moved) != first


def test_lm_evals_chatter_goes_to_the_log(
    own_tasks: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = (own_tasks / "utils.py").read_text()
    (own_tasks / "utils.py").write_text("print('loud')\n" + code)
    load_evaluation_task("sums", str(own_tasks), None, tmp_path / "log")
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")
    assert "loud" in (tmp_path / "log").read_text()
