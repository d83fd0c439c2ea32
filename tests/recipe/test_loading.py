"""Loading a recipe: layers, overrides, and refusals that name every problem at its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import InputError
from harness.recipe import Recipe
from harness.recipe.catalogue import recipe_names
from harness.recipe.loading import load_recipe, read_recipe, recipe_document, write_recipe
from harness.recipe.schema_walk import known_keys
from harness.recipe.yaml_text import dump_yaml, parse_yaml
from harness.resources import recipes_folder
from tests.recipe.strategies import RECIPES

MICRO = (recipes_folder() / "w2s-micro.yaml").read_text(encoding="utf-8")
ON_DISK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refusal(name: str | Path, *overrides: str) -> str:
    with pytest.raises(InputError) as error:
        load_recipe(str(name), overrides)
    return str(error.value)


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


# --- layers


@pytest.mark.parametrize("name", recipe_names())
def test_shipped_recipes_load_with_each_profile(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    for profile in recipe.profiles:
        assert load_recipe(name, [f"profile={profile}"]).profile == profile


def test_w2s_micro_has_the_facts_of_its_models() -> None:
    recipe = load_recipe("w2s-micro")
    assert recipe.pair.wc.parameters.total == 414_048
    assert recipe.pair.se.parameters.total == 1_222_560
    assert recipe.student("student_lm").parameters.total == 376_992
    assert recipe.student("wc_lm") == recipe.pair.wc
    assert recipe.student("se_lm") == recipe.pair.se


def test_parameter_counts_of_micro_cards_are_those_of_the_weights() -> None:
    import json
    import struct

    from harness.micro import model_folder

    for name in ("wc", "wc-early", "se", "student"):
        file = model_folder(name) / "model.safetensors"
        if not file.is_file():
            pytest.skip("the embedded weights are not built yet")
        content = file.read_bytes()
        header = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])
        tensors = {key: entry["shape"] for key, entry in header.items() if key != "__metadata__"}
        count = 0
        for shape in tensors.values():
            size = 1
            for extent in shape:
                size *= extent
            count += size
        card = load_recipe("w2s-micro", [f"pair.wc=micro-{name}"]).pair.wc
        assert card.parameters.total == count


def test_a_profile_lies_over_the_file_and_overrides_over_the_profile() -> None:
    smoke = load_recipe("w2s-micro", ["training.steps=7", "profile=smoke"])
    assert smoke.problems.train.count == 60
    assert smoke.problems.train.split == "train"
    assert smoke.training.steps == 7
    assert smoke.training.batch_size == 24
    assert smoke.profiles == {}


def test_a_profile_replaces_a_card_as_a_whole_and_an_override_a_key_of_it() -> None:
    early = load_recipe("w2s-micro", ["profile=wide-gap", "pair.wc.revision=abc"])
    assert early.pair.wc.id == "micro:wc-early"
    assert early.pair.wc.revision == "abc"


def test_inline_cards_and_cards_beside_the_recipe(save: Callable[[str], Path]) -> None:
    text = MICRO.replace("wc: micro-wc\n", "wc: {id: a/b, parameters: {total: 5}}\n", 1)
    path = save(text.replace("se: micro-se\n", "se: own\n", 1))
    (path.parent / "models").mkdir()
    (path.parent / "models" / "own.yaml").write_text("id: c/d\nparameters:\n  total: 25\n")
    recipe = load_recipe(str(path))
    assert (recipe.pair.wc.id, recipe.pair.se.id) == ("a/b", "c/d")
    (path.parent / "models" / "own.yaml").write_text("id: c/d\nparameters:\n  totl: 25\n")
    text = refusal(path)
    assert "own.yaml:3 pair.se.parameters.totl: there is no key 'totl'" in text
    assert "'total'" in text
    assert "own.yaml:1 pair.se: the match counts total parameters" in text


def test_a_side_may_have_several_servers() -> None:
    several = (
        '[{"url": "http://a/v1"}, {"url": "https://me:secret@b/v1?key=x", "protocol": "chat"}]'
    )
    recipe = load_recipe("w2s-micro", [f"execution.endpoints.se={several}"])
    assert [one.address for one in recipe.execution.servers_of("se")] == [
        "http://a/v1", "https://b/v1",
    ]  # fmt: skip
    assert recipe.execution.servers_of("wc") == ()
    alone = load_recipe("w2s-micro", ["execution.endpoints.se.url=http://a:1/v1"])
    assert [one.url for one in alone.execution.servers_of("se")] == ["http://a:1/v1"]


def test_overrides_set_keys_places_of_lists_and_missing_sections() -> None:
    recipe = load_recipe(
        "w2s-micro",
        [
            "seeds.training=[4, 5]", "seeds.training.1=6", "seeds.training.2=7",
            "execution.endpoints.se.url=http://127.0.0.1:80/v1", "engine.dtype=bfloat16",
            "description=a: b", "training.learning_rate=1e-6", "budgets.low={wc: 9}",
        ],
    )  # fmt: skip
    assert recipe.seeds.training == [4, 6, 7]
    assert recipe.execution.endpoints["se"].url == "http://127.0.0.1:80/v1"
    assert recipe.description == "a: b"
    assert recipe.training.learning_rate == 1e-6
    assert (recipe.budgets["low"].wc, recipe.budgets["low"].se) == (9, None)


def test_files_beside_the_recipe_are_found_from_anywhere(
    save: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for split in ("train", "test"):
        (data / f"{split}.jsonl").write_text('{"question": "q", "gold": "1"}\n')
    problems = "{source: jsonl, path: data, train: {split: train}, test: {split: test}}"
    text = re.sub(r"problems:\n(  .*\n)+", f"problems: {problems}\n", MICRO)
    text = text.replace("chain_verifier: micro", "chain_verifier: null")
    path = save(text.split("profiles:")[0])
    monkeypatch.chdir("/")
    recipe = load_recipe(str(path))
    assert recipe.problems.path == str(data)
    assert "no split in" in refusal(path, "problems.test.split=tset")
    assert "did you mean 'test'" in refusal(path, "problems.test.split=tset")
    assert "there is no folder /nowhere" in refusal(path, "problems.path=/nowhere")


# --- written and read


@ON_DISK
@given(RECIPES)
def test_a_written_recipe_is_read_back_equal(tmp_path: Path, recipe: Recipe) -> None:
    write_recipe(tmp_path / "recipe.yaml", recipe)
    assert read_recipe(tmp_path / "recipe.yaml") == recipe


@pytest.mark.parametrize("overrides", [[], ["profile=smoke", "seeds.run=9"]])
def test_a_written_recipe_loads_as_itself(tmp_path: Path, overrides: list[str]) -> None:
    recipe = load_recipe("w2s-micro", overrides)
    write_recipe(tmp_path / "recipe.yaml", recipe)
    assert load_recipe(str(tmp_path / "recipe.yaml")) == recipe
    if overrides:
        again = load_recipe(str(tmp_path / "recipe.yaml"), ["profile=smoke"])
        assert again == recipe
        assert "no profile 'other'" in refusal(tmp_path / "recipe.yaml", "profile=other")


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
