"""Reads a base Axolotl file and refuses what Axolotl would ignore in silence.

Axolotl drops keys that it does not know, so a typing error would train another model than the
file says. The known keys come from the schema of the pinned version
(`engines/workers/axolotl_keys.py` writes `axolotl_keys.json`).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from harness.errors import InputError, Issues, nearest_names

_KEYS_FILE = Path(__file__).parent / "axolotl_keys.json"
_OLD_FSDP = "fsdp_"  # legacy spellings, still read
_SHARDING = ("fsdp", "fsdp_config", "deepspeed", "ddp", "dp_shard_size", "tensor_parallel_size")
_WHOLE_MODELS = "Later stages load whole models; finetune all weights."
_NOT_SUPPORTED = {
    "adapter": _WHOLE_MODELS,
    "rl": "Rows are prompts with completions; preference training needs others.",
    "use_ray": "The harness starts the training processes itself.",
    "auto_resume_from_checkpoints": "The harness picks the checkpoint, and skips torn ones.",
    "resume_from_checkpoint": "The harness picks the checkpoint, and skips torn ones.",
}


@cache
def known_keys() -> tuple[frozenset[str], frozenset[str]]:
    """The top-level keys of Axolotl's schema, and those of the plugins that come with it."""
    document = json.loads(_KEYS_FILE.read_text(encoding="utf-8"))
    return frozenset(document["keys"]), frozenset(document["plugin_keys"])


def read_base_file(path: Path) -> dict[str, Any]:
    """The content of a base file, as Axolotl itself would read it.

    Raises:
        InputError: it is not YAML, or it has keys that Axolotl does not know or that a cell
            cannot have; all of them with their lines.
    """
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not YAML: {error}") from None
    if not isinstance(document, dict) or not isinstance(node, yaml.MappingNode):
        raise InputError(f"{path} is not an Axolotl file; expected keys with values.")
    lines = {key.value: key.start_mark.line + 1 for key, _ in node.value}
    issues = Issues()
    for key, value in document.items():
        _check_key(f"{path}:{lines.get(key, 1)}", str(key), value, document, issues)
    issues.raise_if_any("the base Axolotl file cannot be used:")
    return document


def _check_key(where: str, key: str, value: Any, document: dict[str, Any], issues: Issues) -> None:
    keys, plugin_keys = known_keys()
    if key.endswith("_api_key") and value:
        issues.add(where, f"`{key}` holds a secret.", "Give it as an environment variable.")
    if key in _NOT_SUPPORTED and value:
        issues.add(where, f"`{key}` is not supported in a base file.", _NOT_SUPPORTED[key])
    if key in keys or key.startswith(_OLD_FSDP):
        return
    if key in plugin_keys:
        if not document.get("plugins"):
            issues.add(where, f"`{key}` belongs to a plugin, and `plugins` names none.")
        return
    near = nearest_names(key, keys | plugin_keys, limit=1)
    advice = f"Did you mean `{near[0]}`?" if near else ""
    issues.add(where, f"Axolotl does not know `{key}` and would ignore it.", advice)


def is_sharded(base: dict[str, Any]) -> bool:
    """Whether the file spreads one model over several GPUs."""
    return any(base.get(key) not in (None, False, 1, [], {}) for key in _SHARDING)
