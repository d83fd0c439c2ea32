"""How a pool is drawn further: what its identity says in digests, in full.

The identity is for comparing; from the draw file `harness pool extend` can ask the same engine
for more samples, long after the run that began the pool, and `harness pool show` can hold what
was planned against what was measured. It names the variable of an API key, never the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.files import digest_of, read_json, write_json

DRAW_FILE = "draw.json"


def write_draw(folder: Path, document: Mapping[str, Any]) -> None:
    """Keeps how the pool in `folder` is drawn, in place of what was kept before."""
    if read_draw(folder) != document:
        content = dict(document)
        write_json(folder / DRAW_FILE, {"digest": digest_of(content), "draw": content})


def read_draw(folder: Path) -> dict[str, Any] | None:
    """How the pool in `folder` is drawn; None if that is not known, or was changed since."""
    try:
        document = read_json(folder / DRAW_FILE)
        draw = document["draw"]
        return dict(draw) if document["digest"] == digest_of(draw) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
