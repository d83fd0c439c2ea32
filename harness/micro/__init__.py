"""The embedded pair: a problem set with an exact verifier, and four small models.

It is what `w2s-micro` runs on: a laptop without a GPU shows the whole pipeline with real
engines, and every metric can be held against the truth.
"""

from __future__ import annotations

from pathlib import Path

from harness.errors import InputError, unknown_name
from harness.micro.problems import micro_problems

MODELS = ("wc", "wc-early", "se", "student")

__all__ = ["MODELS", "micro_problems", "model_folder"]


def model_folder(name: str) -> Path:
    """The folder with the weights of an embedded model.

    Raises:
        InputError: there is no such model.
    """
    if name not in MODELS:
        raise InputError(unknown_name("embedded model", name, MODELS))
    return Path(__file__).resolve().parent / "weights" / name
