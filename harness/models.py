"""Models on this machine: where a card's weights lie, and whether an engine can use them.

Loading a model takes minutes and fails late, so a folder is looked at before anything is
spent on it: configuration, weights, tokenizer, and what is known to kill an engine.
"""

from __future__ import annotations

import json
import struct
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.errors import InputError, Issue, Issues
from harness.files import digest_of, sha256_of
from harness.recipe import ModelCard

MICRO_PREFIX = "micro:"
CPU_HEAD_SIZES = (32, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512)
_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer.model",
    "spiece.model",
    "vocab.json",
    "vocab.txt",
    "tekken.json",
)
_DIGESTED_FILES = (
    "config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "merges.txt",
    *_TOKENIZER_FILES,
)
_NOT_WEIGHTS = {"training_args.bin", "optimizer.bin", "scheduler.bin", "random_states.bin"}
_INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_LFS_MARK = b"version https://git-lfs"
_FETCH = "Copy or download the whole model again."


def model_location(card: ModelCard) -> str:
    """What an engine loads for a card: a folder on this machine, or the id on the Hub.

    `micro:NAME` is one of the embedded models. An id that starts with /, ./, ../ or ~, or
    that names a folder, is a folder; everything else is left to the Hub.

    Raises:
        InputError: the folder is not there, or there is no such embedded model.
    """
    if card.id.startswith(MICRO_PREFIX):
        from harness.micro import model_folder

        return str(model_folder(card.id.removeprefix(MICRO_PREFIX)))
    path = Path(card.id).expanduser()
    if path.is_dir():
        return str(path.resolve())
    if card.id.startswith(("/", "./", "../", "~")):
        raise InputError(
            f"the model folder {card.id} is not there.",
            "Correct the card's `id`; a Hub id has the form ORGANISATION/NAME.",
        )
    return card.id


def check_model_folder(path: Path, *, cpu: bool) -> list[Issue]:
    """Everything that would keep an engine from serving the model in a folder.

    Args:
        path: the folder.
        cpu: whether it shall run on a CPU, whose attention serves certain head sizes only.
    """
    issues = Issues()
    config = _json_file(path / "config.json", issues)
    if config is not None:
        _check_config(path / "config.json", config, issues, cpu=cpu)
    _check_weights(path, issues)
    if not any((path / name).is_file() for name in _TOKENIZER_FILES):
        issues.add(str(path), "there is no tokenizer (tokenizer.json or the like).", _FETCH)
    return list(issues)


def head_size(config: dict[str, Any]) -> int | None:
    """Size of an attention head by a model's config.json; None where it does not say."""
    text = config.get("text_config", config)
    if not isinstance(text, dict):
        return None
    if isinstance(text.get("head_dim"), int):
        return int(text["head_dim"])
    hidden, heads = text.get("hidden_size"), text.get("num_attention_heads")
    return hidden // heads if isinstance(hidden, int) and isinstance(heads, int) and heads else None


def weight_files(path: Path) -> list[Path]:
    """The files with a folder's weights: safetensors if there are any, else PyTorch's."""
    found = sorted(path.glob("*.safetensors"))
    return found or sorted(file for file in path.glob("*.bin") if file.name not in _NOT_WEIGHTS)


def digest_of_model(path: Path) -> str:
    """SHA-256 over configuration, tokenizer and weights: what decides what a model says."""
    named = [path / name for name in _DIGESTED_FILES]
    files = [file for file in [*named, *weight_files(path)] if file.is_file()]
    return digest_of(
        {file.name: _file_digest(file, file.stat().st_mtime_ns, file.stat().st_size)
         for file in files}
    )  # fmt: skip


@lru_cache(maxsize=1024)
def _file_digest(file: Path, _modified: int, _size: int) -> str:
    return sha256_of(file)


def _json_file(path: Path, issues: Issues) -> dict[str, Any] | None:
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        advice = _FETCH
        if (path.parent / "adapter_config.json").is_file():
            advice = "The folder holds a LoRA adapter: merge it into its base model first."
        issues.add(str(path.parent), f"there is no {path.name}.", advice)
        return None
    except (OSError, ValueError) as error:
        issues.add(str(path), f"cannot be read as JSON ({error}).", _FETCH)
        return None
    if not isinstance(document, dict):
        issues.add(str(path), "is not a JSON object.", _FETCH)
        return None
    return document


def _check_config(path: Path, config: dict[str, Any], issues: Issues, *, cpu: bool) -> None:
    if not config.get("architectures"):
        issues.add(
            str(path),
            "does not name an architecture, so vLLM cannot tell how to run the model.",
            'Add `"architectures": ["LlamaForCausalLM"]`, or whichever class saved it.',
        )
    size = head_size(config)
    if cpu and size is not None and size not in CPU_HEAD_SIZES and "kv_lora_rank" not in config:
        issues.add(
            str(path),
            f"attention heads of size {size} cannot be served on a CPU; vLLM serves sizes "
            f"{', '.join(map(str, CPU_HEAD_SIZES))} there.",
            "Use a GPU or another model.",
        )


def _check_weights(path: Path, issues: Issues) -> None:
    indexed = False
    for index in (path / name for name in _INDEXES):
        if not index.is_file():
            continue
        indexed = True
        document = _json_file(index, issues) or {}
        shards = sorted(set(document.get("weight_map", {}).values()))
        if missing := [name for name in shards if not (path / name).is_file()]:
            issues.add(
                str(index), f"names weights that are not there: {', '.join(missing)}.", _FETCH
            )
    files = weight_files(path)
    if not files and not indexed:
        issues.add(str(path), "there are no weights (*.safetensors or *.bin).", _FETCH)
    for file in files:
        if reason := _damage_of(file):
            issues.add(str(file), reason, _FETCH)


def _damage_of(file: Path) -> str:
    """Why a weight file cannot be whole, or "": its head says how long it must be."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        start = stream.read(len(_LFS_MARK))
        if start == _LFS_MARK:
            return "is a Git LFS pointer, not the weights (`git lfs pull` fetches them)."
        if not size:
            return "is empty."
        if file.suffix != ".safetensors":
            return ""
        try:
            stream.seek(0)
            (length,) = struct.unpack("<Q", stream.read(8))
            tensors = json.loads(stream.read(length)) if length <= size else None
            ends = [value["data_offsets"][1] for key, value in tensors.items() if key[:2] != "__"]  # type: ignore[union-attr]
        except (struct.error, ValueError, AttributeError, KeyError, TypeError, IndexError):
            return "is not a safetensors file."
    expected = 8 + length + max(ends, default=0)
    return "" if size >= expected else f"is cut short: {size:,} of {expected:,} bytes."
