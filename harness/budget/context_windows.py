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
    size, limited = ("attention_chunk_size", _CHUNKED) if chunked else ("sliding_window", _WINDOWED)
    window = keys.optional(size)
    name, listed = "layer_types", keys.listed("layer_types")
    if listed is None and chunked:
        # Despite its name it marks with 1 the layers that have rotary positions, and so chunks.
        name, rotary = "no_rope_layers", keys.listed("no_rope_layers")
        listed = [_CHUNKED if one else _FULL for one in rotary] if rotary else None
    if listed is None:
        if window is None:
            return [None] * layers
        return [window if _is_limited(keys, family, index) else None for index in range(layers)]
    if strange := sorted({str(one) for one in listed} - {limited, _FULL}):
        issues.add(name, f"has {', '.join(strange)}; known are {_FULL} and {limited}.")
    if len(listed) != layers:
        issues.add(name, f"has {len(listed)} entries for {layers} layers.")
    if limited in listed and window is None:
        issues.add(size, f"is missing, and {name} has {limited}.")
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
            return (index + 1) % keys.count("no_rope_layer_interval") != 0
    return False
