"""The shipped models: what their cards say is what an engine finds."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.micro import MODELS, micro_problems, model_folder
from harness.micro.documents import prompt_of
from harness.micro.schedules import BATCH_DOCUMENTS
from harness.micro.verifier import verify_chain
from harness.pool import Pool
from harness.progress import Progress

_GREEDY = re.compile(r"^\| greedy \| (\d+\.\d) \(", re.MULTILINE)
# Another processor rounds otherwise, and a few problems of 300 may turn out otherwise.
_TOLERANCE = 0.02


def record(name: str) -> dict[str, object]:
    document: dict[str, object] = json.loads((model_folder(name) / "training.json").read_text())
    return document


@pytest.mark.parametrize("name", MODELS)
def test_a_model_comes_with_its_card_and_its_history(name: str) -> None:
    card = (model_folder(name) / "README.md").read_text()
    history = record(name)
    assert f"{history['parameters']:,} parameters" in card
    assert _GREEDY.search(card)
    assert {"seed", "shape", "cycles", "torch", "transformers", "tokenizers"} <= set(history)
    for cycle in history["cycles"]:  # type: ignore[attr-defined]
        assert cycle["documents"] == cycle["steps"] * BATCH_DOCUMENTS


@pytest.mark.parametrize("name", MODELS)
def test_the_weights_are_as_many_as_the_recipes_say(name: str) -> None:
    from harness.recipe.loading import load_recipe

    # The match of budgets rests on these numbers; safetensors names every tensor's shape.
    data = (model_folder(name) / "model.safetensors").read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    sizes = [tensor["shape"] for key, tensor in header.items() if key != "__metadata__"]
    count = sum(shape[0] * (shape[1] if len(shape) > 1 else 1) for shape in sizes)
    assert count == record(name)["parameters"]
    recipe = load_recipe("w2s-micro", ["profile=wide-gap"] if name == "wc-early" else [])
    models = (recipe.pair.wc, recipe.pair.se, recipe.students.student_lm)
    cards = {model.id: model for model in models if model is not None}
    parameters = cards[f"micro:{name}"].parameters
    assert parameters is not None
    assert parameters.total == count


def test_every_model_speaks_the_same_tokens() -> None:
    tokenizers = {(model_folder(name) / "tokenizer.json").read_bytes() for name in MODELS}
    assert len(tokenizers) == 1


def test_an_unknown_model_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="did you mean 'student'"):
        model_folder("studen")


@pytest.mark.engines
def test_vllm_finds_what_the_cards_say(tmp_path: Path) -> None:
    from harness.generators.filling import DecodingSettings, PoolJob, fill_pools
    from harness.recipe import ModelCard
    from harness.recipe.schema import Engine

    problems = micro_problems("validation")
    jobs = [
        PoolJob(
            folder=tmp_path / name,
            problems=problems,
            prompts={problem.id: prompt_of(problem.question) for problem in problems},
            samples_per_problem=1,
            model=ModelCard(id=f"micro:{name}"),
            decoding=DecodingSettings(0.0, None, 1.0, 128, ()),
            engine=Engine(),
            seed=1,
            label=name,
        )
        for name in MODELS
    ]
    progress = Progress(io.StringIO(), live=False)
    fill_pools(jobs, workers=1, progress=progress, log=lambda name: tmp_path / f"{name}.log")
    questions = {problem.id: problem.question for problem in problems}
    for name in MODELS:
        rows = Pool.open(tmp_path / name).samples(["problem_id", "completion"]).to_pylist()
        right = [
            verify_chain(questions[row["problem_id"]], row["completion"]).answer_correct
            for row in rows
        ]
        found = _GREEDY.search((model_folder(name) / "README.md").read_text())
        assert found is not None
        assert len(right) == 300
        assert sum(right) / 300 == pytest.approx(float(found[1]) / 100, abs=_TOLERANCE), name
