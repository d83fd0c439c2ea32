"""Small, durable file operations that every stage shares.

A file that this module has written is either whole or not there: data goes to a temporary
file in the same folder, is flushed to the disk, and takes its name in one step.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

_BLOCK_BYTES = 1 << 20


def write_atomically(path: Path, data: bytes | str) -> None:
    """Writes `data` so that a reader finds the old content or the new, never a part.

    Args:
        path: the file; its folder is made if it is not there.
        data: text is encoded as UTF-8.

    Raises:
        OSError: the disk is full or the folder cannot be written; the old file is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    payload = data.encode() if isinstance(data, str) else data
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(payload)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, document: Any) -> None:
    """Writes a JSON document, indented, with a final newline; NaN is refused."""
    write_atomically(
        path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    )


def read_json(path: Path) -> Any:
    """Reads a JSON document.

    Raises:
        FileNotFoundError: there is no such file.
        json.JSONDecodeError: the file is not JSON.
    """
    return json.loads(path.read_text(encoding="utf-8"))


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def digest_of(document: Any) -> str:
    """The SHA-256 of a JSON-like value in canonical form: the same value, the same digest."""
    canonical = json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(canonical.encode()).hexdigest()
