"""The exact verifier: accepts every clean chain, refuses every kind of damage by its name."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.grading import grade_completion
from harness.micro.problems import draw_story
from harness.micro.solutions import (
    STYLE_WEIGHTS,
    clean_solution,
    clean_steps,
    noisy_solution,
    reference_solution,
    render,
    style_names,
)
from harness.micro.stories import GAINS, LOSSES, Story
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


EQUATION_STYLES = st.sampled_from(["equations", "labelled", "then"])


@given(seed=SEEDS, style=EQUATION_STYLES, slip=st.sampled_from([-10, -2, -1, 1, 2, 10]))
def test_a_changed_result_is_an_arithmetic_error(seed: int, style: str, slip: int) -> None:
    story = story_of(seed)
    text = written(story, style)
    places = list(EQUATION.finditer(text))
    place = places[seed % len(places)]
    result = abs(int(place[5]) + slip)
    if result == int(place[5]):
        return
    changed = text[: place.start(5)] + str(result) + text[place.end(5) :]
    verdict = verify_chain(story.question, changed)
    assert (verdict.answer_correct, verdict.chain_correct, verdict.reason) == (True, False, "arith")


@given(seed=SEEDS, style=EQUATION_STYLES)
def test_a_swapped_operator_is_a_wrong_relation(seed: int, style: str) -> None:
    story = story_of(seed)
    text = written(story, style)
    places = list(EQUATION.finditer(text))
    place = places[seed % len(places)]
    other = {"+": "-", "-": "+", "*": "/", "/": "*"}[place[2]]
    verdict = verify_chain(story.question, text[: place.start(2)] + other + text[place.end(2) :])
    assert not verdict.chain_correct
    assert verdict.reason == "relation+arith"


@given(seed=SEEDS, style=EQUATION_STYLES, operand=st.sampled_from([1, 3]))
def test_a_wrong_operand_is_a_wrong_relation(seed: int, style: str, operand: int) -> None:
    story = story_of(seed)
    text = written(story, style)
    place = next(EQUATION.finditer(text))
    wrong = text[: place.start(operand)] + "97" + text[place.end(operand) :]
    assert verify_chain(story.question, wrong).reason == "relation+arith"


@given(seed=SEEDS, level=st.integers(2, 5), dropped=st.integers(0, 4))
def test_dropped_steps_are_named(seed: int, level: int, dropped: int) -> None:
    story = story_of(seed, level)
    sentences = [f"{place[0]}." for place in EQUATION.finditer(written(story, "equations"))]
    values = [story.start, *story.values]
    dropped %= level
    del sentences[dropped]
    verdict = verify_chain(story.question, f" {' '.join(sentences)} #### {story.answer}")
    assert verdict.answer_correct
    assert not verdict.chain_correct
    if dropped == level - 1:
        assert verdict.reason == "missing"
    elif values[dropped] != values[dropped + 1]:
        # The next step works on a number that nobody has derived, or on another event's.
        assert verdict.reason in ("relation", "missing")


@given(seed=SEEDS, style=st.sampled_from(sorted(STYLE_WEIGHTS)))
def test_added_steps_and_trailing_text_are_named(seed: int, style: str) -> None:
    story = story_of(seed)
    if style not in style_names(story):
        return
    text = written(story, style)
    more = verify_chain(story.question, text.replace("####", f"Now {story.answer}. ####"))
    assert (more.chain_correct, more.reason) == (False, "extra")
    trailing = verify_chain(story.question, f"{text}\nNow 1.")
    assert (trailing.answer_correct, trailing.reason) == (True, "extra")
    lengthened = verify_chain(story.question, f"{text} or so")
    assert (lengthened.answer_correct, lengthened.chain_correct) == (False, False)
    bare = verify_chain(story.question, f" #### {story.answer}")
    assert (bare.answer_correct, bare.chain_correct, bare.reason) == (True, False, "missing")


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
    assert verify_chain(story.question, wrong_value).reason == "value"
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


# Samples of an earlier pair of models, with the verdicts of the verifier that they were
# judged by then: answer right, reason. Chains are right where the reason is "ok".
FAY = "Fay has 24 books. Fay sells 13. Each costs 4 dollars. What are they worth?"
GUS = (
    "Gus has 10 hats. Gus buys 3 more. Ian eats 12. Gus gets 2 more. Gus buys 14 more. "
    "How many hats does Gus have now?"
)
PAM = (
    "Pam has 13 cups. Pam drops 6. Pam buys 2 more. Pam buys 12 more. Pam buys 15 more. "
    "How many cups does Pam have now?"
)
LEO = (
    "Leo has 18 keys. Leo doubles the keys. Cid gets 2 more. Leo makes 14 more. Leo drops 15. "
    "Leo sells 15. Leo gives half away. How many keys does Leo have now?"
)
TOYS = (
    "Gus has 27 toys. Gus finds 7 more. Gus finds 2 more. Gus gives half away. Gus sells 13. "
    "Each costs 3 dollars. What are they worth?"
)
BOB = (
    "Bob has 2 boxes of 5 eggs. Bob gives half away. Bob gets 13 more. Bob makes 12 more. "
    "Bob eats 12. Ann loses 5. How many eggs does Bob have now?"
)
DAN = (
    "Dan has 8 cups. Dan drops 4. Dan gives half away. Dan finds 14 more. "
    "How many cups does Dan have now?"
)
BOB_TOYS = "Bob has 2 boxes of 2 toys. Bob makes 9 more. Each costs 3 dollars. What are they worth?"
NED = (
    "Ned has 16 books. Ned loses 12. Ned gets 12 more. Ned gets 15 more. Ned eats 12. "
    "Ned makes 13 more. How many books does Ned have now?"
)
ANN = (
    "Ann has 2 boxes of 5 hats. Ann drops 9. Ann finds 12 more. Ann eats 2. Ann gets 6 more. "
    "How many hats does Ann have now?"
)
IAN = "Ian has 6 boxes of 3 pens. Ian eats 4. Ian buys 12 more. How many pens does Ian have now?"
CASES = [
    (FAY, " Then 24 - 13 is 9. Then 9 * 4 is 36. #### 36", False, "arith"),
    (FAY, " Then 23 - 14 is 8. Then 8 * 4 is 32. #### 32", False, "relation+arith"),
    (FAY, " 24 - 13 = 11. 11 * 4 = 44. #### 44", True, "ok"),
    (FAY, " Now 15. Now 30. #### 30", False, "value"),
    (FAY, " Then 24 - 13 is 11. Then 11 * 4 is 44. #### 44", True, "ok"),
    (GUS, " Now 11. Now 3. Now 11. #### 11", False, "value"),
    (GUS, " 10 + 3 = 13. 13 - 10 = 2. 2 * 2 = 4. #### 4", False, "relation+arith"),
    (GUS, " Then 10 + 3 is 13. Then 13 - 12 is 1. Then 1 + 1 = 3. Then 3 + 14 is 17. #### 17",
     False, "relation"),
    (PAM, " 13 - 6 = 7. 7 + 13 = 20. 25 + 13 = 38. 38 + 13 = 41. #### 41", False, "relation"),
    (PAM, " 13 + 2 = 15 in. 13 + 15 = 28. 15 + 12 = 27. #### 27", False, "relation"),
    (LEO, " 18 * 2 = 36. 36 + 2 = 38. 38 - 15 = 27. 27 - 15 = 12. 12 / 2 = 7. #### 7", False,
     "relation"),
    (LEO, " 18 * 2 = 36. 36 + 14 = 50. 50 - 15 = 35. 35 - 15 = 20. 20 / 2 = 10. #### 10", True,
     "ok"),
    (TOYS, " 27 + 7 = 34. 34 + 2 = 36. 36 / 2 = 18. 18 - 13 = 6. 6 * 3 = 18. #### 18", False,
     "arith"),
    (TOYS, " Then 27 + 7 is 34. Then 34 + 2 is 36. Then 36 / 2 is 18. Then 18 - 13 is 5. "
     "Then 5 * 3 is6. #### 36", False, "unparsed"),
    (TOYS, " Start with 27. finds: 27 + 2 = 29. finds: 29 + 2 = 31. half: 31 / 2 = 13. "
     "sells: 13 - 13 = 10. price: 10 * 3 = 30. #### 30", False, "relation"),
    (BOB, " Now 12. Now 26. Now 21. Now 14. Now 18. #### 18", True, "value"),
    (DAN, " 8 - 4 = 3. 3 / 2 = 1. 1 + 14 = 16. #### 16", True, "arith"),
    (BOB_TOYS, " Start with 2. boxes: 2 * 2 = 4. finds: 4 + 9 = 13. price: 13 * 3 = 39. #### 39",
     True, "event"),
    (NED, " 12 + 15 = 27. 27 + 12 = 39. 39 + 12 = 53. 53 - 13 = 32. #### 32", True, "relation"),
    (ANN, " Start with 2. boxes: 2 * 5 = 10. drops: 10 - 9 = 1. makes: 1 + 12 = 13. "
     "eats: 13 - 2 = 11. gets: 11 + 6 = 17. #### 17", True, "event"),
    (IAN, " Now 18. Now 26. #### 26", True, "value"),
]  # fmt: skip


@pytest.mark.parametrize(("question", "completion", "right", "reason"), CASES)
def test_completions_of_real_models(
    question: str, completion: str, right: bool, reason: str
) -> None:
    verdict = verify_chain(question, completion)
    assert (verdict.answer_correct, verdict.chain_correct, verdict.reason) == (
        right,
        reason == "ok",
        reason,
    )


ENDINGS = ["", " ", ".", "\n", "\n\nQ: Kim", " eggs", ".5", "0", "x", " #### 1", " ####", "\n####"]


@given(seed=SEEDS, ending=st.sampled_from(ENDINGS), boxed=st.booleans())
def test_the_answer_grader_and_the_verifier_find_the_same_answers(
    seed: int, ending: str, boxed: bool
) -> None:
    story = story_of(seed)
    text, _ = noisy_solution(story, random.Random(seed + 1))
    if boxed:
        text = text.replace("#### ", r"\boxed{") + "}"
    verdict = verify_chain(story.question, text + ending)
    graded = grade_completion(str(story.answer), text + ending, "hash")
    assert verdict.answer_correct == (graded.outcome == "correct")


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
