"""A spending limit that is not passed: what a request may cost is set aside before it is sent.

One account serves all pools of a run. It begins with what their ledgers say was spent, so a
restart goes on counting; when a request is over, what it really took replaces what was set
aside. A request whose answer was lost counts as what it can have cost at most.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from harness.budget.spending import TokenPrices, exact, shown_dollars, token_prices
from harness.errors import EnvironmentFailure, InputError, Issues
from harness.generators.flights import Flight, worst_lines
from harness.generators.jobs import PoolJob, Request
from harness.generators.protocol import Reply
from harness.generators.reservations import ReservationJournal
from harness.pool import LedgerLine, Pool
from harness.pool.identity import IDENTITY_FILE, read_identity
from harness.recipe import SIDES, ModelCard
from harness.run_folder import RunFolder


@dataclass(frozen=True)
class Reservation:
    """Dollars set aside for one request."""

    number: int
    amount: Fraction


class SpendingAccount:
    """Dollars spent, set aside and left; safe to use from several threads.

    Args:
        limit: dollars that may be spent in all.
        spent: dollars that earlier work has cost.
        journal: keeps what is set aside, in case that this process is killed.
    """

    def __init__(
        self,
        limit: Fraction,
        spent: Fraction = Fraction(0),
        journal: ReservationJournal | None = None,
    ) -> None:
        self.limit = limit
        self._spent = spent
        self._reserved = Fraction(0)
        self._open: set[int] = set()
        self._number = 0
        self._journal = journal
        self._lock = threading.Lock()

    @property
    def spent(self) -> Fraction:
        """Dollars that finished requests have cost."""
        return self._spent

    @property
    def left(self) -> Fraction:
        """Dollars that are neither spent nor set aside."""
        with self._lock:
            return self.limit - self._spent - self._reserved

    @property
    def idle(self) -> bool:
        """Whether nothing is set aside for a request on its way."""
        return not self._open

    def reserve(
        self, amount: Fraction, pool: Path | None = None, lines: Sequence[LedgerLine] = ()
    ) -> Reservation | None:
        """Sets dollars aside for a request; None, and nothing, if that many are not left.

        Args:
            amount: dollars that the request can cost at most.
            pool: the folder whose ledger it belongs to.
            lines: what to book there if this process is killed before `settle`.
        """
        with self._lock:
            if self._spent + self._reserved + amount > self.limit:
                return None
            self._number += 1
            self._reserved += amount
            self._open.add(self._number)
            if self._journal is not None and pool is not None:
                self._journal.add(self._number, pool, lines)
            return Reservation(self._number, amount)

    def settle(self, reservation: Reservation, cost: Fraction) -> None:
        """Ends a request: `cost` is what it took of the dollars set aside."""
        with self._lock:
            self._open.remove(reservation.number)
            self._reserved -= reservation.amount
            self._spent += cost
            if self._journal is not None:
                self._journal.strike(reservation.number)

    def close(self) -> None:
        """Closes the journal."""
        if self._journal is not None:
            self._journal.close()


@dataclass(frozen=True)
class Purse:
    """An account, and the prices under which one job draws on it."""

    account: SpendingAccount
    prices: TokenPrices
    pool: Path

    def worst_cost(self, requests: Sequence[Request], max_tokens: int) -> Fraction:
        """Dollars that the requests can cost at most."""
        return sum(
            (self.prices.worst_cost(one.prompt, one.count, max_tokens) for one in requests),
            Fraction(0),
        )

    def reserve(self, requests: Sequence[Request], url: str, max_tokens: int) -> Reservation | None:
        """Sets aside what the requests can cost; None if that is not left."""
        lines = worst_lines(
            Flight(requests), url, max_tokens, "failed: the harness was killed while it waited"
        )
        return self.account.reserve(self.worst_cost(requests, max_tokens), self.pool, lines)

    def affordable(self, request: Request, max_tokens: int) -> int:
        """How many samples of a request are paid for by what is left, at the worst."""
        prompt = self.prices.worst_cost(request.prompt, 0, max_tokens)
        each = self.prices.worst_cost(request.prompt, 1, max_tokens) - prompt
        return max(0, int((self.account.left - prompt) // each))

    def cost_of(self, lines: Iterable[LedgerLine]) -> Fraction:
        """Dollars for what a ledger holds."""
        return cost_of(self.prices, lines)

    def reply_cost(self, reply: Reply) -> Fraction:
        """Dollars for an answer, by the tokens that the server counted."""
        return self.prices.cost(
            sum(answer.prompt_tokens or 0 for answer in reply.answers),
            sum(answer.cached_tokens or 0 for answer in reply.answers),
            reply.completion_tokens + reply.discarded_tokens,
        )

    def exhausted(self, job: PoolJob, request: Request, samples_left: int) -> EnvironmentFailure:
        """The message that the limit does not allow `request`."""
        account, most = self.account, job.decoding.max_tokens
        needed = self.prices.worst_cost(request.prompt, 1, most)
        prompt = self.prices.worst_cost(request.prompt, 0, most)
        problems_left = -(-samples_left // job.samples_per_problem)
        rest = problems_left * prompt + samples_left * (needed - prompt)
        spent, one, all_of_it = (
            shown_dollars(amount, upwards=True) for amount in (account.spent, needed, rest)
        )
        return EnvironmentFailure(
            f"{job.label or job.model.label}: the spending limit of "
            f"{shown_dollars(account.limit)} allows no more requests: {spent} is spent, one more "
            f"sample may cost {one}, and the {samples_left:,} that are left about {all_of_it} at "
            "the worst.",
            "All finished samples are safe. Give a higher --spending-limit DOLLARS to go on; what "
            "is spent already counts.",
        )


def cost_of(prices: TokenPrices, lines: Iterable[LedgerLine]) -> Fraction:
    """Dollars for what a ledger holds."""
    return sum(
        (
            prices.cost(line.prompt_tokens, line.cached_tokens, line.completion_tokens)
            for line in lines
        ),
        Fraction(0),
    )


def purses_of(jobs: Sequence[PoolJob], account: SpendingAccount | None) -> dict[Path, Purse]:
    """By pool, the purse of every job that a billed endpoint draws.

    Raises:
        InputError: a job's model has no prices; all such models are named.
    """
    purses: dict[Path, Purse] = {}
    issues = Issues()
    for job in jobs if account is not None else ():
        if account is not None and any(endpoint.billed for endpoint in job.endpoints):
            try:
                purses[job.folder] = Purse(account, token_prices(job.model), job.folder)
            except InputError as error:
                issues.add(job.label or job.model.label, error.message, error.advice)
    issues.raise_if_any("the spending limit cannot be kept:")
    return purses


def account_of(run: RunFolder) -> SpendingAccount | None:
    """The account of a run, with what its pools have cost so far; None without a limit.

    What a killed process had on its way is booked first, at the most that it can have cost.

    Raises:
        InputError: a pool cannot be read.
    """
    recipe = run.recipe
    limit = recipe.execution.spending_limit
    if limit is None:
        return None
    cards = [recipe.pair.wc, recipe.pair.se, *(card for _, card in recipe.students if card)]
    unbilled = {
        endpoint.address
        for side in SIDES
        for endpoint in recipe.execution.servers_of(side)
        if not endpoint.billed
    }
    journal = ReservationJournal(run.reservations_file)
    journal.book_open()
    return SpendingAccount(exact(limit), spent_on(run.pools(), cards, unbilled), journal)


def account_of_pool(job: PoolJob, limit: float) -> SpendingAccount:
    """The account of a pool that grows by itself; as `account_of`."""
    journal = ReservationJournal(job.folder / "reservations.jsonl")
    journal.book_open()
    unbilled = {one.address for one in job.endpoints if not one.billed}
    return SpendingAccount(exact(limit), spent_on([job.folder], [job.model], unbilled), journal)


def spent_on(pools: Iterable[Path], cards: Iterable[ModelCard], unbilled: set[str]) -> Fraction:
    """Dollars that endpoints have cost so far, by the pools' ledgers.

    Args:
        pools: folders of pools; those that are not there yet have cost nothing.
        cards: cards of the models that may have drawn them.
        unbilled: addresses of endpoints that bill nothing.
    """
    prices: dict[str, TokenPrices] = {}
    for card in cards:
        if any(price.input is not None for price in card.prices):
            prices[card.id] = token_prices(card)
    total = Fraction(0)
    for folder in pools:
        if not (folder / IDENTITY_FILE).exists():
            continue
        model = read_identity(folder).get("model", {}).get("id")
        if model in prices:
            lines = (
                line
                for line in Pool.open(folder).ledger()
                if line.endpoint.startswith("http") and line.endpoint not in unbilled
            )
            total += cost_of(prices[model], lines)
    return total
