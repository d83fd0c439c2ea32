"""`harness pool show`: what pools hold, what they took, and what had been planned."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from harness.cli.output import emit, json_option
from harness.errors import InputError


@click.command(short_help="What pools hold and what they took.")
@click.argument(
    "pools", metavar="POOL_OR_RUN...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--card", metavar="CARD", help="Card with sizes and prices; the pool's own if unset.")
@click.option(
    "--price-date",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Count dollars under the prices in force on this day; the newest if unset.",
)
@click.option("--digest", is_flag=True, help="Also the digest of what was drawn (reads it all).")
@json_option
def show(
    pools: tuple[Path, ...],
    card: str | None,
    price_date: datetime.datetime | None,
    digest: bool,
    as_json: bool,
) -> None:
    """Show samples, tokens, FLOPs, dollars and seconds of pools, beside what was planned.

    For the folder of a run, both of its pools. With --json one document for one pool, or
    {"pools": […], "total": …} for several or for a run.
    """
    from harness.accounts.pool_account import account_of, total_of
    from harness.accounts.text import account_text, total_text
    from harness.interchange.origin import find_generator
    from harness.pool import Pool
    from harness.recipe.catalogue import card_names, unknown_card

    generator = find_generator(card) if card is not None else None
    if generator is not None and generator.card is None:
        raise InputError(unknown_card(generator.name, card_names()))
    day = price_date.date() if price_date is not None else None
    folders = [folder for path in pools for folder in _pools_of(path)]
    accounts = []
    for folder in folders:
        pool = Pool.open(folder)
        account = account_of(pool, generator.card if generator else None, day).document()
        if digest:
            account["digest"] = pool.digest()
        accounts.append(account)
    texts = [
        account_text(one) + (f"\ndigest: {one['digest']}" if digest else "") for one in accounts
    ]
    if folders == list(pools) and len(folders) == 1:
        emit(accounts[0], texts[0], as_json)
        return
    total = total_of(accounts)
    emit({"pools": accounts, "total": total}, "\n\n".join([*texts, total_text(total)]), as_json)


def _pools_of(path: Path) -> list[Path]:
    """The pool itself, or those of both sides of a run."""
    if (path / "recipe.yaml").is_file():
        return sorted(folder.parent for folder in path.glob("pools/*/identity.json"))
    return [path]
