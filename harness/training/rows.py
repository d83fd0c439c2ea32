"""Training rows: an arm's parquet file as the JSON lines that Axolotl reads.

The rows keep the arm's order. A run's seed shuffles them in Axolotl, so the same rows in
another order would give another model.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InputError
from harness.files import write_atomically
from harness.prompts import reference_completion
from harness.recipe.schema import Prompt


@dataclass(frozen=True)
class Rows:
    """The rows of an arm, ready to be written.

    Attributes:
        text: JSON lines, each with exactly `prompt` and `completion`.
        count: how many.
        sha256: of the text.
    """

    text: str
    count: int
    sha256: str

    @property
    def file_name(self) -> str:
        """A name that changes with the content."""
        return f"rows-{self.sha256[:12]}.jsonl"


def rows_of(arm: Path, prompt: Prompt) -> Rows:
    """Reads an arm's `train.parquet`.

    Args:
        arm: the arm's folder.
        prompt: its `solution_prefix` stands between prompt and completion, once.

    Raises:
        InputError: the arm has not been built, or cannot be read.
    """
    import pyarrow
    import pyarrow.parquet

    file = arm / "train.parquet"
    try:
        table = pyarrow.parquet.read_table(file, columns=["prompt", "completion"])
    except FileNotFoundError:
        raise InputError(
            f"there is no training set {file}.",
            f"Build the arms first: harness build {arm.parent.parent}",
        ) from None
    except pyarrow.ArrowException as error:
        raise InputError(
            f"{file} cannot be read: {error}",
            f"Build the arms again: harness build {arm.parent.parent}",
        ) from None
    prompts, completions = (table.column(name).to_pylist() for name in ("prompt", "completion"))
    text = "".join(
        _line(question, reference_completion(prompt, completion))
        for question, completion in zip(prompts, completions, strict=True)
    )
    return Rows(text, len(prompts), hashlib.sha256(text.encode()).hexdigest())


def write_rows(rows: Rows, folder: Path) -> Path:
    """Writes the rows into a cell's folder, in place of older ones; returns the file."""
    file = folder / rows.file_name
    for older in folder.glob("rows-*.jsonl"):
        if older != file:
            older.unlink()
    write_atomically(file, rows.text)
    return file


def _line(prompt: str, completion: str) -> str:
    return json.dumps({"prompt": prompt, "completion": completion}, ensure_ascii=False) + "\n"
