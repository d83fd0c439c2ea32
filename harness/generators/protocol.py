"""The OpenAI completions protocol: what is asked, and how an answer is to be taken.

Pure functions and errors; `endpoint` does the talking. A server's answer is one of four
things: completions, a passing trouble (asked again), a refusal of one problem for good
(recorded), or something that no repetition mends (the work stops and says what it was).
"""

from __future__ import annotations

import datetime
import email.utils
import json
from collections.abc import Mapping
from typing import Any

from harness.errors import EnvironmentFailure
from harness.generators.jobs import Answer, Completion, PoolJob, Request

_SHOWN_CHARACTERS = 200
_LONGEST_WAIT_SECONDS = 600.0
_PASSING = {408, 409, 425, 429}
_ABOUT_THE_PROMPT = {400, 413, 422}


class PassingTrouble(Exception):
    """A request that may succeed when it is repeated.

    Attributes:
        wait_seconds: how long the server asks to wait; 0 if it does not say.
    """

    def __init__(self, message: str, wait_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class Refused(Exception):
    """A request that the server will never answer."""


def request_body(job: PoolJob, model: str, request: Request, *, is_vllm: bool) -> dict[str, Any]:
    """The JSON body that asks for all samples of a request at once."""
    decoding = job.decoding
    body: dict[str, Any] = {
        "model": model,
        "prompt": request.prompt,
        "n": request.count,
        "max_tokens": decoding.max_tokens,
        "temperature": decoding.temperature,
        "top_p": decoding.top_p,
    }
    if decoding.top_k is not None:
        body["top_k"] = decoding.top_k
    if decoding.stop:
        body["stop"] = list(decoding.stop)
    if request.seed is not None:
        body["seed"] = request.seed
    if is_vllm:
        body["return_token_ids"] = True  # Else the tokens of single samples are unknown.
    return body


def check_status(status: int, headers: Mapping[str, str], text: str, url: str) -> None:
    """Sorts answers that are not a success.

    Raises:
        PassingTrouble: 429, 5xx and the like, with the wait that `Retry-After` asks for.
        Refused: the server finds fault with this request.
        EnvironmentFailure: the key, the model or the address is wrong.
    """
    if status < 300:
        return
    words = error_words(text)
    if status in _PASSING or status >= 500:
        raise PassingTrouble(f"HTTP {status}: {words}", retry_after(headers))
    if status in _ABOUT_THE_PROMPT:
        raise Refused(words)
    if status in (401, 403):
        raise EnvironmentFailure(
            f"{url} refuses access (HTTP {status}): {words}",
            "Name the variable that holds the key in `execution.endpoints.….api_key_variable`.",
        )
    raise EnvironmentFailure(
        f"{url} answered with HTTP {status}: {words}",
        "Check `execution.endpoints`: the address up to and with /v1, and the model's name there.",
    )


def answer_of(request: Request, text: str, *, model: str, endpoint: str, seconds: float) -> Answer:
    """The completions in a server's answer, as far as they have no gap.

    Raises:
        PassingTrouble: the body is not what the protocol says, or holds no completion.
        EnvironmentFailure: another model answered.
    """
    document = _object(text)
    answered = document.get("model")
    if isinstance(answered, str) and not answered.startswith(model):
        raise EnvironmentFailure(
            f"{endpoint} was asked for the model {model} and answered as {answered}.",
            "Point the recipe to a server that serves this model alone under this name.",
        )
    try:
        choices = {int(choice["index"]): choice for choice in document["choices"]}
        found: list[dict[str, Any]] = []
        while len(found) < request.count and len(found) in choices:
            found.append(choices[len(found)])
        texts = [(str(one["text"]), str(one.get("finish_reason") or "unknown")) for one in found]
        usage = document.get("usage") or {}
        total = int(usage.get("completion_tokens") or 0)
        details = usage.get("prompt_tokens_details") or {}
        prompt_tokens = int(usage.get("prompt_tokens") or 0)
        cached_tokens = int(details.get("cached_tokens") or 0)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PassingTrouble(f"not an answer of the protocol: {shown(text)}") from error
    if not texts:
        raise PassingTrouble(f"an answer without completions: {shown(text)}")
    counts = _token_counts(found, total)
    return Answer(
        request=request,
        completions=tuple(
            Completion(text, reason, count)
            for (text, reason), count in zip(texts, counts, strict=True)
        ),
        prompt_tokens=prompt_tokens,
        cached_tokens=cached_tokens,
        seconds=seconds,
        endpoint=endpoint,
    )


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that `Retry-After` asks to wait (a number or a date); 0 without one."""
    value = headers.get("Retry-After", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = email.utils.parsedate_to_datetime(value)
        except ValueError:
            return 0.0
        seconds = (moment - datetime.datetime.now(moment.tzinfo)).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_WAIT_SECONDS) if seconds == seconds else 0.0


def error_words(text: str) -> str:
    """What a server says about an error, without the JSON around it."""
    try:
        document = json.loads(text)
        error = document.get("error", document)
        message = error.get("message") if isinstance(error, dict) else error
    except (ValueError, AttributeError):
        message = None
    return shown(message if isinstance(message, str) else text)


def shown(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.split()) or "(nothing)"
    return line if len(line) <= _SHOWN_CHARACTERS else line[: _SHOWN_CHARACTERS - 1] + "…"


def _object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise PassingTrouble(f"not an answer of the protocol: {shown(text)}")
    return document


def _token_counts(choices: list[dict[str, Any]], total: int) -> list[int]:
    """Tokens of each completion: counted where the server sends them, else shares of the sum."""
    ids = [choice.get("token_ids") for choice in choices]
    if all(isinstance(one, list) for one in ids):
        return [len(one) for one in ids if isinstance(one, list)]
    lengths = [len(str(choice["text"])) + 1 for choice in choices]
    counts, given, seen = [], 0, 0
    for length in lengths:
        seen += length
        share = total * seen // sum(lengths)
        counts.append(share - given)
        given = share
    return counts
