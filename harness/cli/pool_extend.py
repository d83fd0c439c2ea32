"""`harness pool extend`: more samples of the same origin, drawn from where the pool stands."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import spending_options
from harness.cli.output import emit, json_option


@click.command(short_help="Draw more samples into a pool.")
@click.argument("pool", type=click.Path(path_type=Path))
@click.option(
    "--samples",
    required=True,
    type=click.IntRange(min=1),
    help="Samples that every problem shall have; what it has counts.",
)
@click.option(
    "--endpoint",
    "endpoints",
    metavar="URL",
    multiple=True,
    help="A server to ask in place of those that were asked before; may be repeated.",
)
@click.option("--model", metavar="FOLDER", help="Where the model lies by now, if it was moved.")
@click.option(
    "--engine",
    type=click.Choice(["vllm", "ray"]),
    default="vllm",
    show_default=True,
    help="How vLLM runs, where no server is asked.",
)
@click.option("--ray-address", metavar="ADDRESS", help="A running Ray cluster: auto or HOST:PORT.")
@click.option(
    "--vllm-python",
    type=click.Path(path_type=Path),
    help="An interpreter that has vLLM; the harness makes its own otherwise.",
)
@click.option("--workers", type=click.IntRange(min=1), help="Engine processes at once.")
@spending_options
@json_option
def extend(
    pool: Path,
    samples: int,
    endpoints: tuple[str, ...],
    model: str | None,
    engine: str,
    ray_address: str | None,
    vllm_python: Path | None,
    workers: int | None,
    spending_limit: float | None,
    as_json: bool,
) -> None:
    """Draw until every problem has so many samples.

    The pool knows how it was drawn. The samples are those that it would have had if all had
    been drawn at once; what is there is never drawn again, and the command goes on where it was
    stopped.

    \b
    harness pool extend runs/my-pair/pools/wc --samples 60
    """
    from harness.accounts.pool_account import account_of
    from harness.generators.extension import Changes, extend_pool
    from harness.pool import Pool
    from harness.progress import Progress
    from harness.recipe.schema import Ray

    ray = Ray(address=ray_address, workers=workers) if engine == "ray" else None
    added = extend_pool(
        pool,
        samples,
        Changes(model, endpoints),
        Progress(),
        workers=workers,
        vllm_python=vllm_python,
        spending_limit=spending_limit,
        ray=ray,
    )
    account = account_of(Pool.open(pool)).document()
    text = f"{added:,} samples drawn; {account['samples']:,} are in {pool} now"
    emit({"added": added, **account}, text, as_json)
