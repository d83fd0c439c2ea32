"""Books what one server's requests took that brought no sample of its own."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from harness.generators.flights import Flight, Landed, spent_line, trial_line, worst_lines
from harness.generators.protocol import AnotherModel
from harness.generators.servers import Server
from harness.generators.spending import Purse

if TYPE_CHECKING:
    from harness.generators.endpoint import Drawing

_NONE = Fraction(0)


class ServerBooks:
    """Keeps the books of one server.

    Args:
        url: the server's address, as ledgers name it.
        drawing: the draw that it takes part in.
        purse: pays for its requests; None where nobody does.
        is_priced: whether its tokens have a price.
    """

    def __init__(self, url: str, drawing: Drawing, purse: Purse | None, *, is_priced: bool) -> None:
        self._url = url
        self._drawing = drawing
        self._purse = purse
        self._is_priced = is_priced
        self._longest = drawing.draw.job.decoding.max_tokens

    def lost(self, flight: Flight, server: Server | None, why: str) -> None:
        """Books a request that brought nothing and may have been done all the same."""
        # Lost work is known to have been done where it is billed, or vLLM computed it.
        done = self._is_priced or (server is not None and server.dialect.is_vllm)
        lines = worst_lines(flight, self._url, self._longest, why) if done else []
        self._drawing.land(Landed((), tuple(lines), flight.reservation, flight.set_aside))

    def other_model(self, flight: Flight, error: AnotherModel) -> None:
        """Books a request that another model answered."""
        line = spent_line(
            flight, self._url, error.prompt_tokens, error.completion_tokens,
            "discarded: another model answered",
        )  # fmt: skip
        cost = self._purse.cost_of([line]) if self._purse is not None else _NONE
        self._drawing.land(Landed((), (line,), flight.reservation, cost))

    def trial(self, server: Server) -> None:
        """Books the trial by which a server was looked at."""
        if self._is_priced:
            first = self._drawing.draw.job.problems[0].id
            tokens = server.trial_prompt_tokens, server.trial_completion_tokens
            self._drawing.land(Landed((), (trial_line(first, self._url, *tokens),), None, _NONE))
