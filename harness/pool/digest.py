"""The digest of a pool: what was drawn, whatever the order, the files and the day."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import pyarrow as pa

from harness.pool.samples import drawn_lines


def digest_of_samples(tables: Iterable[pa.Table]) -> str:
    """SHA-256 over rows, each as a JSON array and a line end.

    Args:
        tables: the columns `DRAWN_COLUMNS` in their order, rows in canonical order, streamed.
    """
    digest = hashlib.sha256()
    for table in tables:
        digest.update(b"".join(drawn_lines(table)))
    return digest.hexdigest()
