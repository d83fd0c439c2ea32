"""The OpenAI protocol, completions and chat: what is asked, and how an answer is taken.

Pure functions; `connection` does the talking. An answer is a stranger's data: a body that is
not what the protocol says is a passing trouble, whatever it holds instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.errors import EnvironmentFailure
from harness.generators.jobs import Answer, Completion, DecodingSettings, Request
from harness.generators.statuses import PassingTrouble, shown

# Names with the day or number of a version behind them: gpt-4o-2024-08-06, gemini-1.5-pro-002.
_VERSION = re.compile(r"[-@:]\d{3,8}(-\d{2}){0,2}")
_MOST_TOKENS = 2**31 - 1
_LONGEST_REASON = 64
# What vLLM's server takes from the model's own generation_config.json unless it is told.
_VLLM_NEUTRAL = {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0}


@dataclass(frozen=True)
class Dialect:
    """How one server wants to be asked, as far as that was found out.

    Attributes:
        protocol: whether the prompt is continued, or sent as a user's message.
        model: the model's name there.
        is_vllm: whether it is vLLM's own server.
        answers_as: the model's name in the answers; None before the first one.
        length_key: the parameter that bounds a completion.
        largest_n: most samples in one request; None without a bound.
        omitted: parameters that it refuses and that change nothing when they are left out.
    """

    protocol: Literal["completions", "chat"]
    model: str
    is_vllm: bool = False
    answers_as: str | None = None
    length_key: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    largest_n: int | None = None
    omitted: frozenset[str] = frozenset()

    @property
    def takes_lists(self) -> bool:
        """Whether one request may hold several prompts.

        For vLLM's completions alone, and of use for greedy decoding alone: of a seeded list
        every prompt starts again at the same seed, so its draws would not be the pool's.
        """
        return self.is_vllm and self.protocol == "completions"


@dataclass(frozen=True)
class Reply:
    """What a server's answer holds.

    Attributes:
        answers: per request that was answered, its completions as far as they have no gap.
        discarded_tokens: tokens of completions that nobody asked for.
        counted: whether the server says how many tokens it took.
        model: the model's name in the answer; None without one.
    """

    answers: tuple[Answer, ...]
    discarded_tokens: int
    counted: bool
    model: str | None

    @property
    def completion_tokens(self) -> int:
        """Tokens of all completions that are kept."""
        return sum(one.tokens or 0 for answer in self.answers for one in answer.completions)


class AnotherModel(EnvironmentFailure):
    """A server that answered as a model that was not asked.

    Attributes:
        prompt_tokens, completion_tokens: what that took, as the server says.
    """

    def __init__(self, message: str, advice: str, prompt_tokens: int, completion_tokens: int):
        super().__init__(message, advice)
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens


def request_body(
    decoding: DecodingSettings, dialect: Dialect, requests: Sequence[Request]
) -> dict[str, Any]:
    """The JSON body that asks for all samples of the requests at once.

    Args:
        decoding: how completions are drawn.
        dialect: the server's.
        requests: one, or several unseeded ones where `dialect.takes_lists`.
    """
    first = requests[0]
    body: dict[str, Any] = {"model": dialect.model, **_prompts(dialect, requests)}
    if first.count > 1:
        body["n"] = first.count
    body[dialect.length_key] = decoding.max_tokens
    body["temperature"] = decoding.temperature
    if dialect.is_vllm:
        body |= _VLLM_NEUTRAL
        body["return_token_ids"] = True  # Else the tokens of single samples are unknown.
    body["top_p"] = decoding.top_p
    if decoding.top_k is not None:
        body["top_k"] = decoding.top_k
    if decoding.stop:
        body["stop"] = list(decoding.stop)
    if first.seed is not None:
        body["seed"] = first.seed
    return {key: value for key, value in body.items() if key not in dialect.omitted}


def _prompts(dialect: Dialect, requests: Sequence[Request]) -> dict[str, Any]:
    if dialect.protocol == "chat":
        return {"messages": [{"role": "user", "content": requests[0].prompt}]}
    prompts = [request.prompt for request in requests]
    return {"prompt": prompts[0] if len(prompts) == 1 else prompts}


def reply_of(
    requests: Sequence[Request], text: str, *, dialect: Dialect, endpoint: str, seconds: float
) -> Reply:
    """The completions in a server's answer, as far as they have no gap.

    Args:
        requests: what was asked; the choices of several are flat, request after request.
        text: the body of the answer.
        dialect: the server's.
        endpoint: what the samples name as who answered.
        seconds: from the start of the request to its end.

    Raises:
        PassingTrouble: the body is not what the protocol says, or holds no completion.
        AnotherModel: another model answered.
    """
    document = _object(text)
    try:
        usage = _Usage(document)
        model = _checked_model(document, dialect, endpoint, usage)
        choices = _choices(document)
        asked = requests[0].count
        groups = [_without_gap(choices, number * asked, asked) for number in range(len(requests))]
        counts = _token_counts(choices, usage)
        texts = {index: _text(choice) for index, choice in choices.items()}
        answers = tuple(
            Answer(
                request=request,
                completions=tuple(
                    Completion(texts[index], _reason(choices[index]), counts[index])
                    for index in group
                ),
                prompt_tokens=_prompt_tokens(choices[group[0]], request, requests, usage),
                cached_tokens=usage.cached_tokens if len(requests) == 1 else None,
                seconds=seconds,
                endpoint=endpoint,
            )
            for request, group in zip(requests, groups, strict=True)
            if group
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _not_an_answer(text) from error
    if not answers:
        raise PassingTrouble(f"an answer without completions: {shown(text)}", perhaps_done=True)
    kept = {index for group in groups for index in group}
    discarded = sum(counts[index] or 0 for index in choices if index not in kept)
    counted = None not in (usage.prompt_tokens, usage.completion_tokens)
    return Reply(answers, discarded, counted, model)


class _Usage:
    """The tokens that a server says it took; None where it does not."""

    def __init__(self, document: dict[str, Any]) -> None:
        usage = document.get("usage") or {}
        details = usage.get("prompt_tokens_details") or {}
        self.prompt_tokens = _count(usage.get("prompt_tokens"))
        self.completion_tokens = _count(usage.get("completion_tokens"))
        cached = _count(details.get("cached_tokens"))
        self.cached_tokens = 0 if cached is None and usage else cached


def _count(value: Any) -> int | None:
    if value is None:
        return None
    number = int(value)
    if not 0 <= number <= _MOST_TOKENS:
        raise ValueError(f"{number} tokens")
    return number


def _checked_model(
    document: dict[str, Any], dialect: Dialect, endpoint: str, usage: _Usage
) -> str | None:
    answered = document.get("model")
    wanted = dialect.answers_as or dialect.model
    if not isinstance(answered, str):
        return None
    if not is_same_model(wanted, answered):
        raise AnotherModel(
            f"{endpoint} was asked for the model {wanted} and answered as {shown(answered)}.",
            "Point the recipe to a server that serves this model alone under this name; where "
            "the name is only spelt otherwise, give it as `execution.endpoints.….answers_as`.",
            usage.prompt_tokens or 0,
            usage.completion_tokens or 0,
        )
    return answered


def is_same_model(asked: str, answered: str) -> bool:
    """Whether a name in an answer is the name that was asked for, or a dated version of it."""
    asked = asked.removeprefix("models/").removesuffix("-latest")
    answered = answered.removeprefix("models/").removesuffix("-latest")
    rest = answered.removeprefix(asked)
    return answered == asked or (rest != answered and bool(_VERSION.fullmatch(rest)))


def _choices(document: dict[str, Any]) -> dict[int, dict[str, Any]]:
    found = {int(choice["index"]): choice for choice in document["choices"]}
    return dict(sorted(found.items()))


def _without_gap(choices: dict[int, dict[str, Any]], first: int, count: int) -> list[int]:
    indices: list[int] = []
    while len(indices) < count and first + len(indices) in choices:
        indices.append(first + len(indices))
    return indices


def _text(choice: dict[str, Any]) -> str:
    message = choice.get("message")
    text = choice["text"] if message is None else message.get("content") or ""
    if not isinstance(text, str):
        raise TypeError("a completion that is no text")
    return text


def _reason(choice: dict[str, Any]) -> str:
    reason = choice.get("finish_reason")
    sound = isinstance(reason, str) and reason.isprintable() and len(reason) <= _LONGEST_REASON
    return reason if reason and sound else "unknown"


def _prompt_tokens(
    choice: dict[str, Any], request: Request, requests: Sequence[Request], usage: _Usage
) -> int | None:
    """The prompt's own tokens; its share by length where a list's are only summed up."""
    if len(requests) == 1 or usage.prompt_tokens is None:
        return usage.prompt_tokens
    ids = choice.get("prompt_token_ids")
    if isinstance(ids, list):
        return len(ids)
    lengths = sum(len(one.prompt) + 1 for one in requests)
    return usage.prompt_tokens * (len(request.prompt) + 1) // lengths


def _token_counts(choices: dict[int, dict[str, Any]], usage: _Usage) -> dict[int, int | None]:
    """Tokens of each completion: counted where the server sends them, else shares of the sum."""
    ids = {index: choice.get("token_ids") for index, choice in choices.items()}
    if all(isinstance(one, list) for one in ids.values()):
        return {index: len(one) for index, one in ids.items() if isinstance(one, list)}
    if usage.completion_tokens is None:
        return dict.fromkeys(choices, None)
    lengths = {index: len(_text(choice)) + 1 for index, choice in choices.items()}
    counts: dict[int, int | None] = {}
    given = seen = 0
    for index, length in lengths.items():
        seen += length
        share = usage.completion_tokens * seen // sum(lengths.values())
        counts[index] = share - given
        given = share
    return counts


def _object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise _not_an_answer(text)
    return document


def _not_an_answer(text: str) -> PassingTrouble:
    return PassingTrouble(f"not an answer of the protocol: {shown(text)}", perhaps_done=True)
