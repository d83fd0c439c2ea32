"""Model folders: each thing that would stop an engine later is found before it starts."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InputError
from harness.models import check_model_folder, digest_of_model, head_size, model_location
from harness.recipe import ModelCard

CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 96,
    "num_attention_heads": 3,
}


def safetensors(values: int = 4) -> bytes:
    header = json.dumps(
        {
            "__metadata__": {"format": "pt"},
            "w": {"dtype": "F32", "shape": [values], "data_offsets": [0, 4 * values]},
        }
    ).encode()
    return struct.pack("<Q", len(header)) + header + b"\0" * 4 * values


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(safetensors())
    return tmp_path


def found(folder: Path, *, cpu: bool = True) -> str:
    return "\n".join(map(str, check_model_folder(folder, cpu=cpu)))


def test_a_whole_folder_has_no_issues(folder: Path) -> None:
    assert found(folder) == ""


def test_an_empty_folder_lacks_everything_at_once(tmp_path: Path) -> None:
    said = found(tmp_path)
    for part in ("no config.json", "no weights", "no tokenizer"):
        assert part in said


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", b"{", "cannot be read as JSON"),
        ("config.json", b"[]", "not a JSON object"),
        ("config.json", b'{"hidden_size": 96}', "does not name an architecture"),
        ("model.safetensors", b"", "is empty"),
        ("model.safetensors", safetensors()[:-1], "cut short"),
        ("model.safetensors", b"\xff" * 40, "not a safetensors file"),
        ("model.safetensors", b"\x02\0\0\0\0\0\0\0[]", "not a safetensors file"),
        (
            "model.safetensors",
            b"version https://git-lfs.github.com/spec/v1\noid",
            "Git LFS pointer",
        ),
        (
            "model.safetensors.index.json",
            b'{"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}',
            "names weights that are not there: model-2.safetensors.",
        ),
    ],
)
def test_damage_is_named(folder: Path, name: str, content: bytes, message: str) -> None:
    (folder / name).write_bytes(content)
    assert message in found(folder)


def test_an_adapter_is_told_from_a_model(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    assert "merge it into its base model" in found(tmp_path)


@pytest.mark.parametrize(
    ("config", "size"),
    [
        (CONFIG, 32),
        ({**CONFIG, "head_dim": 24}, 24),
        ({"text_config": {"hidden_size": 120, "num_attention_heads": 5}}, 24),
        ({"hidden_size": 120}, None),
        ({"text_config": 3}, None),
    ],
)
def test_head_size(config: dict[str, Any], size: int | None) -> None:
    assert head_size(config) == size


def test_head_sizes_matter_on_a_cpu_only(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({**CONFIG, "head_dim": 24}))
    assert "heads of size 24 cannot be served on a CPU" in found(folder)
    assert found(folder, cpu=False) == ""


def test_locations(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert model_location(ModelCard(id=str(folder))) == str(folder)
    monkeypatch.chdir(folder.parent)
    assert model_location(ModelCard(id=f"./{folder.name}")) == str(folder)
    assert model_location(ModelCard(id="google/gemma-2-9b")) == "google/gemma-2-9b"
    with pytest.raises(InputError, match="is not there"):
        model_location(ModelCard(id="/nowhere/at/all"))
    with pytest.raises(InputError, match="no embedded model 'wcc'; did you mean 'wc'"):
        model_location(ModelCard(id="micro:wcc"))


def test_digest_follows_weights_and_not_names_or_times(folder: Path) -> None:
    before = digest_of_model(folder)
    (folder / "README.md").write_text("notes")
    os.utime(folder / "model.safetensors", ns=(1, 1))
    assert digest_of_model(folder) == before
    (folder / "model.safetensors").write_bytes(safetensors(5))
    assert digest_of_model(folder) != before
