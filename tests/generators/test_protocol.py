"""The protocol as pure functions: an answer is a stranger's data, and is sorted or refused."""

from __future__ import annotations

import datetime
import email.utils
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import EnvironmentFailure
from harness.generators.jobs import DecodingSettings, Request
from harness.generators.protocol import (
    AnotherModel,
    Dialect,
    Reply,
    is_same_model,
    reply_of,
    request_body,
)
from harness.generators.statuses import (
    PassingTrouble,
    Refused,
    check_status,
    error_words,
    retry_after,
    shown,
)
from tests.generators.fault_server import honest, text_for

DECODING = DecodingSettings(0.7, None, 1.0, 48, ())
ONE = Request("p", "Q: 1\nA:", 3, 4, 17)
HOSTED = Dialect("completions", "m")
VLLM = Dialect("completions", "m", is_vllm=True)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
CHOICES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "index": st.integers(-2, 6) | JSON,
            "text": st.text(max_size=5) | JSON,
            "finish_reason": st.sampled_from(["stop", "length", None]) | JSON,
            "token_ids": st.lists(st.integers(0, 9), max_size=4) | JSON,
            "message": st.fixed_dictionaries({"content": st.text(max_size=5)}) | JSON,
        },
    ),
    max_size=6,
)
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "model": st.just("m") | JSON,
        "choices": CHOICES | JSON,
        "usage": st.fixed_dictionaries(
            {},
            optional={
                "prompt_tokens": st.integers() | JSON,
                "completion_tokens": st.integers() | JSON,
                "prompt_tokens_details": JSON,
            },
        )
        | JSON,
    },
)


def taken(document: Any, *requests: Request, dialect: Dialect = HOSTED) -> Reply:
    text = document if isinstance(document, str) else json.dumps(document)
    return reply_of(requests or [ONE], text, dialect=dialect, endpoint="http://s", seconds=0.5)


@given(ANSWERS | JSON)
def test_whatever_comes_is_an_answer_or_a_passing_trouble(document: Any) -> None:
    try:
        reply = taken(document)
    except (PassingTrouble, AnotherModel):
        return
    (answer,) = reply.answers
    assert 1 <= len(answer.completions) <= 4
    assert reply.discarded_tokens >= 0
    for sample in answer.samples():
        assert isinstance(sample.completion, str) and sample.finish_reason.isprintable()
        for tokens in (sample.prompt_tokens, sample.completion_tokens, sample.cached_tokens):
            assert tokens is None or 0 <= tokens < 2**31


@given(st.text())
def test_bodies_that_are_no_json(text: str) -> None:
    try:
        taken(text)
    except PassingTrouble as trouble:
        assert trouble.perhaps_done  # A success was said: it may be billed.
    error_words(text)
    assert len(shown(text)) <= 200 and "\n" not in shown(text)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"choices": ' + "9" * 10_000])
def test_bodies_made_to_hurt(text: str) -> None:
    with pytest.raises(PassingTrouble):
        taken(text)
    error_words(text)


@given(st.integers(1, 6), st.integers(1, 9))
def test_choices_are_put_in_their_places(asked: int, given_choices: int) -> None:
    one = Request("p", "Q", 0, asked, 5)
    body = request_body(DECODING, HOSTED, [one])
    reply = taken(honest(body, given_choices), one)
    kept = min(asked, given_choices)
    samples = reply.answers[0].samples()
    assert [sample.completion for sample in samples] == [text_for("Q", 5 + i) for i in range(kept)]
    assert [sample.seed for sample in samples] == [5 + i for i in range(kept)]
    assert reply.completion_tokens == 11 * kept
    assert reply.discarded_tokens == 11 * (given_choices - kept)


def test_a_gap_ends_what_is_kept_and_the_rest_was_for_nothing() -> None:
    document = honest(request_body(DECODING, HOSTED, [ONE]))
    document["choices"] = [one for one in document["choices"] if one["index"] != 1]
    document["usage"]["completion_tokens"] = 33
    reply = taken(document)
    assert len(reply.answers[0].completions) == 1
    assert (reply.completion_tokens, reply.discarded_tokens) == (11, 22)


def test_lists_are_flat_and_every_prompt_has_its_own_tokens() -> None:
    requests = [Request(f"p{number}", "x" * number, 0, 1, None) for number in range(1, 5)]
    body = request_body(DECODING, VLLM, requests)
    assert body["prompt"] == ["x", "xx", "xxx", "xxxx"] and "n" not in body
    document = honest(body)
    for choice in document["choices"]:
        choice["token_ids"] = [0] * (choice["index"] + 1)
        choice["prompt_token_ids"] = [0] * (10 + choice["index"])
    document["choices"] = [one for one in document["choices"] if one["index"] != 2]
    reply = taken(document, *requests, dialect=VLLM)
    assert [answer.request.problem_id for answer in reply.answers] == ["p1", "p2", "p4"]
    assert [answer.prompt_tokens for answer in reply.answers] == [10, 11, 13]
    assert [answer.completions[0].tokens for answer in reply.answers] == [1, 2, 4]
    assert [answer.completions[0].text for answer in reply.answers] == [
        text_for("x" * number, 0) for number in (1, 2, 4)
    ]


def test_bodies_say_what_vllm_would_take_from_the_models_files() -> None:
    assert request_body(DECODING, HOSTED, [ONE]) == {
        "model": "m", "prompt": "Q: 1\nA:", "n": 4, "max_tokens": 48, "temperature": 0.7,
        "top_p": 1.0, "seed": 17,
    }  # fmt: skip
    body = request_body(DECODING, VLLM, [ONE])
    assert (body["top_k"], body["min_p"], body["repetition_penalty"]) == (-1, 0.0, 1.0)
    narrow = DecodingSettings(0.7, 5, 0.9, 48, ("\n",))
    assert request_body(narrow, VLLM, [ONE])["top_k"] == 5


@pytest.mark.parametrize(
    ("asked", "answered", "same"),
    [
        ("m", "m", True),
        ("gpt-4o", "gpt-4o-2024-08-06", True),
        ("claude", "claude@20240620", True),
        ("gpt-4", "gpt-4o", False),
        ("gpt-4", "gpt-4-32k", False),
        ("llama-3", "llama-3.1", False),
        ("llama-3", "llama-3-70b-001", False),
        ("m", "", False),
        ("", "m", False),
    ],
)
def test_names_of_models(asked: str, answered: str, same: bool) -> None:
    assert is_same_model(asked, answered) is same


def test_retry_after_in_seconds_and_as_a_date() -> None:
    now = datetime.datetime.now(datetime.UTC)
    later = email.utils.format_datetime(now + datetime.timedelta(seconds=90), usegmt=True)
    earlier = email.utils.format_datetime(now - datetime.timedelta(seconds=90), usegmt=True)
    assert retry_after({"Retry-After": "2.5"}) == 2.5
    assert 85 < retry_after({"Retry-After": later}) <= 90
    for nonsense in (earlier, "-3", "soon", "", "nan", "Wed, 99 Foo 2024"):
        assert retry_after({"Retry-After": nonsense}) == 0.0
    assert retry_after({"Retry-After": "1e9"}) == retry_after({"Retry-After": "inf"}) == 600.0


@given(st.text(max_size=40))
def test_any_retry_after_is_a_bounded_wait(value: str) -> None:
    assert 0.0 <= retry_after({"Retry-After": value}) <= 600.0


@pytest.mark.parametrize(
    ("status", "kind", "busy", "perhaps_done"),
    [
        (429, PassingTrouble, True, False),
        (503, PassingTrouble, True, False),
        (500, PassingTrouble, False, False),
        (502, PassingTrouble, False, True),
        (504, PassingTrouble, False, True),
        (408, PassingTrouble, False, True),
        (400, Refused, None, None),
        (413, Refused, None, None),
        (401, EnvironmentFailure, None, None),
        (402, EnvironmentFailure, None, None),
        (404, EnvironmentFailure, None, None),
    ],
)
def test_statuses(
    status: int, kind: type[Exception], busy: bool | None, perhaps_done: bool | None
) -> None:
    with pytest.raises(kind, match="the words") as sorted_as:
        check_status(status, {}, '{"error": {"message": "the words"}}', "http://s")
    if isinstance(sorted_as.value, PassingTrouble):
        assert (sorted_as.value.busy, sorted_as.value.perhaps_done) == (busy, perhaps_done)
