"""The tasks on data sets of the Hub's form, through the real client and a Hub on this machine."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.errors import InputError
from harness.problems import Problem
from harness.problems.loading import load_problems
from harness.recipe.loading import load_recipe
from harness.resources import tasks_folder
from tests.interchange.hub_downloads import DownloadHub

DATA = Path(__file__).parents[2] / "../shared/data"
REVISION = load_recipe("w2s-math").problems.revision or ""
Rows = Sequence[Mapping[str, Any]]

PROGRAM = """
import json, sys
from lm_eval.tasks import TaskManager
metadata = json.loads(sys.argv[2])
manager = TaskManager(include_defaults=False, include_path=sys.argv[1], metadata=metadata)
tasks = manager.load(sys.argv[3:])["tasks"]
print(json.dumps({name: [dict(one) for one in task.eval_docs] for name, task in tasks.items()}))
"""


def _math(number: int, **more: Any) -> dict[str, Any]:
    return {"problem": f"What is ${number}+{number}$?", "level": f"Level {1 + number % 5}",
            "type": "Prealgebra", "solution": f"It is $\\boxed{{{2 * number}}}$.",
            "id": f"test/prealgebra/{number}.json", **more}  # fmt: skip


def _gsm8k(split: str) -> list[dict[str, str]]:
    path = DATA / f"gsm8k_{split}.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"{path.name} is not on this machine")
    with gzip.open(path, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        {"question": row["question"], "answer": f"{row['solution']}\n#### {row['answer']}"}
        for row in rows
    ]


def _repository(splits: Mapping[str, Rows], config: str = "default") -> dict[str, bytes]:
    files, lines = {}, [f"- config_name: {config}", "  data_files:"]
    for split, rows in splits.items():
        stream = io.BytesIO()
        pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), stream)
        files[f"data/{split}-00000-of-00001.parquet"] = stream.getvalue()
        lines += [f"  - split: {split}", f"    path: data/{split}-*"]
    text = "\n".join(lines)
    return {"README.md": f"---\nconfigs:\n{text}\n---\n".encode(), **files}


MATH_TRAIN = [_math(n) for n in range(80)]
MATH500 = [_math(n) for n in range(80, 140)]
# Two of the others are asked in train and in MATH500 as well.
MATH4500 = [*(_math(n) for n in range(140, 760)), MATH_TRAIN[3], MATH500[4]]

# One of the test problems that the mirror of MATH has among the others.
H4_MATH500 = [
    {"problem": f" What is ${n}+{n}$?", "solution": "", "answer": str(2 * n), "level": 3,
     "subject": "Prealgebra", "unique_id": f"test/prealgebra/{n}.json"}
    for n in (80, 81, 200)
]  # fmt: skip

Documents = dict[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Documents:
    """The documents of each task, loaded in a process whose Hub is on this machine."""
    folder = tmp_path_factory.mktemp("data")
    gsm8k = {"train": _gsm8k("train"), "test": _gsm8k("test")}
    math = {"train": MATH_TRAIN, "test": [*MATH500, *MATH4500], "math500": MATH500,
            "math4500": MATH4500}  # fmt: skip
    _snapshot(folder / "Oct-2023.tar.gz", (81, 90, 900))
    hub = DownloadHub(
        {"openai/gsm8k": _repository(gsm8k, "main"), "zwhe99/MATH": _repository(math),
         "HuggingFaceH4/MATH-500": _repository({"test": H4_MATH500})}, REVISION
    )  # fmt: skip
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0",
                   "HF_DATASETS_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1",
                   "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HOME": str(folder / "hf")}  # fmt: skip
    names = ["w2s_gsm8k", "w2s_gsm8k_val", "w2s_math_val", "w2s_functional_math"]
    metadata = {"data_dir": str(folder), "snapshots": ["Oct-2023"]}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tasks_folder()), json.dumps(metadata), *names],
        capture_output=True, text=True, cwd=folder, env=environment, check=False,
    )  # fmt: skip
    hub.close()
    assert done.returncode == 0, done.stderr
    found: Documents = json.loads(done.stdout)
    return found


def _snapshot(archive: Path, numbers: Sequence[int]) -> None:
    with tarfile.open(archive, "w:gz") as stream:
        for number in numbers:
            data = json.dumps({**_math(number), "problem": f"And ${number}+1$?"}).encode()
            member = tarfile.TarInfo(f"Oct-2023/test/prealgebra/{number}.json")
            member.size = len(data)
            stream.addfile(member, io.BytesIO(data))


def test_gsm8k_validation_is_the_end_of_train_and_in_no_other_split(loaded: Documents) -> None:
    train, test = _gsm8k("train"), _gsm8k("test")
    validation, tested = loaded["w2s_gsm8k_val"], loaded["w2s_gsm8k"]
    assert [d["question"] for d in validation] == [row["question"] for row in train[-500:]]
    assert [d["question"] for d in tested] == [row["question"] for row in test]
    ids = [{d["problem_id"] for d in documents} for documents in (validation, tested)]
    trained = {Problem(row["question"], row["answer"].rpartition("#### ")[2]).id
               for row in train[:6973]}  # fmt: skip
    assert len(ids[0]) == 500 and len(ids[1]) == 1319 and len(trained) == 6973
    assert not ids[0] & ids[1] and not ids[0] & trained and not ids[1] & trained
    assert {d["answer_format"] for d in validation + tested} == {"gsm8k_cot"}


def test_math_validation_is_a_choice_by_id_outside_of_math500_and_train(loaded: Documents) -> None:
    found = loaded["w2s_math_val"]
    problems = [Problem(row["problem"], str(2 * n)) for n, row in enumerate(MATH4500[:-2], 140)
                if n != 200]  # fmt: skip
    assert [d["problem_id"] for d in found] == sorted(problem.id for problem in problems)[:500]
    leaked = Problem(MATH4500[60]["problem"], "400").id
    assert leaked < found[-1]["problem_id"], "it would have been chosen"
    assert {(d["answer_format"], d["subject"]) for d in found} == {("minerva", "Prealgebra")}
    assert {d["level"] for d in found} == set("12345")


def test_the_math_recipe_validates_on_what_the_task_evaluates(
    loaded: Documents, tmp_path: Path
) -> None:
    for name, rows in (("train", MATH_TRAIN), ("math500", MATH500), ("math4500", MATH4500)):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (tmp_path / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    recipe = load_recipe("w2s-math", ["problems.source=jsonl", f"problems.path={tmp_path}"])
    validation = load_problems(recipe.problems, "validation")
    # The recipe reads no other data set, so what only the other MATH-500 asks is no leak for it.
    leaked = Problem(MATH4500[60]["problem"], "400").id
    task = {d["problem_id"] for d in loaded["w2s_math_val"]}
    assert [one.id for one in validation] == sorted({*task, leaked})[:500]
    # Two of its problems are asked in other splits too: in their order they would be let in.
    text = "problems.validation={split: math4500, count: 622}"
    whole = load_recipe("w2s-math", ["problems.source=jsonl", f"problems.path={tmp_path}", text])
    assert len(load_problems(whole.problems, "validation")) == 622
    by_id = text.replace("622", "622, order: id")
    whole = load_recipe("w2s-math", ["problems.source=jsonl", f"problems.path={tmp_path}", by_id])
    with pytest.raises(InputError, match="622 problems are to be held out, and 620"):
        load_problems(whole.problems, "validation")


def test_the_originals_of_functional_math_come_from_the_hub_by_file_name(loaded: Documents) -> None:
    documents = loaded["w2s_functional_math"]
    found = [(d["original"], d["snapshot"], d["question"]) for d in documents]
    assert found == [
        ("prealgebra/81", "static", "What is $81+81$?"),
        ("prealgebra/81", "Oct-2023", "And $81+1$?"),
        ("prealgebra/90", "static", "What is $90+90$?"),
        ("prealgebra/90", "Oct-2023", "And $90+1$?"),
        ("prealgebra/900", "Oct-2023", "And $900+1$?"),
    ]


def test_the_math_tasks_read_what_the_math_recipe_reads() -> None:
    import yaml

    class Plain(yaml.SafeLoader):
        pass

    Plain.add_constructor("!function", lambda loader, node: str(node.value))
    text = (tasks_folder() / "w2s_math_val/w2s_math_val.yaml").read_text()
    task, problems = yaml.load(text, Loader=Plain), load_recipe("w2s-math").problems
    assert problems.validation is not None
    assert task["dataset_path"] == problems.path
    assert task["dataset_kwargs"] == {"revision": problems.revision}
    assert task["validation_split"] == problems.validation.split
    assert task["metadata"]["problems"] == problems.validation.count
    assert problems.validation.order == "id"
    splits = {problems.train.split, problems.test.split, "HuggingFaceH4/MATH-500:test"}
    assert set(task["metadata"]["disjoint_from"]) == splits
