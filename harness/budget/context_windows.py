"""Which layers of a model see the whole context, by its config.json and its type."""

from __future__ import annotations

from harness.budget.config_keys import ConfigKeys
from harness.budget.families import Family
from harness.errors import Issues

_FULL, _WINDOWED, _CHUNKED = "full_attention", "sliding_attention", "chunked_attention"


def windows_of(keys: ConfigKeys, family: Family, layers: int, issues: Issues) -> list[int | None]:
    """The window of each layer, or the size of its chunks; None where it sees the whole context."""
    if family.window_switch and not keys.switch("use_sliding_window", False):
        return [None] * layers
    chunked = family.windows == "chunked"
    name, limited = ("attention_chunk_size", _CHUNKED) if chunked else ("sliding_window", _WINDOWED)
    window = keys.optional(name)
    listed = keys.listed("layer_types")
    if listed is None:
        if window is None:
            return [None] * layers
        return [window if _is_limited(keys, family, index) else None for index in range(layers)]
    if strange := sorted({str(one) for one in listed} - {limited, _FULL}):
        issues.add("layer_types", f"has {', '.join(strange)}; known are {_FULL} and {limited}.")
    if len(listed) != layers:
        issues.add("layer_types", f"has {len(listed)} entries for {layers} layers.")
    if limited in listed and window is None:
        issues.add(name, f"is missing, and layer_types has {limited}.")
    windows = [window if one == limited else None for one in listed]
    return [*windows, *[None] * (layers - len(windows))]


def _is_limited(keys: ConfigKeys, family: Family, index: int) -> bool:
    match family.windows:
        case "every":
            return True
        case "even":
            return index % 2 == 0
        case "pattern":
            return (index + 1) % keys.count("sliding_window_pattern") != 0
        case "above":
            return index >= keys.size("max_window_layers")
        case "even_below":
            return index % 2 == 0 and index < keys.size("max_window_layers")
        case "chunked":
            # The list's entries say which layers do have rotary positions, whatever its name.
            rotary = keys.listed("no_rope_layers")
            if rotary:
                return index < len(rotary) and bool(rotary[index])
            return (index + 1) % keys.count("no_rope_layer_interval") != 0
    return False
