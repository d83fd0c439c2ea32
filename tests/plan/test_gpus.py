"""GPU cards: the shipped ones, those of users, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import InputError
from harness.plan.gpus import DEFAULT_GPU, gpu_names, load_gpu

GOOD = """
name: Mine
memory_gb: 48
bandwidth_gb_per_s: 900.5
tflops: {float32: 10, float16: 20}
source: a sheet
date: 2025-01-31
"""


@pytest.mark.parametrize("name", gpu_names())
def test_a_shipped_card_is_plausible(name: str) -> None:
    card = load_gpu(name)
    rates = card.tflops
    assert card.memory_gb in {16, 24, 32, 40, 48, 80, 141, 180, 192}
    # Dense half precision beats float32 by less than 32; with sparsity counted it would by more.
    assert rates.float16 is not None
    assert 1 < rates.float16 / rates.float32 < 32
    assert rates.bfloat16 in (None, rates.float16)
    if rates.fp8 is not None:
        assert rates.fp8 / rates.float16 == pytest.approx(2, rel=0.03)
    # From that many FLOPs for each byte on, a GPU is bound by its rate.
    assert 50 < card.flops("float16") / card.bandwidth < 500  # type: ignore[operator]


def test_what_data_sheets_say() -> None:
    h100, a100, t4 = (load_gpu(name) for name in (DEFAULT_GPU, "a100-40gb", "t4"))
    assert (h100.memory, h100.bandwidth) == (80e9, 3.35e12)
    assert h100.flops("bfloat16") == 1978.8e12 / 2  # the sheet's 1,979 are with sparsity
    assert (a100.flops("bfloat16"), a100.flops("fp8")) == (312e12, None)
    assert t4.flops("bfloat16") is None


def test_a_card_of_a_user(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD)
    card = load_gpu(str(file))
    assert (card.name, card.memory, card.flops("float16")) == ("Mine", 48e9, 20e12)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("h100", "'h100-sxm' or 'h100-pcie'"), ("A100", "'a100-40gb'"), ("h20", "'h200'"),
     ("rtx4090", "'rtx-4090'")],
)  # fmt: skip
def test_an_unknown_name_gets_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(InputError) as caught:
        load_gpu(name)
    assert f"there is no GPU card {name.lower()!r}; did you mean" in str(caught.value)
    assert nearest in str(caught.value)
    assert "one of yours is given by its path" in str(caught.value)


def test_all_problems_of_a_card_at_once(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(
        "name: Mine\nmemory_gb: 80000000000\nbandwidth: 900\n"
        "tflops: {float32: -1, half: 20}\ndate: 2024-13-01\n"
    )
    with pytest.raises(InputError) as caught:
        load_gpu(str(file))
    said = str(caught.value)
    for words in (
        "bad.yaml:2 memory_gb: found the number 80000000000",
        "the key 'bandwidth_gb_per_s' is missing; expected the bandwidth of its memory",
        "bad.yaml:3 bandwidth: there is no key 'bandwidth'; known are: name, memory_gb",
        "bad.yaml:4 tflops.float32: found the number -1",
        "there is no key 'half'; known are: float32, float16, bfloat16, fp8",
        "the key 'source' is missing",
        "found the text '2024-13-01', expected the day",
    ):
        assert words in said, words
    assert len(caught.value.issues) == 7


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "the file is empty"), ("- 3", "holds a list"), ("a: [", "bad.yaml"),
     (GOOD + "name: Twice", "stands twice"), (GOOD.replace("48", ".nan"), "found the number nan"),
     (GOOD.replace("48", "'48'"), "found the text '48'")],
)  # fmt: skip
def test_files_that_are_no_cards(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=words):
        load_gpu(str(file))


def test_a_path_without_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no GPU card"):
        load_gpu(str(tmp_path / "none.yaml"))
