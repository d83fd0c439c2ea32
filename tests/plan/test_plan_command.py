"""`harness plan` on named GPUs: what it prints, and what it says to mistakes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def harness(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments], capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


def test_the_command_names_the_gpu_and_fits_a_terminal() -> None:
    result = harness("plan", "--recipe", "w2s-math", "--gpu", "a100-80gb", "--gpus", "8",
                     "--gpu-price", "2.5")  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 100
    for words in ("Sampling on 8 × NVIDIA A100 80 GB SXM", "GPUs at $2.5 an hour",
                  "hours with all 8 GPUs busy", "paired 4.8 to 7.4 points, unpaired 8.8 points",
                  "none was made for this plan", "4.5 to 3 bytes each"):  # fmt: skip
        assert words in " ".join(result.stdout.split()), words


def test_the_command_as_json_keeps_what_it_had() -> None:
    document = json.loads(harness("plan", "--recipe", "w2s-micro", "--json").stdout)
    assert {"recipe", "problems", "match", "ratio", "budgets", "pools", "arms", "cells",
            "evaluation", "assumptions", "totals", "estimate"} <= document.keys()  # fmt: skip
    assert document["estimate"]["gpu"]["name"] == "NVIDIA H100 SXM"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--gpu", "h100"), "did you mean 'h100-sxm'"),
        (("--gpu", "./none.yaml"), "there is no GPU card none.yaml"),
        (("--gpus", "0"), "--gpus"),
        (("--gpu-price", "-1"), "--gpu-price"),
        (("--gpu-price", "nan"), "--gpu-price"),
    ],
)
def test_mistakes_are_answered_in_words(arguments: tuple[str, ...], words: str) -> None:
    result = harness("plan", "--recipe", "w2s-micro", *arguments)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
