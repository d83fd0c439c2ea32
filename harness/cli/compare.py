"""`harness compare`: two stored pools at matched budgets; nothing is drawn, nothing written."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from harness.cli.all_at_once import AllAtOnceCommand, refusals_so_far
from harness.cli.output import emit, json_option

if TYPE_CHECKING:
    from harness.budget.amounts import BudgetAmount
    from harness.budget.cost_models import Prompts
    from harness.budget.parameters import ParameterCount

_KINDS = ["number", "compute", "compute_exact", "price", "tokens", "gpu_seconds"]
_POOL = click.Path(path_type=Path)


@click.command(cls=AllAtOnceCommand, short_help="Compare two pools at matched budgets.")
@click.argument("wc_pool", metavar="WC_POOL", type=_POOL)
@click.argument("se_pool", metavar="SE_POOL", type=_POOL)
@click.option(
    "--match",
    "kind",
    type=click.Choice(_KINDS),
    help="What both sides may spend the same of. By default the budget's unit says it; without "
    "one, compute (2P FLOPs a completion token, P by the model cards).",
)
@click.option(
    "--budget",
    metavar="AMOUNT",
    help="SE samples a problem (10), or what all problems together may cost: 20usd, 1e18flop, "
    "2Mtok, 3600gpu_s. By default the largest that both pools can pay for.",
)
@click.option(
    "--by", type=click.Choice(["level", "subject"]), help="Also every metric for each of these."
)
@click.option("--wc-card", metavar="CARD", help="Card of the WC model; the pool's own if unset.")
@click.option("--se-card", metavar="CARD", help="Card of the SE model; the pool's own if unset.")
@click.option(
    "--parameters",
    type=click.Choice(["total", "non_embedding", "nominal"]),
    help="Which parameter count of the cards is P; the first of these that both have if unset.",
)
@click.option(
    "--price-date",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Prices in force on this day; the newest if unset.",
)
@click.option("--batch", is_flag=True, help="Count the prices of the providers' batch interfaces.")
@click.option(
    "--prompts",
    type=click.Choice(["none", "every", "once"]),
    help="Whether a prompt costs nothing, is paid for with every sample, or once a problem. By "
    "default nothing, as in the paper; with compute_exact every.",
)
@click.option(
    "--grading-cost",
    metavar="AMOUNT",
    help="What grading or judging one sample costs, right or wrong, on either side: 0.0002usd, "
    "1e12flop, 500tok, 0.1gpu_s. Charged by the cost models that count its unit.",
)
@click.option(
    "--grader", default="answer", show_default=True, help="Whose verdicts are compared by."
)
@click.option(
    "--key",
    "keys",
    type=click.Choice(["normalised", "equations"]),
    multiple=True,
    help="Count distinct solutions by this too, besides the exact text: normalised (spacing, case "
    "and the like aside), or equations (those of the chain, as in RFT).",
)
@click.option(
    "--intersection",
    is_flag=True,
    help="Compare on the problems that both pools have samples of, where they differ.",
)
@json_option
def compare(
    wc_pool: Path,
    se_pool: Path,
    kind: str | None,
    budget: str | None,
    by: Literal["level", "subject"] | None,
    wc_card: str | None,
    se_card: str | None,
    parameters: ParameterCount | None,
    price_date: datetime.datetime | None,
    batch: bool,
    prompts: Prompts | None,
    grading_cost: str | None,
    grader: str,
    keys: tuple[str, ...],
    intersection: bool,
    as_json: bool,
) -> None:
    """Compare a pool of the weaker, cheaper model (WC_POOL) with one of the stronger, more
    expensive model (SE_POOL): coverage and diversity at budgets that cost the same, differences
    paired by problem, the curve of coverage against cost with its crossover, and whether another
    cost model would change the winner.

    \b
    harness compare runs/w2s-micro/pools/wc runs/w2s-micro/pools/se
    harness compare WC_POOL SE_POOL --match price --budget 20usd --by level
    harness compare WC_POOL SE_POOL --match number --budget 5 --json
    """
    from harness.comparison.comparing import ComparisonRequest, compare_pools
    from harness.comparison.costs import CostSettings
    from harness.comparison.text import comparison_text

    day = price_date.date() if price_date else None
    document = compare_pools(
        ComparisonRequest(
            pools={"wc": wc_pool, "se": se_pool},
            cards={"wc": wc_card, "se": se_card},
            kind=kind,
            budget=budget,
            by=by,
            settings=CostSettings(parameters, day, batch, prompts, _amount(grading_cost)),
            grader=grader,
            keys=keys,
            intersection=intersection,
        ),
        refusals_so_far(),
    )
    emit(document, comparison_text(document), as_json)


def _amount(text: str | None) -> BudgetAmount | None:
    """What an option says; None without one, and where it cannot be read, which is noted."""
    from harness.budget.amounts import parse_budget

    with refusals_so_far().noted():
        return None if text is None else parse_budget(text)
    return None
