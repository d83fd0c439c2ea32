"""References are found by name, checked strictly, and carry a provenance with every number."""

from __future__ import annotations

import shutil
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.reference import check_reference_name, load_reference, reference_names
from harness.reference.collection import plain_name
from harness.reference.loading import read_reference

PAPER = load_reference("paper")
FOLDER = Path(__file__).parents[2] / "harness" / "reference" / "paper"


def test_there_is_the_paper_and_an_unknown_name_is_answered_with_the_nearest() -> None:
    assert reference_names() == ["paper"]
    check_reference_name("paper")
    with pytest.raises(InputError, match="did you mean 'paper'"):
        load_reference("papers")
    with pytest.raises(InputError, match="known are: paper"):
        load_reference("burns")
    with pytest.raises(InputError, match="no reference"):
        load_reference("../reference/paper")


def test_every_value_says_how_it_is_known() -> None:
    assert len(PAPER.values) > 300
    for value in PAPER.values:
        assert value.provenance in PAPER.tags
        assert value.source
        assert value.unit
        # What was measured on a picture has an error, what was not has none.
        assert (value.read_off_error is not None) == (value.provenance == "P"), value
        assert (value.size is None) or value.size_of, value


def test_what_was_measured_on_problems_says_on_how_many() -> None:
    for quantity in ("coverage", "diversity_solved", "pass_at_1", "false_positive_rate"):
        for value in PAPER.find(quantity=quantity):
            assert value.size is not None
            assert value.side in ("wc", "se") or value.arm == "ground_truth"
            assert 0 <= value.number <= (1 if quantity != "diversity_solved" else 30)


def test_values_are_looked_up_by_what_they_hold_for() -> None:
    assert PAPER.value("coverage", benchmark="math", side="wc", budget="low").value == 43.1
    # The same k in another figure, as a fraction; the more exact one comes first.
    both = PAPER.find(quantity="coverage", benchmark="math", side="se", k=10, level=None)
    assert [one.value for one in both] == [64.7, 0.647]
    assert both[0].number == pytest.approx(both[1].number)
    assert PAPER.value("pass_at_1", model="Gemma-7B", k=5, side="wc").value == 32.4
    assert PAPER.first(quantity="maj_gain", model="Gemma-7B") is None  # Only a range is known.
    with pytest.raises(ValueError, match="only a range"):
        _ = PAPER.find(quantity="maj_gain", model="Gemma-7B")[0].number
    with pytest.raises(LookupError, match="has no coverage for benchmark math, k 77"):
        PAPER.value("coverage", benchmark="math", k=77)
    with pytest.raises(LookupError, match="no benchmark 'aime'"):
        PAPER.benchmark("aime")
    with pytest.raises(AttributeError):
        PAPER.find(colour="red")


def test_values_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        PAPER.values[0].value = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "benchmark"),
    [
        ("zwhe99/MATH", "math"),
        ("EleutherAI/hendrycks_math", "math"),
        ("HuggingFaceH4/MATH-500", "math"),
        ("openai/gsm8k", "gsm8k"),
        ("data/gsm8k_train.jsonl.gz", "gsm8k"),
        ("/somewhere/GSM8K/", "gsm8k"),
        ("w2s-gsm8k", "gsm8k"),
        ("someone/functional_math", None),
        ("someone/gsm8k-platinum", None),
        ("mathqa", None),
        ("", None),
    ],
)
def test_benchmarks_by_the_names_of_their_problems(name: str, benchmark: str | None) -> None:
    found = PAPER.benchmark_of_problems(name)
    assert (found.name if found else None) == benchmark


def test_benchmarks_by_task() -> None:
    found = {task: PAPER.benchmark_of_task(task)
             for task in ("w2s_math500", "w2s_gsm8k", "w2s_math_val", "w2s_micro")}  # fmt: skip
    labels = {task: one.label if one else None for task, one in found.items()}
    # The validation problems are not the paper's test.
    assert labels == {
        "w2s_math500": "MATH", "w2s_gsm8k": "GSM8K", "w2s_math_val": None, "w2s_micro": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("google/gemma-2-9b", "Gemma2-9B"),
        ("/models/gemma-2-27b", "Gemma2-27B"),
        ("google/gemma-7b", "Gemma-7B"),
        ("gemini-1.5-pro", "Gemini-1.5-Pro"),
        ("google/gemma-2-9b-it", None),
        ("google/gemma-2b", None),
        ("micro:wc", None),
    ],
)
def test_models_by_their_ids(model: str, name: str | None) -> None:
    assert PAPER.model_named(model) == name


def test_pairs_have_their_sides() -> None:
    found = PAPER.pair_of("Gemma2-9B", "Gemma2-27B")
    assert found is not None
    assert found.name == "gemma"
    assert PAPER.pair_of("Gemma2-27B", "Gemma2-9B") is None
    assert PAPER.pair_of("Gemma2-9B", None) is None


def test_plain_names() -> None:
    assert plain_name("a/b/Gemma-2.9B") == "gemma_2_9b"
    assert plain_name("MATH-500.parquet") == "math_500"


def test_all_that_is_wrong_with_a_reference_is_said_at_once(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "paper")
    assert read_reference(folder).values == PAPER.values
    tables = folder / "generated_data.yaml"
    text = tables.read_text()
    text = text.replace("[Gemma2-27B, se, low, 1, 32.7,", "[Gemma2-27B, both, low, 1, 32.7,", 1)
    text = text.replace("[Gemma2-9B, wc, low, 3, 43.1, null, null, 0.05]", "[Gemma2-9B, wc]", 1)
    text = text.replace(
        "quantity: diversity_solved,", "quantity: diversity_solved, colour: red,", 1
    )
    tables.write_text(text)
    claims = folder / "claims.yaml"
    claims.write_text(claims.read_text().replace("higher: wc", "higher: me", 1))
    with pytest.raises(InputError) as caught:
        read_reference(folder)
    said = str(caught.value)
    assert "generated_data.yaml: Fig. 3a, row 1: side" in said
    assert "row 2 has 2 of 8 columns" in said
    assert "colour" in said
    assert "claims.yaml: claim 1: higher" in said
