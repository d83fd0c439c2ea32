"""What the Hub's client does not say by itself: whether the Hub can be reached at all.

For each file it tries for half a minute, and for minutes where packets are dropped, before it
gives up; who only wants to know asks once.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cache

_CONNECT_SECONDS = 4
_TRANSPORTS = ("httpx", "httpx2", "httpcore", "httpcore2")


def is_transport_error(error: Exception) -> bool:
    """Whether the client's transport raised it: its errors are no OSError."""
    return type(error).__module__.split(".")[0] in _TRANSPORTS


def first_line(error: BaseException) -> str:
    """What an error of the client says; the rest is for debugging."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def why_unreachable() -> str | None:
    """Why the Hub does not answer; None where it does, whatever it says.

    Asked once in a process, by the client's own session, so that HF_ENDPOINT, HF_HUB_OFFLINE and
    proxies count. The Hub, or the proxy on the way, has 4 seconds to take a connection, and the
    Hub HF_HUB_ETAG_TIMEOUT seconds to answer.
    """
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    return _why_unreachable(constants.ENDPOINT)


@cache
def _why_unreachable(endpoint: str) -> str | None:
    steps = {step: threading.Event() for step in ("started", "complete")}
    found: list[str | None] = []

    def ask() -> None:
        """Waits for the answer, or for the failure, and lets nobody wait longer."""
        found.append(_failure_of(endpoint, steps))
        for step in steps.values():
            step.set()

    # A time-out of the transport's holds for each address of a host, and for no look-up of a name.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    steps["started"].wait()
    if not steps["complete"].wait(_CONNECT_SECONDS):
        return f"{endpoint} takes no connection within {_CONNECT_SECONDS} seconds"
    asking.join()
    return found[0]


def _failure_of(endpoint: str, steps: Mapping[str, threading.Event]) -> str | None:
    """Why there is no answer; the steps of the connection are set as they come."""
    from huggingface_hub import constants, get_session

    def trace(event: str, _: object) -> None:
        """Told by the transport of each step."""
        action, _, step = event.rpartition(".")
        if action == "connection.connect_tcp" and step in steps:
            steps[step].set()

    try:
        get_session().head(
            endpoint,
            timeout=constants.HF_HUB_ETAG_TIMEOUT,
            follow_redirects=False,
            extensions={"trace": trace},
        )
    # An address of a proxy that makes no sense is a ValueError, one that needs another package an
    # ImportError: whatever it is, the client gets no further.
    except Exception as error:  # noqa: BLE001
        return f"{endpoint} cannot be reached ({first_line(error)})"
    return None
