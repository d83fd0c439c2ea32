"""The tasks in `tasks/` under lm-eval itself: documents, prompts, metrics, no network."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.evaluation.requests import load_evaluation_task
from harness.problems import Problem
from harness.resources import tasks_folder

FOLDERS = ("w2s_micro", "w2s_gsm8k", "w2s_gsm8k_val", "w2s_math500", "w2s_math_val",
           "w2s_functional_math")  # fmt: skip
SAMPLED = ("w2s_micro", "w2s_gsm8k", "w2s_math500", "w2s_functional_math")
NAMES = (*FOLDERS, *(f"{name}_sampled" for name in SAMPLED))
GSM8K = Path(__file__).parents[2] / "../shared/data/gsm8k_test.jsonl.gz"


def _load(spec: str) -> Any:
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_defaults=False, include_path=str(tasks_folder()))
    (task,) = manager.load([spec])["tasks"].values()
    return task


def _evaluate(spec: str, answer: Callable[[dict[str, Any]], str], limit: int) -> dict[str, Any]:
    from lm_eval.api.model import LM
    from lm_eval.evaluator import simple_evaluate
    from lm_eval.tasks import TaskManager

    class Answers(LM):  # type: ignore[misc]
        def generate_until(self, requests: Any) -> list[str]:
            return [answer(request.doc) for request in requests]

        def loglikelihood(self, requests: Any) -> Any:
            raise NotImplementedError

        loglikelihood_rolling = loglikelihood

    manager = TaskManager(include_defaults=False, include_path=str(tasks_folder()))
    results = simple_evaluate(
        model=Answers(), tasks=[spec], task_manager=manager, limit=limit, bootstrap_iters=100
    )
    found: dict[str, Any] = next(iter(results["results"].values()))
    return found


@pytest.fixture
def gsm8k_rows(tmp_path: Path) -> str:
    """The task on local rows in the form of the Hub's, with a cache folder of the test's own."""
    if not GSM8K.is_file():
        pytest.skip("the GSM8K test rows are not on this machine")
    with gzip.open(GSM8K, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    path = tmp_path / "rows.jsonl"
    with path.open("w") as stream:
        for row in rows:
            answer = f"{row['solution']}\n#### {row['answer']}"
            stream.write(json.dumps({"question": row["question"], "answer": answer}) + "\n")
    return _on_rows("w2s_gsm8k", path, tmp_path)


def _on_rows(name: str, path: Path, folder: Path) -> str:
    """A task file that includes the shipped one and replaces its data set by local rows."""
    changes = {
        "include": str(tasks_folder() / name / f"{name}.yaml"),
        "dataset_path": "json",
        "dataset_name": None,
        "dataset_kwargs": {
            "data_files": {"test": str(path)},
            "cache_dir": str(folder / "cache"),
        },
    }
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(changes))
    return str(folder / f"{name}.yaml")


def test_lm_eval_finds_every_task_in_the_folder() -> None:
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_defaults=False, include_path=str(tasks_folder()))
    assert set(NAMES) == set(manager.all_subtasks)
    assert manager.all_tags == ["w2s"]


@pytest.mark.parametrize("name", FOLDERS)
def test_every_task_has_a_readme_in_the_usual_form(name: str) -> None:
    text = (tasks_folder() / name / "README.md").read_text()
    for heading in ("## Paper", "### Citation", "```bibtex", "### Groups, Tags, and Tasks",
                    "#### Tags", "#### Tasks", "### Checklist", "### Changelog"):  # fmt: skip
        assert heading in text
    variants = {path.stem for path in (tasks_folder() / name).glob("*.yaml")}
    assert variants <= set(NAMES)
    for variant in variants:
        assert f"`{variant}`" in text
        (version,) = re.findall(r"^  version: (\d+\.\d+)$", _yaml(name, variant), re.MULTILINE)
        assert version in text.partition("### Changelog")[2]


def _yaml(folder: str, name: str) -> str:
    return (tasks_folder() / folder / f"{name}.yaml").read_text()


@pytest.mark.parametrize("name", SAMPLED)
def test_a_sampled_variant_differs_from_its_task_by_the_draw_alone(name: str) -> None:
    greedy, sampled = _yaml(name, name), _yaml(name, f"{name}_sampled")
    assert sampled.startswith(f"include: {name}.yaml\n")
    assert "repeats: 16\n" in sampled and "temperature: 0.7\n" in sampled
    for key in ("until:\n    - .*", "max_gen_toks: .*", "answer_format: .*", "disjoint_from: .*"):
        assert re.findall(key, sampled) == re.findall(key, greedy)


def test_the_micro_documents_are_the_test_split() -> None:
    from harness.micro import micro_problems

    task, problems = _load("w2s_micro"), micro_problems("test")
    documents = list(task.test_docs())
    assert [document["problem_id"] for document in documents] == [p.id for p in problems]
    for document, problem in zip(documents[:20], problems, strict=False):
        assert Problem(document["question"], document["gold"]).id == document["problem_id"]
        assert task.doc_to_text(document) == f"Q: {problem.question}\nA:"
        assert task.doc_to_target(document) == problem.gold


def test_no_test_problem_is_a_training_or_validation_problem() -> None:
    from harness.micro import micro_problems

    tested = {document["problem_id"] for document in _load("w2s_micro").test_docs()}
    for split in ("train", "validation"):
        assert not tested & {problem.id for problem in micro_problems(split)}


def test_the_micro_prompt_is_the_one_that_models_are_trained_on() -> None:
    from harness.prompts import training_prompt
    from harness.recipe.loading import load_recipe

    for name, recipe in (("w2s_micro", "w2s-micro"), ("w2s_gsm8k", "w2s-gsm8k"),
                         ("w2s_math500", "w2s-math")):  # fmt: skip
        from harness.evaluation import tasks_support

        prompt = load_recipe(recipe).prompt
        assert load_recipe(recipe).evaluation.task == name
        function = (
            tasks_support.minerva_prompt
            if name == "w2s_math500"
            else tasks_support.question_answer_prompt
        )
        assert function({"question": "What?"}) == training_prompt(prompt, "What?")


def test_an_oracle_solves_everything_and_a_liar_nothing() -> None:
    right = _evaluate("w2s_micro", lambda document: f" 1 + 1 = 2. #### {document['gold']}", 50)
    assert (right["pass@1,none"], right["undecided,none"], right["sample_len"]) == (1.0, 0.0, 50)
    assert right["pass@1_stderr,none"] == 0.0
    wrong = _evaluate("w2s_micro", lambda document: f" #### {int(document['gold']) + 1}", 50)
    assert (wrong["pass@1,none"], wrong["undecided,none"]) == (0.0, 0.0)


def test_the_standard_error_is_that_of_a_mean() -> None:
    found = _evaluate(
        "w2s_micro",
        lambda document: f" #### {document['gold'] if int(document['problem_id'], 16) % 3 else -7}",
        60,
    )
    share = found["pass@1,none"]
    assert 0 < share < 1
    assert found["pass@1_stderr,none"] == pytest.approx((share * (1 - share) / 59) ** 0.5)


def test_gsm8k_documents_carry_the_ids_of_the_problem_loader(gsm8k_rows: str) -> None:
    documents = list(_load(gsm8k_rows).test_docs())
    assert len(documents) == 1319
    with gzip.open(GSM8K, "rt") as lines:
        answers = [json.loads(line)["answer"] for line in lines]
    assert [document["gold"] for document in documents] == answers
    for document in documents:
        assert Problem(document["question"], document["gold"]).id == document["problem_id"]


def test_gsm8k_reads_the_answer_after_the_answer_is(gsm8k_rows: str) -> None:
    def oracle(document: dict[str, Any]) -> str:
        return f" First 3 and 4 make 7. The answer is {document['gold']}."

    assert _evaluate(gsm8k_rows, oracle, 100)["pass@1,none"] == 1.0
    assert (
        _evaluate(gsm8k_rows, lambda document: " The answer is -12345.", 100)["pass@1,none"] == 0.0
    )


def test_math500_compares_answers_as_mathematics(tmp_path: Path) -> None:
    row = {
        "problem": "What is $1/2$?",
        "solution": "Half: $\\boxed{\\frac{1}{2}}$.",
        "answer": "\\frac{1}{2}",
        "subject": "Prealgebra",
        "level": 1,
        "unique_id": "test/1",
    }
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row) + "\n" + json.dumps({**row, "answer": "3"}) + "\n")
    spec = _on_rows("w2s_math500", path, tmp_path)
    (document, _) = list(_load(spec).test_docs())
    assert (document["level"], document["subject"], document["gold"]) == (
        "1", "Prealgebra", "\\frac{1}{2}"
    )  # fmt: skip

    def half(document: dict[str, Any]) -> str:
        return "Final Answer: The final answer is $0.5$. I hope it is correct."

    assert _evaluate(spec, half, 2)["pass@1,none"] == 0.5
    assert _evaluate(spec, lambda document: "So $\\boxed{\\frac12}$.", 2)["pass@1,none"] == 0.5


def _offline(tmp_path: Path) -> dict[str, str]:
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("HF_")},
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HOME": str(tmp_path / "hf"),
        "HARNESS_CACHE": str(tmp_path / "harness"),
    }


def test_the_micro_task_is_the_same_without_network_and_cache_elsewhere(tmp_path: Path) -> None:
    program = """
import socket, sys
from pathlib import Path
def refuse(*arguments): raise AssertionError("network")
socket.socket.connect = refuse
from harness.evaluation.requests import load_evaluation_task
print(load_evaluation_task("w2s_micro", None, 20, Path("log")).digest)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path,
        env={**_offline(tmp_path), "PYTHONHASHSEED": "1"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    here = load_evaluation_task("w2s_micro", None, 20, tmp_path / "log")
    assert done.stdout.strip() == here.digest
    assert [path for path in (tmp_path / "hf").rglob("*") if path.is_file()] == []


def test_plain_lm_eval_runs_tasks_from_another_folder(tmp_path: Path) -> None:
    row = {"problem": "1+1?", "level": "Level 1", "type": "Algebra", "solution": "\\boxed{2}"}
    for name in ("MATH", "Oct-2023"):
        path = tmp_path / "data" / name / "test/algebra/1.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(row))
    metadata = {"repeats": 3, "snapshots": ["Oct-2023"]}
    command = [
        sys.executable, "-m", "lm_eval", "run", "--model", "dummy", "--tasks",
        "w2s_micro,w2s_micro_sampled,w2s_functional_math", "--include_path", str(tasks_folder()),
        "--limit", "4", "--output_path", "out", "--log_samples", "--metadata", json.dumps(metadata),
    ]  # fmt: skip
    environment = {**_offline(tmp_path), "HARNESS_FUNCTIONAL_MATH": str(tmp_path / "data")}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "pass@1" in done.stdout and "reasoning_gap" in done.stdout
    (results,) = (tmp_path / "out").rglob("results_*.json")
    found = json.loads(results.read_text())["results"]
    assert found["w2s_micro"]["pass@1,none"] == 0.0
    assert found["w2s_micro_sampled"]["maj@3,none"] == 0.0
    assert found["w2s_functional_math"]["paired_problems,none"] == 1
    (samples,) = (tmp_path / "out").rglob("samples_w2s_micro_2*.jsonl")
    row = json.loads(samples.read_text().splitlines()[0])
    assert Problem(row["doc"]["question"], row["doc"]["gold"]).id == row["doc"]["problem_id"]
