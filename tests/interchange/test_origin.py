"""The identity of an imported pool: comparable with a drawn one, with the whole card."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.generators.jobs import DecodingSettings, PoolJob
from harness.generators.origin import identity_of
from harness.interchange.origin import KnownDecoding, find_generator, imported_identity
from harness.interchange.problem_rows import ProblemTable
from harness.recipe import ModelCard
from harness.recipe.schema import Engine


def test_it_has_the_keys_of_a_drawn_pool_and_the_card(tmp_path: Path) -> None:
    table = ProblemTable("plain")
    table.add({"question": "q", "gold": "1"})
    generator = find_generator("gemma-2-9b")
    found = imported_identity(generator, "jsonl", table, KnownDecoding(temperature=0.7))
    assert generator.card is not None and not generator.notes
    job = PoolJob(
        tmp_path, table.problems, {}, 1, generator.card,
        DecodingSettings(0.7, None, 1.0, 5, ()), Engine(dtype="auto", max_model_length=None), 1,
    )  # fmt: skip
    drawn = identity_of(job, {"name": "vllm"})
    assert found.keys() - drawn.keys() == {"model_card"} and drawn.keys() <= found.keys()
    assert found["decoding"].keys() == drawn["decoding"].keys()
    assert (found["model"], found["problems"]) == (drawn["model"], drawn["problems"])
    assert ModelCard.model_validate_json(json.dumps(found["model_card"])) == generator.card


def test_a_name_without_a_card_is_taken_and_says_what_will_be_missing() -> None:
    generator = find_generator("gemma-2-9B")
    assert generator.card is None
    (note,) = generator.notes
    assert "did you mean 'gemma-2-9b'" in note and "size or the price" in note


def test_a_card_file_of_ones_own(tmp_path: Path) -> None:
    card = tmp_path / "mine.yaml"
    card.write_text("id: me/mine\nparameters: {total: 7}\n")
    generator = find_generator(str(card))
    assert generator.card == ModelCard(id="me/mine", parameters={"total": 7})
    card.write_text("id: me/mine\nparamters: {total: 7}\ncontext_length: -1\n")
    with pytest.raises(InputError) as found:
        find_generator(str(card))
    assert "did you mean 'parameters'" in str(found.value) and "mine.yaml:3" in str(found.value)
    for name in (str(tmp_path / "none.yaml"), " "):
        with pytest.raises(InputError):
            find_generator(name)


def test_a_card_file_is_known_by_its_suffix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("卡.YAML", "card.txt"):
        Path(name).write_text("id: me/mine\n")
    assert find_generator("./卡.YAML").card == ModelCard(id="me/mine")
    (note,) = find_generator("card.txt").notes
    assert "ends in .yaml or .yml; rename it, as in card.yaml" in note


def test_a_price_list_without_a_date_says_what_is_expected(tmp_path: Path) -> None:
    card = tmp_path / "card.yaml"
    card.write_text(
        "id: a/b\nparameters: {total: many}\nprices:\n"
        "  - {source: x, output: 1}\n"
        "  - {date: yesterday, source: x, output: 0}\n"
        "  - {date: 2024-08-12, source: x, output: 1, batch_input: 1}\n"
    )
    with pytest.raises(InputError) as found:
        find_generator(str(card))
    said = {issue.where.split()[-1]: issue.message for issue in found.value.issues}
    assert said == {
        "parameters.total": "found the text 'many', expected a whole number above 0, or nothing.",
        "prices.0.date": "the key 'date' is missing; expected a day as YYYY-MM-DD.",
        "prices.1.date": "found the text 'yesterday', expected a day as YYYY-MM-DD.",
        "prices.1.output": "found the number 0, expected a number above 0.",
        "prices.2": "`batch_input` needs `batch_output` beside it.",
    }


def test_an_unknown_key_of_a_card_is_told_with_those_of_its_place(tmp_path: Path) -> None:
    card = tmp_path / "card.yaml"
    card.write_text(
        "id: a/b\nparameters: {totl: 3}\nprices:\n"
        "  - {date: 2024-08-12, source: x, output: 1, outptu: 3}\nlicens: mit\n"
    )
    with pytest.raises(InputError) as found:
        find_generator(str(card))
    said = {issue.where.split()[-1]: issue.message for issue in found.value.issues}
    assert said == {
        "parameters.totl": "there is no key 'totl'; did you mean 'total'?",
        "prices.0.outptu": "there is no key 'outptu'; did you mean 'output' or 'batch_output'?",
        "licens": "there is no key 'licens'; did you mean 'license' or 'prices'?",
    }
