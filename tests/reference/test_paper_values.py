"""The data are those of the digest of the paper, number by number, where that is at hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from harness.reference import load_reference

PAPER = load_reference("paper")
DIGEST = Path(__file__).parents[3] / "shared" / "PAPER.md"
GENERATORS = {"9B": "Gemma2-9B", "27B": "Gemma2-27B", "pro": "Gemini-1.5-Pro",
              "flash": "Gemini-1.5-Flash"}  # fmt: skip
# The digest's keys of finetuned models, as what they hold for.
MODELS: dict[str, dict[str, Any]] = {
    "gt": {"arm": "ground_truth"},
    "se_lo": {"side": "se", "budget": "low"},
    "wc_lo": {"side": "wc", "budget": "low"},
    "se_hi": {"side": "se", "budget": "high", "problems": 7500},
    "wc_hi": {"side": "wc", "budget": "high", "problems": 7500},
    "wc_num1": {"side": "wc", "k": 1, "match": "number"},
    "wc_hi_keep1": {"side": "wc", "k": 30, "transform": "keep_one_correct"},
    "se_hi_500": {"side": "se", "budget": "high", "problems": 500},
    "wc_hi_500": {"side": "wc", "budget": "high", "problems": 500},
    "pro1": {"generator": "Gemini-1.5-Pro", "k": 1},
    "flash5": {"generator": "Gemini-1.5-Flash", "k": 5},
    "flash35": {"generator": "Gemini-1.5-Flash", "k": 35},
}


@pytest.fixture(scope="module")
def digest() -> str:
    if not DIGEST.is_file():
        pytest.skip("the digest of the paper is not on this machine")
    return DIGEST.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def block(digest: str) -> dict[str, Any]:
    found = re.search(r"### 3\.14.*?```json\n(.*?)```", digest, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def numbers_in(document: Any) -> int:
    if isinstance(document, dict):
        return sum(numbers_in(one) for one in document.values())
    return 1


def test_every_number_of_the_machine_readable_block(block: dict[str, Any]) -> None:
    seen = 0
    for benchmark in ("math", "gsm8k"):
        for model, values in block[f"{benchmark}_pass1"].items():
            for key, number in values.items():
                conditions = {"transform": None, **MODELS[key]}
                found = PAPER.value("pass_at_1", benchmark=benchmark, model=model, **conditions)
                assert found.value == number, (benchmark, model, key)
                seen += 1
        for quantity in ("coverage", "diversity_solved"):
            for key, number in block[quantity][benchmark].items():
                name, _, k = key.partition("@")
                found = PAPER.value(
                    quantity, benchmark=benchmark, model=GENERATORS[name], k=int(k), level=None
                )
                assert found.value == number, (quantity, benchmark, key)
                seen += 1
        for judge, values in block["fpr"][benchmark].items():
            for name, number in values.items():
                found = PAPER.value(
                    "false_positive_rate", benchmark=benchmark, judge=judge, model=GENERATORS[name]
                )
                assert found.value == number
                seen += 1
        assert PAPER.benchmark(benchmark).test_problems == block["test_n"][benchmark]
        sizes = {one.size for one in PAPER.find(quantity="pass_at_1", benchmark=benchmark)}
        assert sizes == {block["test_n"][benchmark]}
        seen += 1
    assert seen == numbers_in(block)


def rows_of(digest: str, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without the header and emphasis."""
    section = digest[digest.index(f"### {heading} ") :]
    lines = section[: section.index("\n###", 4)].splitlines()
    table = [line for line in lines if line.startswith("|")]
    return [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in table[2:]]


def test_the_curves_of_figure_14(digest: str) -> None:
    rows = rows_of(digest, "3.2")
    assert len(rows) == 6
    for label, *cells in rows:
        name, model, at = label.split()
        side, times = ("se" if model == "27B" else "wc"), (3 if at == "@3K" else 1)
        benchmark = {"MATH": "math", "GSM": "gsm8k"}[name]
        curve = PAPER.find(quantity="coverage", benchmark=benchmark, side=side, unit="fraction",
                           match="compute" if times == 3 else "number")  # fmt: skip
        assert [(one.k, one.value) for one in curve] == [
            (times * (number + 1), float(cell)) for number, cell in enumerate(cells)
        ]


def test_coverage_by_level(digest: str) -> None:
    for label, *cells in rows_of(digest, "3.3"):
        found = PAPER.find(quantity="coverage", model=GENERATORS[label.split()[0]], unit="percent")
        by_level = {one.level: one.value for one in found if one.level}
        assert by_level == {str(n + 1): float(cell) for n, cell in enumerate(cells)}


@pytest.mark.parametrize(("heading", "benchmark"), [("3.4", "math"), ("3.5", "gsm8k")])
def test_figures_4_and_5(digest: str, heading: str, benchmark: str) -> None:
    rows = rows_of(digest, heading)
    assert len(rows) == 3
    for label, *cells in rows:
        figure = {"math": "Fig. 4", "gsm8k": "Fig. 5"}[benchmark]
        found = PAPER.find(source=figure, model=label.split()[0])
        assert [one.value for one in found] == [float(cell.split()[0]) for cell in cells[:5]]


def test_figures_7_to_10(digest: str) -> None:
    for label, *cells in rows_of(digest, "3.8"):
        found = PAPER.find(source="Fig. 7", model=label)
        assert [one.value for one in found] == [float(cell) for cell in cells[:4]]
        gain = PAPER.value("pass_at_1_gain", problems=500, model=label)
        assert gain.value == float(cells[4].strip("+ %"))
        # The text has two digits and the wrong order for the others, so those are the figure's.
        in_text = label == "Gemma-7B"
        assert gain.provenance == ("F" if in_text else "D")
        assert ("text" in gain.source) == in_text
    students = ("Gemma-7B", "Gemma2-9B", "Gemma2-27B")
    for label, *cells in rows_of(digest, "3.9"):
        benchmark = {"MATH": "math", "GSM8K": "gsm8k"}[label.split()[0]]
        for position, model in enumerate(students):
            found = PAPER.find(source="Fig. 8", benchmark=benchmark, model=model)
            assert [one.value for one in found] == [
                float(cell.split(" / ")[position]) for cell in cells
            ]
    for label, *cells in rows_of(digest, "3.10"):
        found = PAPER.find(source="Fig. 9", model=label)
        assert [one.value for one in found] == [float(cell) for cell in cells]
    for label, *cells in rows_of(digest, "3.11"):
        found = PAPER.find(source="Fig. 10", model=label)
        assert [one.value for one in found] == [float(cell.split()[0]) for cell in cells]
        gains = PAPER.find(source="Fig. 10, printed", model=label)
        assert [one.value for one in gains] == [
            float(re.search(r"\+([\d.]+) %", cell)[1])
            for cell in cells[1:]  # type: ignore[index]
        ]
