"""Recipes that cannot be loaded: every problem at once, each at its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import InputError
from harness.recipe.loading import load_recipe, recipe_document
from harness.recipe.schema_walk import known_keys
from harness.recipe.yaml_text import dump_yaml, parse_yaml
from harness.resources import recipes_folder
from tests.recipe.refusals import refusal

MICRO = (recipes_folder() / "w2s-micro.yaml").read_text(encoding="utf-8")
ON_DISK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)


# --- what is wrong once is told once


@pytest.mark.parametrize(
    ("override", "place"),
    [
        ("budgets.low.total=nope", "budgets.low"),
        ("budgets.low=5", "budgets.low"),
        ("budgets.low.se=1e20", "budgets.low"),
        ("budgets.low={se: 1, wc: 3}", "budgets.low"),
        ("training.steps={low: x, high: 5}", "training.steps.low"),
        ("training.paradigms.student_lm=x", "training.paradigms.student_lm"),
    ],
)
def test_who_names_a_bad_entry_is_not_refused_too(override: str, place: str) -> None:
    with pytest.raises(InputError) as error:
        load_recipe("w2s-math", [override])
    (issue,) = error.value.issues
    assert place in issue.where


def test_a_budget_that_is_not_there_is_still_refused_beside_a_bad_one() -> None:
    text = refusal("w2s-math", "budgets.low=5", "training.budgets=[low, lowest]")
    assert "there is no budget 'lowest'" in text and "there is no budget 'low'" not in text
    assert "expected a mapping with the keys se, wc, total, multiplier" in text


# --- refusals


def test_names_that_are_not_there() -> None:
    assert "did you mean 'w2s-micro'" in refusal("w2s-mirco")
    assert "there is no recipe ''" in refusal("")
    assert "there is no file nowhere/x.yaml" in refusal("nowhere/x.yaml")
    assert "The shipped recipe is named without slash or suffix" in refusal("w2s-micro.yml")
    assert "is a folder" in refusal("/tmp/")
    assert "did you mean 'smoke'" in refusal("w2s-micro", "profile=smoek")
    assert "did you mean 'micro-wc'" in refusal("w2s-micro", "pair.wc=mikro-wc")
    assert "did you mean 'w2s_micro'" in refusal("w2s-micro", "evaluation.task=w2s_mirco")
    assert "did you mean 'full-sft-cpu.yaml'" in refusal("w2s-micro", "training.axolotl=full-cpu")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["the file is empty", "expected a mapping"]),
        (b"# only a comment\n", ["the file is empty"]),
        (b"- a\n- b\n", ["the file holds a list"]),
        (b"just text\n", ["the file holds only 'just text'"]),
        (b"name: x\ndescription: \xff\n", ["mine.yaml:2", "0xff is not UTF-8"]),
        (b"name: x\nbudgets: [1,\n", ["mine.yaml:3", "parsing a flow"]),
        (b"name: x\n\tfoo: 1\n", ["mine.yaml:2:1", "spaces, not with tabs", "foo: 1"]),
        (b"name: x: y\n", ["mine.yaml:1:8", "needs quotes", "the line is: name: x: y"]),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes, words: list[str]) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    text = refusal(path, "no-equals-sign")
    assert all(word in text for word in words), text
    assert "--set no-equals-sign: it is not of the form KEY=VALUE" in text


def test_repeated_keys_are_refused_with_both_lines(save: Callable[[str], Path]) -> None:
    path = save(MICRO + "seeds: {run: 2, training: [1]}\n")
    first = MICRO.splitlines().index("seeds:") + 1
    second = len(MICRO.splitlines()) + 1
    assert f"stands twice, on line {first} and on line {second}" in refusal(path)


# Each is an edit of w2s-micro and what the refusal must say; any two of them at once must be
# reported both. The first part of an edit is the dotted key.
ERRORS: list[tuple[str, str]] = [
    ("training.stpes=3", "no key 'stpes' in 'training'; did you mean 'steps'?"),
    ("decodign.temperature=1", "no key 'decodign' at the top; did you mean 'decoding'"),
    ("temperature=1", "The key 'temperature' belongs to 'decoding'."),
    ("decoding.temperature=hot", "found the text 'hot', expected a number above 0"),
    ("decoding.top_p=1.5", "found the number 1.5, expected a number above 0 and of at most 1"),
    ("decoding.top_k=2.5", "expected a whole number above 0, or nothing"),
    ("engine.max_model_length=true", "found true, expected a whole number"),
    ("problems.source=web", "found the text 'web', expected micro, jsonl or hub"),
    ("prompt.template=Q", "must hold {question} exactly once"),
    ("prompt.stop=['']", "found the text '', expected a text that is not empty"),
    ("seeds.run=-1", "expected a whole number of at least 0"),
    ("seeds.training=[1, 1]", "1 is named twice"),
    ("arms.build=[]", "found an empty list"),
    ("paradigms=[foo]", "found the text 'foo', expected student_lm, wc_lm or se_lm"),
    ("publication.repository=nobody", "expected a text of the form ORGANISATION/NAME, or nothing"),
    ("match.price_date=2024-13-01", "month must be in 1..12"),
    ("budgets.low={wc: 1}", "0.339 SE samples a problem, less than one. The least that works is"),
    ("budgets.mid={se: 0.5}", "0.5 SE samples"),
    ("budgets.half={se: 1, multiplier: 1/0}", "a number above 0 or a text of the form 1/7, or"),
    ("budgets.Big={se: 1}", "'Big' cannot be a name here"),
    ("students.student_lm=null", "the paradigm student_lm has no model"),
    ("training.budgets=[hihg]", "no budget 'hihg'; did you mean 'high'"),
    ("problems.test={split: train, count: 5}", "takes the same split 'train' as train"),
    ("problems.validation.split=vali", "no split of the embedded set 'vali'; did you mean 'valid"),
    ("problems.train.count=501", "501 problems are asked for"),
    ("answer.chain_verifier=exact", "found the text 'exact', expected micro, or nothing"),
    ("training.micro_batch_size=7", "cannot be taken in micro-batches of 7"),
    ("decoding.expected_tokens=200", "200 tokens are expected of completions that end after 128"),
    ("pair.se.id=micro:sse", "no embedded model 'micro:sse'; did you mean 'micro:se'"),
    ("pair.wc=no-such-card", "micro-wc-early. A card of yours is given by its file"),
    ("pair.wc=none.yaml", "there is no model card none.yaml."),
    ("pair.se=micro-se.yaml", "is known by name has no suffix: micro-se"),
    ("training.axolotl=none.yaml", "no base Axolotl file 'none.yaml'"),
    ("evaluation.task=none", "no lm-eval task 'none'"),
    ("execution.endpoints.se.url=ftp://x", "expected a text of the form http://host:8000/v1"),
    ("name.x=1", "name is 'w2s-micro', which has no keys of its own"),
    ("seeds.training.7=1", "is a list of 1, so 7 is no place in it"),
    ("training.paradigms.se_ml.steps=3", "no name in 'training.paradigms': 'se_ml'; did you mean"),
    ("nonsense", "it is not of the form KEY=VALUE"),
    ("paradigms=[1", "the value does not parse"),
]  # fmt: skip


def together(first: str, second: str) -> bool:
    """Whether two edits can both be wrong: neither undoes or hides the other."""
    keys = [edit.partition("=")[0] for edit in (first, second)]
    if any(a == b or f"{a}.".startswith(f"{b}.") for a, b in (keys, keys[::-1])):
        return False
    # Without its cards or its section a budget cannot be checked, and so on.
    hides = {
        "pair.wc=no-such-card": ("budgets.low", "budgets.mid"),
        "pair.wc=none.yaml": ("budgets.low", "budgets.mid"),
        "pair.se=micro-se.yaml": ("budgets.low", "budgets.mid"),
        "match.price_date=2024-13-01": (),
        "problems.source=web": ("problems.validation", "problems.train"),
        "paradigms=[foo]": ("students.student_lm",),
        "paradigms=[1": (),
        "decoding.max_tokens": (),
    }
    return not any(
        other.startswith(hidden)
        for edit, other in ((first, second), (second, first))
        for hidden in hides.get(edit, ())
    )


@pytest.mark.parametrize(("edit", "words"), ERRORS, ids=[edit for edit, _ in ERRORS])
def test_each_error_is_reported_alone_at_its_override(edit: str, words: str) -> None:
    text = refusal("w2s-micro", edit)
    assert words in text
    assert "one problem" in text, text
    if "student_lm" not in edit and "=" in edit:
        assert f"--set {edit}" in text


@pytest.mark.parametrize("first", range(len(ERRORS)), ids=[edit for edit, _ in ERRORS])
def test_any_two_errors_are_both_reported(first: int) -> None:
    for second in range(first + 1, len(ERRORS)):
        one, two = ERRORS[first], ERRORS[second]
        if together(one[0], two[0]):
            text = refusal("w2s-micro", one[0], two[0])
            assert one[1] in text, (one, two, text)
            assert two[1] in text, (one, two, text)


def test_all_errors_at_once_are_all_reported() -> None:
    chosen: list[tuple[str, str]] = []
    for error in ERRORS:
        if all(together(error[0], other[0]) for other in chosen):
            chosen.append(error)
    assert len(chosen) > 25
    text = refusal("w2s-micro", *(edit for edit, _ in chosen))
    missing = [words for _, words in chosen if words not in text]
    assert not missing, text
    assert f"{len(chosen)} problems" in text


def test_errors_in_a_file_have_its_lines(save: Callable[[str], Path]) -> None:
    path = save(
        MICRO.replace("temperature: 0.7", "temprature: 0.7").replace("steps: 150", "steps: many")
    )
    lines = path.read_text().splitlines()
    text = refusal(path)
    decoding, steps = (
        next(number for number, line in enumerate(lines, 1) if line.strip().startswith(start))
        for start in ("temprature", "steps: many")
    )
    assert f"mine.yaml:{decoding} decoding.temprature: there is no key" in text
    assert (
        f"mine.yaml:{decoding - 1} decoding.temperature: the key 'temperature' is missing" in text
    )
    assert f"mine.yaml:{steps} training.steps: found the text 'many'" in text


SECTIONS = [
    (), ("problems",), ("problems", "train"), ("problems", "columns"), ("prompt",), ("answer",),
    ("pair",), ("pair", "wc"), ("pair", "wc", "parameters"), ("decoding",), ("engine",), ("match",),
    ("budgets", "low"), ("arms",), ("training",), ("training", "paradigms", "se_lm"),
    ("evaluation",), ("seeds",), ("publication",), ("execution",),
]  # fmt: skip
RESOLVED = recipe_document(load_recipe("w2s-micro"))


@ON_DISK
@given(
    section=st.sampled_from(SECTIONS),
    key=st.from_regex(r"[a-z_]{1,12}", fullmatch=True),
    value=st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2),
    place=st.integers(0, 3),
)
def test_unknown_keys_are_refused_at_their_line(
    tmp_path: Path, section: tuple[str, ...], key: str, value: Any, place: int
) -> None:
    if key in known_keys(section):
        return
    document: dict[str, Any] = parse_yaml(dump_yaml(RESOLVED)).value
    target = document
    for part in section:
        target = target[part]
    items = list(target.items())
    target.clear()
    target.update([*items[:place], (key, value), *items[place:]])
    text = dump_yaml(document)
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    line = _line_of(text, (*section, key))
    expected = f"mine.yaml:{line} {'.'.join((*section, key))}: there is no key {key!r}"
    assert expected in refusal(path)


def _line_of(text: str, path: tuple[str, ...]) -> int:
    """The line of a key in block style, found by indentation alone."""
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        name = line.strip().split(":")[0].strip("'\"")
        indent = len(line) - len(line.lstrip())
        if indent == 2 * depth and name == path[depth]:
            depth += 1
            if depth == len(path):
                return number
    raise AssertionError(f"{path} is not in the text")
