"""What a cell's Axolotl file says, against what the recipe and Axolotl's schema say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.cells import Cell, cells_of
from harness.errors import InputError
from harness.recipe import Recipe
from harness.recipe.loading import load_recipe
from harness.resources import recipes_folder
from harness.training.base_file import is_sharded, known_keys, read_base_file
from harness.training.configuration import axolotl_configuration, settings_of, yaml_text

CELL = Cell("se_lm", "wc", "high", 7)
FOLDER = Path("/runs/one/train/cell")
ROWS = FOLDER / "rows-0123456789ab.jsonl"
BASES = sorted((recipes_folder() / "axolotl").glob("*.yaml"))


def configuration(
    *overrides: str, cell: Cell = CELL, base: dict[str, Any] | None = None, devices: int = 1
) -> dict[str, Any]:
    recipe = load_recipe("w2s-micro", overrides)
    return axolotl_configuration(
        recipe, cell, base or {}, ROWS, "/models/se", FOLDER / "model", devices=devices
    )


def test_the_recipe_decides_over_the_base_file() -> None:
    base = {
        "bf16": False,
        "learning_rate": 1.0,
        "sample_packing": True,
        "seed": 0,
        "lisa_n_layers": 3,
    }
    found = configuration(base=base)
    assert found == {
        "bf16": False,
        "lisa_n_layers": 3,
        "base_model": "/models/se",
        "datasets": [
            {
                "path": "rows-0123456789ab.jsonl",
                "ds_type": "json",
                "split": "train",
                "type": {
                    "field_instruction": "prompt",
                    "field_output": "completion",
                    "format": "{instruction}",
                    "no_input_format": "{instruction}",
                },
            }
        ],
        "dataset_prepared_path": "prepared-0123456789ab",
        "train_on_inputs": False,
        "sample_packing": False,
        "excess_length_strategy": "raise",
        "sequence_len": 256,
        "output_dir": "model",
        "max_steps": 150,
        "num_epochs": 150,
        "micro_batch_size": 24,
        "gradient_accumulation_steps": 1,
        "learning_rate": 4e-4,
        "lr_scheduler": "linear",
        "warmup_steps": 20,
        "optimizer": "adamw_torch",
        "weight_decay": 0.0,
        "max_grad_norm": 1.0,
        "seed": 7,
        "save_strategy": "no",
    }


def test_paradigms_change_single_settings() -> None:
    recipe = load_recipe("w2s-math")
    math = {(cell.paradigm, cell.budget): settings_of(recipe, cell) for cell in cells_of(recipe)}
    assert math["student_lm", "low"].steps == 2400
    assert math["student_lm", "low"].batch_size == 8
    assert math["se_lm", "high"].steps == 6000
    assert math["se_lm", "high"].batch_size == 32
    assert math["se_lm", "high"].micro_batch_size == 1
    assert {settings.learning_rate for settings in math.values()} == {5e-7}


@given(
    micro=st.integers(1, 8), accumulation=st.integers(1, 8), devices=st.sampled_from([1, 2, 4, 8])
)
def test_a_batch_is_what_the_devices_see_together(
    micro: int, accumulation: int, devices: int
) -> None:
    batch = micro * accumulation * devices
    found = configuration(
        f"training.batch_size={batch}", f"training.micro_batch_size={micro}", devices=devices
    )
    assert found["micro_batch_size"] == micro
    assert found["gradient_accumulation_steps"] == accumulation


def test_a_batch_that_cannot_be_divided() -> None:
    with pytest.raises(InputError, match="passes of 3 on each of 7 devices") as caught:
        configuration(devices=7)
    assert "a multiple of 21" in caught.value.advice
    with pytest.raises(InputError, match=r"a batch of 24 rows cannot be divided .* of 6 on each"):
        configuration("training.micro_batch_size=6", devices=3)


def test_long_trainings_leave_checkpoints_unless_the_base_file_says_otherwise() -> None:
    long = "training.steps=6000"
    assert configuration("training.steps=500")["save_strategy"] == "no"
    found = configuration(long)
    assert (found["save_strategy"], found["save_steps"], found["save_total_limit"]) == (
        "steps", 300, 1,
    )  # fmt: skip
    assert configuration("training.steps=501")["save_steps"] == 250
    own = configuration(long, base={"save_strategy": "no"})
    assert own["save_strategy"] == "no"
    assert "save_steps" not in own


def test_a_hub_model_keeps_its_revision() -> None:
    recipe = load_recipe("w2s-math")
    cell = cells_of(recipe)[0]
    card = recipe.student(cell.paradigm)
    pinned = _with_revision(recipe, "abc123")
    found = axolotl_configuration(pinned, cell, {}, ROWS, card.id, FOLDER / "model")
    assert found["revision_of_model"] == "abc123"
    local = axolotl_configuration(pinned, cell, {}, ROWS, "/models/gemma", FOLDER / "model")
    assert "revision_of_model" not in local


def _with_revision(recipe: Recipe, revision: str) -> Recipe:
    card = recipe.students.student_lm
    assert card is not None
    students = recipe.students.model_copy(
        update={"student_lm": card.model_copy(update={"revision": revision})}
    )
    return recipe.model_copy(update={"students": students})


@pytest.mark.parametrize("base", BASES, ids=lambda path: path.stem)
def test_shipped_base_files_give_only_keys_that_axolotl_knows(base: Path) -> None:
    found = configuration(base=read_base_file(base))
    assert set(found) <= known_keys()[0]


def test_axolotl_s_yaml_reader_sees_what_was_meant() -> None:
    text = yaml_text(
        CELL, configuration("training.learning_rate=5e-7", cell=Cell("wc_lm", "se", "high", 1))
    )
    read = yaml.safe_load(text)  # YAML 1.1, as Axolotl reads it: 5e-07 would be a text
    assert read["learning_rate"] == 5e-7
    assert isinstance(read["learning_rate"], float)
    assert read["save_strategy"] == "no"
    assert text.startswith("# Cell se_lm-wc-high-seed7")


def test_a_base_file_with_everything_wrong(tmp_path: Path) -> None:
    file = tmp_path / "base.yaml"
    file.write_text(
        "bf16: false\nlearnin_rate: 1\nadapter: lora\nliger_rope: true\nqqq: 1\n"
        "comet_api_key: abc\nfsdp_transformer_layer_cls_to_wrap: X\n"
    )
    with pytest.raises(InputError) as caught:
        read_base_file(file)
    assert [str(issue).removeprefix(f"{file}:") for issue in caught.value.issues] == [
        "2: Axolotl does not know `learnin_rate` and would ignore it. "
        "Did you mean `learning_rate`?",
        "3: `adapter` is not supported in a base file. Later stages load whole models; "
        "finetune all weights.",
        "4: `liger_rope` belongs to a plugin, and `plugins` names none.",
        "5: Axolotl does not know `qqq` and would ignore it.",
        "6: `comet_api_key` holds a secret. Give it as an environment variable.",
    ]  # fmt: skip
    assert "abc" not in str(caught.value)


def test_plugins_bring_their_keys(tmp_path: Path) -> None:
    file = tmp_path / "base.yaml"
    file.write_text("plugins: [axolotl.integrations.liger.LigerPlugin]\nliger_rope: true\n")
    assert read_base_file(file)["liger_rope"] is True


@pytest.mark.parametrize("text", ["a: [", "- a\n- b\n", "", "\x00"])
def test_a_base_file_that_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "base.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=r"is not"):
        read_base_file(file)


def test_sharded_bases() -> None:
    sharded = {base.stem: is_sharded(read_base_file(base)) for base in BASES}
    assert sharded["full-sft-cpu"] is False
    assert sharded["full-sft-fsdp2-gemma2"] is True
    assert is_sharded({"deepspeed": "zero3.json"})
    assert not is_sharded({"tensor_parallel_size": 1, "ddp": False, "fsdp": []})
