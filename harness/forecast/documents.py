"""The JSON documents of forecasts, as `harness plan --pilot POOL --json` prints them.

A pilot's forecast:

    pool, model, side (wc, se or null), key (what makes solutions the same), problems, samples,
    measured_up_to (the k up to which the pilot itself shows coverage), failed,
    problems_without_samples, undecided, allocation,
    fit: {beta_binomial: {alpha, beta, zero_share}, families: {name: share of the forecast},
          power_law: {a, b, largest_error, problems, up_to} or null},
    ten_times: {k, times, samples, dollars, gpu_hours, gpu_dollars,
        coverage, diversity_all: {now, value, low, high, other_problems}, sentence} or null,
    forecasts: [{k, times, basis (measured or forecast), samples, dollars,
        gpu_hours, gpu_dollars: {low, high},
        coverage: {value, low, high, other_problems: {low, high}, any_distribution: {low, high}},
        diversity_all, diversity_solved: {value, low, high, other_problems: {low, high}},
        beta_binomial: value, power_law: {value, low, high}}],
    held_back: {fitted_on, forecast_at, problems, METRIC: {value, low, high, came, holds}} or
               {refused: why},
    refused: {METRIC or power_law: why},
    sample: {completion_tokens, dollars, source, prompt_dollars (the part for prompts)},
    gpu: {gpu, gpus, dollars_per_gpu_hour, prompt_tokens: {low, high}, completion_tokens} or null,
    notes

`low` and `high` are the 95 % interval for what these problems will show when their pool is
extended; where the pilot has k samples already (`measured`) that of `harness measure`, from
resampled problems. `other_problems` is the 95 % interval for other problems of the same kind,
`any_distribution` what the expected coverage can be if nothing is known of the distribution of
success rates. Values are fractions; `samples`, `dollars` and what GPUs take are those of a pool
with k for every problem that the engine does not refuse; `times` is `samples` over what the pilot
drew. Of a pilot whose problems have different numbers of samples, `held_back` and `power_law` are
of the `problems` that have the most samples together, up to the number that all of them have
(`Pilot.evenly_drawn`). What is not known is null.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from harness.forecast.calibration import HeldBack
from harness.forecast.contest import METRICS
from harness.forecast.counts import Pilot
from harness.forecast.forecasting import (
    FEWEST_SOLVED,
    Forecast,
    PowerLawOpinion,
    power_law_opinion,
    ten_times_samples,
)
from harness.forecast.gpu_time import GpuTime
from harness.forecast.prediction import Prediction
from harness.forecast.spending import SampleCost
from harness.forecast.ten_times import ten_times_document
from harness.recipe import Side
from harness.statistics.intervals import Interval, percentile_interval

Document = dict[str, Any]
_DIGITS = 12
# Counts out of so many samples have a value or two beside the two that any Beta fits.
_UNCHECKED = 4


@dataclass(frozen=True)
class PilotSource:
    """Where a pilot comes from: its pool, the model, its side of the pair, and its costs.

    `key` is what makes two of its solutions the same; `gpu` what times its samples on GPUs that
    were named, or why nothing can.
    """

    pool: str
    model: str
    side: Side | None
    cost: SampleCost
    key: str
    gpu: GpuTime | str | None = None


def pilot_document(
    source: PilotSource, made: Forecast, shown: list[int], checked: HeldBack | str
) -> Document:
    """The document of one pilot's forecast.

    Args:
        source: where the pilot comes from.
        made: the forecast, for those to show and for `ten_times_samples`.
        shown: the k to show.
        checked: the forecast from its first half, or why there is none.
    """
    pilot = made.pilot
    refused = _refused(pilot)
    opinion = None
    try:
        opinion = power_law_opinion(pilot, made.samples)
    except ValueError as error:
        refused["power_law"] = str(error)
    opinions = {} if opinion is None else opinion.coverage
    rows = {k: _row(made, k, opinions.get(k), source) for k in made.samples}
    tenfold = rows.get(ten_times_samples(pilot))
    return {
        "pool": source.pool,
        "model": source.model,
        "side": source.side,
        "key": source.key,
        "problems": pilot.problems,
        "samples": len(pilot.owner),
        "measured_up_to": pilot.measured_up_to,
        "failed": int(pilot.failed.sum()),
        "problems_without_samples": int(((pilot.samples_of == 0) & ~pilot.failed).sum()),
        "undecided": pilot.undecided,
        "allocation": "uniform" if pilot.enough is None else {"until_correct": pilot.enough},
        "fit": _fit(made, opinion),
        "ten_times": None if tenfold is None else ten_times_document(pilot, tenfold),
        "forecasts": [rows[k] for k in shown],
        "held_back": _held_back(checked),
        "refused": refused,
        "sample": asdict(source.cost),
        "gpu": source.gpu.document() if isinstance(source.gpu, GpuTime) else None,
        "notes": notes_of(pilot, source.gpu),
    }


def _fit(made: Forecast, opinion: PowerLawOpinion | None) -> Document:
    fit = made.beta_binomial
    return {
        "beta_binomial": {"alpha": fit.alpha, "beta": fit.beta, "zero_share": fit.zero_share},
        "families": made.posterior.families,
        "power_law": None if opinion is None else _power_law(opinion),
    }


def _power_law(opinion: PowerLawOpinion) -> Document:
    return {**asdict(opinion.law), "problems": opinion.problems, "up_to": opinion.up_to}


def notes_of(pilot: Pilot, gpu: GpuTime | str | None = None) -> list[str]:
    """What a forecast does with problems and samples that are not as the others."""
    notes = [f"No GPU-hours: {gpu}."] if isinstance(gpu, str) else []
    if isinstance(gpu, GpuTime):
        notes.append(gpu.remark)
    if failed := int(pilot.failed.sum()):
        notes.append(
            f"Problems that the engine refused: {failed:,}; they count as unsolved at any k and "
            "say nothing about the others."
        )
    if undrawn := int(((pilot.samples_of == 0) & ~pilot.failed).sum()):
        notes.append(
            f"Problems without samples: {undrawn:,}; they are forecast as other problems of the "
            "same kind."
        )
    drawn = pilot.samples_of[pilot.samples_of > 0]
    if pilot.enough is None and drawn.size and drawn.min() != drawn.max():
        notes.append(
            f"Problems have {drawn.min()} to {drawn.max()} samples; each is taken with what it "
            f"has. `times` counts all samples: {len(pilot.owner):,} were drawn, "
            f"{pilot.mean_samples:.3g} a problem in mean."
        )
    if pilot.enough is None and drawn.max(initial=0) <= _UNCHECKED:
        notes.append(
            f"From {drawn.max()} samples a problem it cannot be seen which distribution of success "
            "rates is right; the intervals allow for several, `if nothing is known` for all."
        )
    if pilot.undecided:
        notes.append(f"Undecided samples: {pilot.undecided:,}; they count as not correct.")
    if pilot.enough is not None:
        notes.append(
            f"Drawn until {pilot.enough} correct: only samples up to each problem's stopping point "
            "count, whose likelihood is that of a fixed number."
        )
    return notes


def _row(made: Forecast, k: int, opinion: Interval | None, source: PilotSource) -> Document:
    pilot, cost = made.pilot, source.cost
    measured = k <= pilot.measured_up_to
    samples = k * pilot.drawable
    served: Document = {"gpu_hours": None, "gpu_dollars": None}
    if isinstance(source.gpu, GpuTime):
        served = source.gpu.of(pilot.drawable, samples)
    low, high = made.any_distribution(k)
    found = made.at(k)
    coverage = metric_document(found["coverage"], measured)
    coverage["any_distribution"] = None if measured else {"low": low, "high": high}
    return {
        "k": k,
        "times": samples / len(pilot.owner),
        "basis": basis(k, pilot.measured_up_to),
        "samples": samples,
        "dollars": None if cost.dollars is None else cost.dollars * samples,
        **served,
        "coverage": coverage,
        "diversity_all": _optional(found.get("diversity_all"), measured),
        "diversity_solved": _optional(found.get("diversity_solved"), measured),
        "beta_binomial": made.beta_coverage(k),
        "power_law": None if opinion is None else opinion.document(),
    }


def metric_document(prediction: Prediction, measured: bool) -> Document:
    """A metric at one number of samples; where it was measured, for other problems only."""
    value = round(float(prediction.value[0]), _DIGITS)
    others = percentile_interval(prediction.others[:, 0].round(_DIGITS), value)
    these = others
    if not measured:
        these = percentile_interval(prediction.these[:, 0].round(_DIGITS), value)
    return {
        **Interval(value, *these).document(),
        "other_problems": dict(zip(("low", "high"), others, strict=True)),
    }


def _optional(prediction: Prediction | None, measured: bool) -> Document | None:
    return None if prediction is None else metric_document(prediction, measured)


def _held_back(checked: HeldBack | str) -> Document:
    if isinstance(checked, str):
        return {"refused": checked}
    return {
        "fitted_on": checked.fitted_on,
        "forecast_at": checked.forecast_at,
        "problems": checked.problems,
        **{
            name: {
                **interval.document(),
                "came": checked.came[name],
                "holds": checked.holds[name],
            }
            for name, interval in checked.forecasts.items()
        },
    }


def _refused(pilot: Pilot) -> dict[str, str]:
    solved = int((pilot.correct_of > 0).sum())
    if pilot.enough is not None:
        reason = (
            f"the draw of a problem stopped at {pilot.enough} correct, and how many distinct "
            "solutions more samples would have shown cannot be seen from that"
        )
    elif not pilot.correct.any():
        reason = "no sample is correct, so nothing shows how solutions repeat"
    elif solved < FEWEST_SOLVED:
        few = f"too few problems are solved ({solved}) for a mean over solved ones"
        return {"diversity_solved": few}
    else:
        return {}
    return dict.fromkeys([name for name in METRICS if name != "coverage"], reason)


def basis(k: int, measured_up_to: int) -> str:
    """Whether a pilot itself shows a metric at k."""
    return "measured" if k <= measured_up_to else "forecast"
