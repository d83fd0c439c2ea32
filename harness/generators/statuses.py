"""What a server's answer that is no success means: ask again, never ask again, or stop.

Pure functions and errors, after RFC 9110 (statuses, `Retry-After`) and the error object of the
OpenAI protocol.
"""

from __future__ import annotations

import datetime
import email.utils
import json
from collections.abc import Mapping
from typing import Any

from harness.errors import EnvironmentFailure

_SHOWN_CHARACTERS = 200
_LONGEST_WAIT_SECONDS = 600.0
_BUSY = {425, 429, 503, 529}
_PASSING = {408, 409} | _BUSY
# The work was perhaps done, and only its answer was lost on the way through a proxy.
_PERHAPS_DONE = {408, 502, 504, 520, 522, 524}
_ABOUT_THE_PROMPT = {400, 413, 422}


class PassingTrouble(Exception):
    """A request that may succeed when it is repeated.

    Attributes:
        wait_seconds: how long the server asks to wait; 0 if it does not say.
        busy: whether the server has too much to do, so that less should be asked at once.
        away: whether there was no connection at all.
        timed_out: whether nothing came in the time that there was.
        perhaps_done: whether the server may have done the work, and billed it.
    """

    def __init__(
        self,
        message: str,
        wait_seconds: float = 0.0,
        *,
        busy: bool = False,
        away: bool = False,
        timed_out: bool = False,
        perhaps_done: bool = False,
    ) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds
        self.busy = busy
        self.away = away
        self.timed_out = timed_out
        self.perhaps_done = perhaps_done


class Refused(Exception):
    """A request that the server will never answer."""


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
        raise PassingTrouble(
            f"HTTP {status}: {words}",
            retry_after(headers),
            busy=status in _BUSY,
            perhaps_done=status in _PERHAPS_DONE,
        )
    if status in _ABOUT_THE_PROMPT:
        raise Refused(words)
    if status in (401, 403):
        raise EnvironmentFailure(
            f"{url} refuses access (HTTP {status}): {words}",
            "Name the variable that holds the key in `execution.endpoints.….api_key_variable`.",
        )
    raise EnvironmentFailure(
        f"{url} answered with HTTP {status}: {words}",
        "Check `execution.endpoints`: the address up to and with /v1, the model's name there, "
        "and whether it speaks the `protocol` (completions or chat).",
    )


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that `Retry-After` asks to wait (a number or a date); 0 without one."""
    value = headers.get("Retry-After", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = email.utils.parsedate_to_datetime(value)
            seconds = (moment - datetime.datetime.now(moment.tzinfo)).total_seconds()
        except (ValueError, OverflowError):
            return 0.0
    return min(max(seconds, 0.0), _LONGEST_WAIT_SECONDS) if seconds == seconds else 0.0


def error_words(text: str) -> str:
    """What a server says about an error, without the JSON around it."""
    message: Any = None
    try:
        document = json.loads(text)
        error = document.get("error", document)
        message = error.get("message") if isinstance(error, dict) else error
    except (ValueError, AttributeError, RecursionError):
        pass
    return shown(message if isinstance(message, str) else text)


def shown(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text[: 10 * _SHOWN_CHARACTERS].split()) or "(nothing)"
    return line if len(line) <= _SHOWN_CHARACTERS else line[: _SHOWN_CHARACTERS - 1] + "…"
