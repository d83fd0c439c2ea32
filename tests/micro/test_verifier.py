"""The exact verifier: accepts every clean chain, refuses every kind of damage by its name."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.micro.problems import GAINS, LOSSES, Story, draw_story
from harness.micro.solutions import (
    STYLE_WEIGHTS,
    clean_solution,
    clean_steps,
    noisy_solution,
    reference_solution,
    render,
    style_names,
)
from harness.micro.verifier import MAX_COMPLETION_CHARACTERS, verify_chain

SEEDS = st.integers(0, 2**32)
EQUATION = re.compile(r"(\d+) ([-+*/]) (\d+) (=|is) (\d+)")


def story_of(seed: int, level: int | None = None) -> Story:
    source = random.Random(seed)
    return draw_story(source, level or source.randint(1, 5))


def written(story: Story, style: str, seed: int = 0) -> str:
    return render(story, style, clean_steps(story, style), story.answer, random.Random(seed))


def test_no_clean_solution_is_refused() -> None:
    source = random.Random(5)
    for _ in range(5000):
        story = draw_story(source, source.randint(1, 5))
        verdict = verify_chain(story.question, clean_solution(story, source))
        assert (verdict.answer_correct, verdict.chain_correct, verdict.reason) == (True, True, "ok")


def test_every_style_occurs_and_is_accepted() -> None:
    seen = set()
    for seed in range(300):
        story = story_of(seed)
        for style in style_names(story):
            seen.add(style)
            assert verify_chain(story.question, written(story, style, seed)).chain_correct
    assert seen == set(STYLE_WEIGHTS)


@given(seed=SEEDS)
def test_reference_solutions_are_right(seed: int) -> None:
    story = story_of(seed)
    assert verify_chain(story.question, reference_solution(story)).chain_correct


@given(seed=SEEDS)
def test_it_agrees_with_the_noise_process(seed: int) -> None:
    story = story_of(seed)
    text, wrong = noisy_solution(story, random.Random(seed + 1))
    assert verify_chain(story.question, text).chain_correct != wrong


@given(seed=SEEDS)
def test_a_box_is_as_good_as_hashes(seed: int) -> None:
    story = story_of(seed)
    text = reference_solution(story).replace("#### ", r"\boxed{") + "}"
    assert verify_chain(story.question, text).chain_correct


@given(seed=SEEDS, style=st.sampled_from(["equations", "labelled", "then"]))
def test_a_changed_result_is_an_arithmetic_error(seed: int, style: str) -> None:
    story = story_of(seed)
    text = written(story, style)
    places = list(EQUATION.finditer(text))
    place = places[seed % len(places)]
    changed = text[: place.start(5)] + str(int(place[5]) + 1) + text[place.end(5) :]
    verdict = verify_chain(story.question, changed)
    assert verdict.answer_correct
    assert not verdict.chain_correct
    assert "arith" in verdict.reason


@given(seed=SEEDS, style=st.sampled_from(["equations", "labelled", "then"]))
def test_a_swapped_operator_is_a_wrong_relation(seed: int, style: str) -> None:
    story = story_of(seed)
    text = written(story, style)
    places = list(EQUATION.finditer(text))
    place = places[seed % len(places)]
    other = {"+": "-", "-": "+", "*": "/", "/": "*"}[place[2]]
    verdict = verify_chain(story.question, text[: place.start(2)] + other + text[place.end(2) :])
    assert not verdict.chain_correct
    assert "relation" in verdict.reason


@given(seed=SEEDS)
def test_dropped_and_added_steps_are_named(seed: int) -> None:
    story = story_of(seed, level=3)
    text = written(story, "terse")
    sentences = re.findall(r"Now \d+\.", text)
    fewer = verify_chain(story.question, text.replace(sentences[0] + " ", "", 1))
    more = verify_chain(story.question, text.replace("####", f"{sentences[-1]} ####"))
    assert "missing" in fewer.reason
    assert "extra" in more.reason
    assert not fewer.chain_correct
    assert not more.chain_correct


@given(seed=SEEDS)
def test_a_wrong_label_is_a_wrong_event(seed: int) -> None:
    story = story_of(seed)
    text = written(story, "labelled")
    verbs = [verb for verb in (*GAINS, *LOSSES) if f" {verb}: " in text]
    if not verbs:
        return
    other = next(verb for verb in (*GAINS, *LOSSES) if verb not in verbs)
    verdict = verify_chain(story.question, text.replace(f" {verbs[0]}: ", f" {other}: ", 1))
    assert verdict.answer_correct
    assert (verdict.chain_correct, verdict.reason) == (False, "event")


@given(seed=SEEDS)
def test_wrong_mental_values_starts_and_answers_are_named(seed: int) -> None:
    story = story_of(seed, level=2)
    terse = written(story, "terse")
    first = re.search(r"Now (\d+)", terse)
    assert first is not None
    wrong_value = terse.replace(first[0] + ".", f"Now {int(first[1]) + 1}.", 1)
    assert "value" in verify_chain(story.question, wrong_value).reason
    labelled = written(story, "labelled")
    wrong_start = labelled.replace(f"with {story.start}.", f"with {story.start + 1}.")
    assert verify_chain(story.question, wrong_start).reason == "value"
    wrong_answer = re.sub(r"#### \d+", f"#### {story.answer + 1}", labelled)
    verdict = verify_chain(story.question, wrong_answer)
    assert (verdict.answer_correct, verdict.chain_correct, verdict.reason) == (
        False,
        False,
        "answer",
    )


CASES = [
    ("Fay has 24 books. Fay sells 13. Each costs 4 dollars. What are they worth?",
     " Then 24 - 13 is 9. Then 9 * 4 is 36. #### 36", False, "arith"),
    ("Fay has 24 books. Fay sells 13. Each costs 4 dollars. What are they worth?",
     " 24 - 13 = 11. 11 * 4 = 44. #### 44", True, "ok"),
    ("Fay has 24 books. Fay sells 13. Each costs 4 dollars. What are they worth?",
     " Now 15. Now 30. #### 30", False, "value"),
    ("Dan has 8 cups. Dan drops 4. Dan gives half away. Dan finds 14 more. "
     "How many cups does Dan have now?",
     " 8 - 4 = 3. 3 / 2 = 1. 1 + 14 = 16. #### 16", True, "arith"),
    ("Ned has 16 books. Ned loses 12. Ned gets 12 more. Ned gets 15 more. Ned eats 12. "
     "Ned makes 13 more. How many books does Ned have now?",
     " 12 + 15 = 27. 27 + 12 = 39. 39 + 12 = 53. 53 - 13 = 32. #### 32", True, "relation"),
    ("Joy has 2 boxes of 5 pens. Joy sells 9. Joy buys 3 more. Joy gets 12 more. "
     "How many pens does Joy have now?", " Now 10. Now 3. Now 16. #### 16", True, "value"),
    ("Joy has 2 boxes of 5 pens. Joy sells 9. Joy buys 3 more. Joy gets 12 more. "
     "How many pens does Joy have now?", " Then 10 - 9 is 1. Then 5 * 3 is6. #### 16", True,
     "unparsed"),
]  # fmt: skip


@pytest.mark.parametrize(("question", "completion", "right", "reason"), CASES)
def test_completions_of_real_models(
    question: str, completion: str, right: bool, reason: str
) -> None:
    verdict = verify_chain(question, completion)
    assert verdict.answer_correct == right
    assert set(reason.split("+")) <= set(verdict.reason.split("+"))
    assert verdict.chain_correct == (reason == "ok")


@settings(max_examples=300)
@given(text=st.text() | st.from_regex(r"( ?(Now|Then|\d{1,3}|[-+*/=.]|####|\\boxed\{))*"))
def test_any_text_gets_a_verdict(text: str) -> None:
    question = CASES[0][0]
    assert not verify_chain(question, text).chain_correct or "44" in text


@pytest.mark.parametrize(
    "hostile",
    ["#### " + "9" * 100_000, "\\boxed{" * 50_000, "Now 1. " * 100_000, "\x00" * 10, "\ud800",
     "1 + 1 = " * 400, "#### " * 700, " " * 3990 + "####", "#" * 3990],
)  # fmt: skip
def test_hostile_text_is_refused_at_once(hostile: str) -> None:
    assert not verify_chain(CASES[0][0], hostile).chain_correct
    assert not verify_chain(CASES[0][0], hostile[: MAX_COMPLETION_CHARACTERS - 1]).chain_correct
