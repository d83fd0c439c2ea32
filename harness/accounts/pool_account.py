"""The account of one pool: what it holds, what that took, and what had been planned."""

from __future__ import annotations

import datetime
import statistics
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from harness.accounts.costs import TokenRates, rates_of
from harness.pool import Pool
from harness.pool.books import Books, Tokens, books_of
from harness.pool.draw_file import read_draw
from harness.pool.verdicts import OUTCOMES, graders_of
from harness.recipe import ModelCard

Document = dict[str, Any]
_TOKENS = ("completion_tokens",)


@dataclass(frozen=True)
class PoolAccount:
    """What a pool holds and took.

    Attributes:
        pool: the pool.
        draw: how it is drawn, if that is known.
        books: its ledger, added up.
        rates: what its model's tokens cost.
    """

    pool: Pool
    draw: Document | None
    books: Books
    rates: TokenRates

    def document(self) -> Document:
        """The account as a JSON document; what is not known is None."""
        pool = self.pool
        counts = list(pool.counts().values())
        return {
            "pool": str(pool.folder),
            "identity": pool.identity,
            "problems": len(pool.problems),
            "samples": len(pool),
            "samples_per_problem": {
                "least": min(counts, default=0),
                "median": statistics.median(counts) if counts else 0,
                "most": max(counts, default=0),
            },
            "samples_without_token_counts": sum(
                table["completion_tokens"].null_count for table in pool.batches(_TOKENS)
            ),
            "problems_without_samples": sum(not count for count in counts),
            "refused": len({failure.problem_id for failure in pool.failures()}),
            "allocation": pool.identity.get("allocation"),
            "verdicts": {grader: self._verdicts(grader) for grader in graders_of(pool.folder)},
            "spent": self.spent(),
            "planned": self.planned(),
        }

    def spent(self) -> Document:
        """Tokens, FLOPs, dollars and seconds, those that brought no sample apart.

        An imported pool has no seconds of a server: nobody knows which requests ran side by side.
        """
        from harness.interchange.origin import is_imported

        books, rates, imported = self.books, self.rates, is_imported(self.pool.identity)
        kept, wasted = rates.dollars(books.kept), rates.dollars(books.wasted)
        return {
            "requests": books.requests,
            "prompt_tokens": books.kept.prompt,
            "cached_tokens": books.kept.cached,
            "completion_tokens": books.kept.completion,
            "wasted": {
                "requests": books.wasted_requests,
                **{f"{name}_tokens": count for name, count in asdict(books.wasted).items()},
                "estimated_requests": books.estimated,
                "for": books.wasted_for,
                "dollars": wasted,
            },
            "flops": {
                "prompt": rates.flops(books.kept.prompt),
                "completion": rates.flops(books.kept.completion),
                "wasted": rates.flops(books.wasted.prompt + books.wasted.completion),
                **({"remarks": list(rates.remarks)} if rates.remarks else {}),
            },
            "dollars": None if kept is None or wasted is None else kept + wasted,
            "price": rates.price_document(),
            "server_seconds": None if imported else round(books.server_seconds, 3),
            "request_seconds": round(books.request_seconds, 3),
        }

    def planned(self) -> Document | None:
        """What the draw was planned to take in all; None where nobody planned it.

        An upper bound where the draw of a problem may stop early.
        """
        draw = self.draw
        if draw is None or draw.get("expected_tokens") is None:
            return None
        samples = draw["samples_per_problem"] * len(self.pool.problems)
        tokens = round(samples * draw["expected_tokens"])
        return {
            "samples": samples,
            "completion_tokens": tokens,
            "tokens_per_sample": draw["expected_tokens"],
            "flops": self.rates.flops(tokens),
            "dollars": self.rates.dollars(Tokens(completion=tokens)),
            "upper_bound": draw["allocation"] != "uniform",
        }

    def _verdicts(self, grader: str) -> Document:
        outcomes = Counter(self.pool.verdicts(grader)["outcome"].to_pylist())
        return {"samples": outcomes.total(), **{name: outcomes[name] for name in OUTCOMES}}


def account_of(
    pool: Pool, card: ModelCard | None = None, day: datetime.date | None = None
) -> PoolAccount:
    """The account of a pool.

    Args:
        pool: the pool.
        card: the model's card; the one that was kept with the pool if None.
        day: prices in force on this day; the newest if None.
    """
    card = kept_card(pool) if card is None else card
    return PoolAccount(pool, read_draw(pool.folder), books_of(pool.ledger()), rates_of(card, day))


def kept_card(pool: Pool) -> ModelCard | None:
    """The card of its model that was kept with a pool, if one was."""
    draw = read_draw(pool.folder)
    kept = draw["model"] if draw is not None else pool.identity.get("model_card")
    return None if kept is None else ModelCard.model_validate(kept, strict=False)


def total_of(documents: list[Document]) -> Document:
    """The sum of several accounts; dollars, FLOPs and seconds are None if one of them is."""
    spent = [one["spent"] for one in documents]
    seconds = _sum([one["server_seconds"] for one in spent])
    return {
        "samples": sum(one["samples"] for one in documents),
        **{
            name: sum(one[name] for one in spent)
            for name in ("requests", "prompt_tokens", "cached_tokens", "completion_tokens")
        },
        "wasted_tokens": sum(
            one["wasted"]["prompt_tokens"] + one["wasted"]["completion_tokens"] for one in spent
        ),
        "dollars": _sum([one["dollars"] for one in spent]),
        "flops": _sum([one["flops"]["completion"] for one in spent]),
        "server_seconds": None if seconds is None else round(seconds, 3),
    }


def _sum(parts: list[Any]) -> Any:
    return None if any(part is None for part in parts) else sum(parts)
