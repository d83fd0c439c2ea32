"""A spending limit against a server that keeps its own books: it is never passed."""

from __future__ import annotations

import datetime
import io
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from harness.errors import EnvironmentFailure, InputError
from harness.generators import endpoint
from harness.generators.filling import PoolJob, fill_pools
from harness.generators.patience import Patience
from harness.generators.reservations import ReservationJournal
from harness.generators.spending import SpendingAccount, cost_of, spent_on, token_prices
from harness.pool import LedgerLine, Pool
from harness.pool.inspection import inspect_pool
from harness.progress import Progress
from harness.recipe import ModelCard, Price
from harness.recipe.schema import Endpoint
from tests.generators.fault_server import FaultServer, error, honest, running
from tests.generators.jobs_for_tests import fill, job, log_folder

# A dollar a token in, two a token out: a request for 6 samples costs 9 + 132 dollars.
CARD = ModelCard(
    id="hosted/model",
    prices=[Price(date=datetime.date(2024, 1, 1), source="a list", input=1e6, output=2e6)],
)
ONE_REQUEST = 9 + 2 * 6 * 11
TRIAL = ONE_REQUEST
ROOT = Path(__file__).parents[2]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    monkeypatch.setattr(endpoint, "PATIENCE", Patience(1.0, 0.01, 0.05, trial_seconds=0.5))
    with running(FaultServer()) as server:
        yield server


def billed_by(server: FaultServer) -> int:
    """Dollars that the server has earned, by its own books."""
    bodies = [*server.bodies, *server.trials]
    return sum(9 + 2 * 11 * body.get("n", 1) for body in bodies)


def paid(folder: Path, url: str) -> PoolJob:
    return job(folder, problems=40, url=url, card=CARD)


def draw(one: PoolJob, limit: float, journal: Path | None = None) -> SpendingAccount:
    """Draws under a limit, as a run with one pool would."""
    kept = None if journal is None else ReservationJournal(journal)
    if kept is not None:
        kept.book_open()
    spent = spent_on([one.folder], [CARD], set())
    account = SpendingAccount(Fraction(limit), spent, kept)
    fill_pools(
        [one], workers=1, progress=Progress(io.StringIO(), live=False),
        log=log_folder(one.folder.parent), spending=account,
    )  # fmt: skip
    return account


@pytest.mark.parametrize("limit", [800, 1500, 2500, 4000])
def test_the_work_stops_before_the_limit(server: FaultServer, tmp_path: Path, limit: int) -> None:
    one = paid(tmp_path / "pool", server.url)
    with pytest.raises(EnvironmentFailure, match="spending limit") as end:
        draw(one, limit)
    assert end.value.exit_status == 3
    assert billed_by(server) <= limit
    pool = Pool.open(one.folder)
    assert cost_of(token_prices(CARD), pool.ledger()) == billed_by(server)
    # Not one more sample could have been asked for at its worst: 48 tokens, and the prompt.
    assert limit - billed_by(server) < 2 * 48 + 64 + 60
    words = str(end.value)
    assert f"${billed_by(server):,}.0000 is spent" in words and "--spending-limit" in words
    assert f"the {240 - len(pool):,} that are left" in words


def test_a_restart_goes_on_counting(server: FaultServer, tmp_path: Path) -> None:
    one = paid(tmp_path / "pool", server.url)
    for limit in (1500, 3000):
        with pytest.raises(EnvironmentFailure, match="spending limit"):
            draw(one, limit)
        assert billed_by(server) <= limit
    asked = len(server.bodies)
    with pytest.raises(EnvironmentFailure, match="spending limit"):
        draw(one, 3000)
    assert len(server.bodies) == asked
    account = draw(one, 20_000)
    assert len(Pool.open(one.folder)) == 240
    assert account.spent == billed_by(server)


def test_a_limit_below_the_trial_asks_nothing(server: FaultServer, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure, match="spending limit"):
        draw(paid(tmp_path / "pool", server.url), 10)
    assert not server.bodies and not server.trials


def test_lost_answers_are_counted_at_their_worst(server: FaultServer, tmp_path: Path) -> None:
    """Cut-off bodies were computed and billed, though no sample came of them."""
    server.fault = lambda number, body: (
        web.Response(text='{"choices": [{"ind') if number % 3 == 0 else None
    )
    one = paid(tmp_path / "pool", server.url)
    with pytest.raises(EnvironmentFailure, match="spending limit"):
        draw(one, 9000)
    assert billed_by(server) <= 9000
    assert not len(inspect_pool(one.folder).damage)
    lost = [line for line in Pool.open(one.folder).ledger() if line.wasted.startswith("failed: ")]
    assert lost and all(line.estimated and line.completion_tokens >= 48 for line in lost)
    server.fault = lambda number, body: None
    account = draw(one, 10**6)
    assert account.spent >= billed_by(server)
    assert account.spent == cost_of(token_prices(CARD), Pool.open(one.folder).ledger())


def test_refusals_for_load_cost_nothing(server: FaultServer, tmp_path: Path) -> None:
    server.fault = lambda number, body: error(429, "busy") if number % 2 else None
    account = draw(paid(tmp_path / "pool", server.url), 10**6)
    assert account.spent == TRIAL + 40 * ONE_REQUEST


def test_completions_that_nobody_asked_for_are_booked_as_waste(
    server: FaultServer, tmp_path: Path
) -> None:
    server.fault = lambda number, body: web.json_response(honest(body, body.get("n", 1) + 2))
    one = paid(tmp_path / "pool", server.url)
    account = draw(one, 10**6)
    pool = Pool.open(one.folder)
    assert len(pool) == 240
    wasted = [line for line in pool.ledger() if line.wasted.startswith("discarded: more")]
    assert sum(line.completion_tokens for line in wasted) == 40 * 2 * 11
    assert account.spent == TRIAL + 40 * (ONE_REQUEST + 2 * 2 * 11)
    assert account.spent == cost_of(token_prices(CARD), pool.ledger())


def test_another_models_answers_are_booked_as_waste(server: FaultServer, tmp_path: Path) -> None:
    server.fault = lambda number, body: (
        web.json_response({**honest(body), "model": "other"}) if number == 9 else None
    )
    one = paid(tmp_path / "pool", server.url)
    with pytest.raises(EnvironmentFailure, match="answered as other"):
        draw(one, 10**6)
    lines = [line for line in Pool.open(one.folder).ledger() if "another model" in line.wasted]
    assert [(line.prompt_tokens, line.completion_tokens) for line in lines] == [(9, 66)]


def test_a_price_that_is_missing_is_said_before_anything_is_asked(
    server: FaultServer, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="has no prices"):
        fill_pools(
            [job(tmp_path / "pool", url=server.url)], workers=1, progress=Progress(),
            log=log_folder(tmp_path), spending=SpendingAccount(Fraction(5)),
        )  # fmt: skip
    assert not server.trials
    own = job(tmp_path / "pool", endpoints=(Endpoint(url=server.url, billed=False),))
    account = SpendingAccount(Fraction(5))
    fill_pools([own], workers=1, progress=Progress(), log=log_folder(tmp_path), spending=account)
    assert account.spent == 0 and len(Pool.open(own.folder)) == 30


def test_an_answer_without_usage_under_a_limit(server: FaultServer, tmp_path: Path) -> None:
    def silent(number: int, body: dict[str, Any]) -> web.Response:
        return web.json_response({**honest(body), "usage": None})

    server.fault = silent
    one = paid(tmp_path / "pool", server.url)
    with pytest.raises(EnvironmentFailure, match="spending limit"):
        draw(one, 5000)
    assert billed_by(server) <= 5000
    server.trial_fault = silent
    with pytest.raises(EnvironmentFailure, match="does not say how many tokens"):
        draw(one, 10**6)
    fill(job(tmp_path / "free", url=server.url))  # Without a limit nobody has to count.
    tokens = Pool.open(tmp_path / "free").samples(["completion_tokens", "prompt_tokens"])
    assert tokens.to_pylist()[0] == {"completion_tokens": None, "prompt_tokens": None}


def test_servers_that_bill_nothing_go_on_alone(server: FaultServer, tmp_path: Path) -> None:
    with running(FaultServer(seconds=0.05)) as own:
        endpoints = (Endpoint(url=server.url), Endpoint(url=own.url, billed=False))
        one = job(tmp_path / "pool", problems=40, endpoints=endpoints, card=CARD)
        draw(one, 1500)
        assert billed_by(server) <= 1500 and own.bodies
    assert len(Pool.open(one.folder)) == 240


def test_a_killed_run_forgets_no_money(tmp_path: Path) -> None:
    """What was on its way when the process died counts, at its worst."""
    with running(FaultServer(seconds=0.15)) as server:
        one = paid(tmp_path / "pool", server.url)
        for wait in (0.3, 0.5):
            script = (
                "from tests.generators.test_spending import draw, paid; from pathlib import Path;"
                f"draw(paid(Path({str(one.folder)!r}), {server.url!r}), 4000,"
                f" Path({str(tmp_path / 'reservations.jsonl')!r}))"
            )
            asked = len(server.bodies)
            process = subprocess.Popen(
                [sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.PIPE
            )
            deadline = time.monotonic() + 60
            while len(server.bodies) == asked and process.poll() is None:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        with pytest.raises(EnvironmentFailure, match="spending limit"):
            draw(one, 4000, tmp_path / "reservations.jsonl")
        assert billed_by(server) <= 4000
    lines = list(Pool.open(one.folder).ledger())
    assert any("was killed" in line.wasted for line in lines)
    assert not (tmp_path / "reservations.jsonl").exists()


def test_the_journal_books_each_open_request_once(tmp_path: Path) -> None:
    with running(FaultServer()) as server:
        one = paid(tmp_path / "pool", server.url)
        draw(one, 10**6)
    problem = one.problems[0].id
    lines = [
        LedgerLine(problem, index, 1, 70, 0, 48, 0.0, "http://x", when, "failed: killed", True)
        for index, when in ((0, 50.0), (1, 60.0))
    ]
    with Pool.open(one.folder) as pool:
        before = len(list(pool.ledger()))
        pool.record_waste([LedgerLine(problem, 0, 1, 9, 0, 11, 0.1, "http://x", 55.0)])
    journal = ReservationJournal(tmp_path / "journal")
    for number, line in enumerate(lines):
        journal.add(number, one.folder, [line])
    journal.add(5, one.folder, lines)
    journal.strike(5)
    with (tmp_path / "journal").open("ab") as torn:
        torn.write(b'{"open": 9, "li')
    for _ in range(2):
        ReservationJournal(tmp_path / "journal").book_open()
    booked = list(Pool.open(one.folder).ledger())[before + 1 :]
    assert booked == [lines[1]]  # The first one had been delivered at 55.


def test_the_journal_stays_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.generators import reservations

    monkeypatch.setattr(reservations, "_LONGEST_LINES", 100)
    journal = ReservationJournal(tmp_path / "journal")
    journal.add(0, tmp_path / "pool", [])
    for number in range(1, 1000):
        journal.add(number, tmp_path / "pool", [])
        journal.strike(number)
    assert (tmp_path / "journal").read_bytes().count(b"\n") <= 102
    journal.close()
    assert (tmp_path / "journal").read_bytes().startswith(b'{"open": 0')
    journal.strike(0)
    journal.close()
    assert not (tmp_path / "journal").exists()
