"""Few-shot prompts are lm-eval's own, gradings are a recipe's, and leaked problems are refused."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InputError
from harness.problems import Problem
from harness.prompts import generation_prompt
from harness.recipe.loading import load_recipe
from tests.tasks.stored_tasks import Document, evaluate, load, on_rows, results

GSM8K_ROWS = [
    {"question": f"Tom has {n} apples and buys one. How many has he?",
     "answer": f"{n} + 1 = <<{n}+1={n + 1}>>{n + 1}.\n#### {n + 1}"}
    for n in range(1200, 1230)
]  # fmt: skip
MATH500_ROWS = [
    {"problem": f"What is half of ${n}$?", "solution": "", "answer": f"\\frac{{{n}}}{{2}}",
     "subject": "Algebra", "level": 3, "unique_id": f"test/algebra/{n}.json"}
    for n in range(101, 131, 2)
]  # fmt: skip


def _prompts(task: Any, shots: int) -> list[str]:
    if shots:
        task.set_config(key="num_fewshot", value=shots)
    task.set_fewshot_seed(seed=1234)
    task.build_all_requests(limit=3)
    return [instance.args[0] for instance in task.instances]


def _theirs(file: str, folder: Path, rows: Path) -> str:
    """A task of lm-eval's own, on local rows."""
    package = importlib.util.find_spec("lm_eval")
    assert package is not None and package.submodule_search_locations
    path = folder / "theirs.yaml"
    path.write_text(
        f"include: {package.submodule_search_locations[0]}/tasks/{file}\n"
        f"task: theirs\ndataset_path: json\ndataset_name: null\n"
        f"dataset_kwargs: {{data_files: {{test: {rows}}}, cache_dir: {folder}/cache}}\n"
    )
    return str(path)


def test_eight_shots_on_gsm8k_are_those_of_lm_evals_task_and_of_the_recipe(tmp_path: Path) -> None:
    ours = _prompts(load(on_rows("w2s_gsm8k", {"test": GSM8K_ROWS}, tmp_path)), 8)
    theirs = _theirs("gsm8k/gsm8k-cot.yaml", tmp_path, tmp_path / "w2s_gsm8k-test.jsonl")
    assert ours == _prompts(load(theirs), 8)
    prompt = load_recipe("w2s-gsm8k").prompt
    assert ours == [generation_prompt(prompt, row["question"]) for row in GSM8K_ROWS[:3]]


@pytest.mark.parametrize("shots", [0, 2, 4])
def test_shots_on_math_are_those_of_lm_evals_own_task(
    shots: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its module asks for antlr 4.11, which is only needed for its grading."""
    known = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata,
        "version",
        lambda name: "4.11.1" if name == "antlr4-python3-runtime" else known(name),
    )
    rows = [{**row, "solution": rf"\boxed{{{row['answer']}}}"} for row in MATH500_ROWS]
    ours = _prompts(load(on_rows("w2s_math500", {"test": rows}, tmp_path)), shots)
    file = tmp_path / "w2s_math500-test.jsonl"
    theirs = load(_theirs("minerva_math/minerva_math500.yaml", tmp_path, file))
    theirs.set_config(key="num_fewshot", value=shots)
    assert ours == _prompts(theirs, shots)
    assert ours[0].count("I hope it is correct.") == shots


def test_four_shots_on_math_are_those_of_the_recipe(tmp_path: Path) -> None:
    ours = _prompts(load(on_rows("w2s_math500", {"test": MATH500_ROWS}, tmp_path)), 4)
    prompt = load_recipe("w2s-math").prompt
    assert ours == [generation_prompt(prompt, str(row["problem"])) for row in MATH500_ROWS[:3]]
    assert ours[0].count("I hope it is correct.") == 4


def test_zero_shot_is_the_default(tmp_path: Path) -> None:
    task = load(on_rows("w2s_gsm8k_sampled", {"test": GSM8K_ROWS}, tmp_path))
    assert _prompts(task, 0) == [f"Q: {row['question']}\nA:" for row in GSM8K_ROWS[:3]]


def _rounded(document: Document, _index: int) -> str:
    return f"The answer is {float(document['gold']) + 0.2:.1f}."


def test_a_grading_from_metadata_changes_the_format_and_the_conventions(tmp_path: Path) -> None:
    spec = on_rows("w2s_gsm8k", {"test": GSM8K_ROWS}, tmp_path)
    assert results(evaluate(spec, _rounded))["pass@1"] == 0.0
    decimals = {"grading": {"options": {"decimals": 0}}}
    document = evaluate(spec, _rounded, metadata=decimals)
    assert results(document)["pass@1"] == 1.0
    assert document["configs"]["w2s_gsm8k"]["metadata"]["grading"] == decimals["grading"]
    boxed = {"grading": {"format": "boxed"}}
    assert results(evaluate(spec, _rounded, metadata=boxed))["pass@1"] == 0.0
    right = evaluate(spec, lambda one, _: rf"\boxed{{{one['gold']}}}, not 7.", metadata=boxed)
    assert results(right)["pass@1"] == 1.0
    (rows,) = right["samples"].values()
    assert {row["doc"]["answer_format"] for row in rows} == {"boxed"}


def test_a_wrong_grading_is_refused_when_the_task_is_loaded() -> None:
    with pytest.raises(InputError, match=r"grading\.options\.no_such"):
        load("w2s_micro", grading={"options": {"no_such": True}})


@pytest.mark.parametrize(
    "leaked",
    [
        GSM8K_ROWS[7],
        # The same question, its gold answer spelled otherwise: another id.
        {"question": f" {GSM8K_ROWS[7]['question']}", "answer": "It is\n#### 1,208"},
    ],
)
def test_a_problem_of_the_training_split_is_refused_by_its_id(
    tmp_path: Path, leaked: dict[str, str]
) -> None:
    spec = on_rows("w2s_gsm8k", {"train": [leaked], "test": GSM8K_ROWS}, tmp_path)
    with pytest.raises(InputError) as refused:
        load(spec)
    problem = Problem(GSM8K_ROWS[7]["question"], "1208")
    assert f"train: 1 of 30 problems: {problem.id}." in str(refused.value)


def test_rows_of_another_kind_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="rows have the columns prompt, target; expected"):
        load(on_rows("w2s_gsm8k", {"test": [{"prompt": "1+1", "target": "2"}]}, tmp_path))
