"""Results as the stages write them, with numbers of the embedded pair."""

from __future__ import annotations

from typing import Any

from harness.cells import cells_of
from harness.recipe import SIDES, Recipe, Side

Document = dict[str, Any]
RATIO = 1_222_560 / 414_048
SUBJECTS = ("algebra", "geometry")
LEVELS = ("1", "2", "3", "4", "5")
# Per budget and side: pass@1, coverage, diversity over all, over solved, false positives.
QUALITY: dict[str, dict[Side, tuple[float, float, float, float, float]]] = {
    "low": {"wc": (0.474, 0.708, 1.11, 1.58, 0.035), "se": (0.562, 0.562, 0.55, 1.0, 0.016)},
    "high": {"wc": (0.474, 0.910, 3.02, 3.32, 0.035), "se": (0.562, 0.878, 2.50, 2.85, 0.016)},
}
UNIT_COSTS: dict[Side, float] = {"wc": 828_096.0, "se": 2_445_120.0}
SAMPLES: dict[str, dict[Side, int]] = {"low": {"wc": 3, "se": 1}, "high": {"wc": 30, "se": 10}}
# Per paradigm: base, SE data, WC data (pass@1), and half the interval of WC minus SE.
PASS_AT_1 = {
    "student_lm": (0.427, 0.490, 0.517, 0.044),
    "wc_lm": (0.650, 0.750, 0.707, 0.040),
    "se_lm": (0.620, 0.780, 0.783, 0.035),
}


def interval(value: float, half: float, *, fraction: bool = True) -> Document:
    """An estimate with its interval, cut to [0, 1] for fractions."""
    low, high = value - half, value + half
    return {
        "value": value,
        "low": max(0.0, low) if fraction else low,
        "high": min(1.0, high) if fraction else high,
    }


def difference(value: float, half: float, p_value: float | None = None) -> Document:
    """A difference with its interval and a p-value that fits it."""
    if p_value is None:
        p_value = 0.0004 if abs(value) > half else 0.31
    return {
        "value": value, "low": value - half, "high": value + half,
        "p_value": p_value, "test": "paired bootstrap",
    }  # fmt: skip


def side_document(
    budget: str, side: Side, *, verifier: bool = True, levels: bool = True
) -> Document:
    """One side of one budget in `measure.json`."""
    samples = 500 * SAMPLES[budget][side]
    return {
        "samples": samples,
        "correct": round(samples * QUALITY[budget][side][0]),
        "undecided": samples // 500,
        "unparsed": samples // 60,
        **_metrics(budget, side, verifier),
        "undecided_as_correct": _metrics(budget, side, False, 0.01),
        "by_subject": {
            subject: {"problems": 250, **_metrics(budget, side, verifier)}
            for subject in (SUBJECTS if levels else ())
        },
        "by_level": {
            level: {"problems": 100, **_metrics(budget, side, verifier, (3 - int(level)) / 10)}
            for level in (LEVELS if levels else ())
        },
    }


def _metrics(budget: str, side: Side, verifier: bool, ease: float = 0.0) -> Document:
    pass_at_1, coverage, all_, solved, false_positives = QUALITY[budget][side]
    return {
        "pass_at_1": interval(pass_at_1 + ease, 0.028),
        "coverage": interval(min(0.99, coverage + ease / 3), 0.03),
        "diversity_all": interval(all_ * (1 + ease), 0.12, fraction=False),
        "diversity_solved": interval(solved, 0.11, fraction=False),
        "false_positive_rate": (
            interval(false_positives * (1 - 2 * ease), 0.008) if verifier else None
        ),
        **{
            f"diversity_{over}_{key}": interval(value * share, 0.1, fraction=False)
            for key, share in (("normalised", 0.98), ("equations", 0.7))
            for over, value in (("all", all_ * (1 + ease)), ("solved", solved))
        },
        **{
            f"majority_at_{k}": interval(pass_at_1 + 0.02 * k**0.5, 0.03)
            if k <= (30 if side == "wc" else 10)
            else None
            for k in (1, 4, 8, 16)
        },
        "yield_per_sample": interval(pass_at_1 + ease, 0.028),
        "yield_per_token": interval(pass_at_1 / 26, 0.001, fraction=False),
    }


def measure_document(*, verifier: bool = True, levels: bool = True) -> Document:
    """`measure.json` of the embedded pair."""
    return {
        "problems": 500,
        "match": {"kind": "compute", "ratio": RATIO, "parameters": "total", "unit": "FLOPs"},
        "grader": {"name": "answer", "version": "1"},
        "budgets": {name: _budget(name, verifier, levels) for name in SAMPLES},
        "curve": {
            "wc": [_point(k, UNIT_COSTS["wc"], 0.526, 0.58) for k in range(1, 31)],
            "se": [_point(k, UNIT_COSTS["se"], 0.438, 0.40) for k in range(1, 11)],
        },
    }


def _budget(name: str, verifier: bool, levels: bool) -> Document:
    samples = SAMPLES[name]
    costs = {side: samples[side] * UNIT_COSTS[side] for side in SIDES}
    compared = _difference(name, verifier)
    return {
        "samples_per_problem": samples,
        "mean_samples_per_problem": {side: float(samples[side]) for side in SIDES},
        "cost": {
            **costs,
            "unit": "FLOPs per token",
            "wc_over_se": costs["wc"] / costs["se"],
            "intended_wc_over_se": 1.0,
        },
        "tokens": {
            "wc": {"prompt": 20_650, "completion": 500 * samples["wc"] * 26},
            "se": {"prompt": 20_650, "completion": 500 * samples["se"] * 27},
        },
        "sides": {
            side: side_document(name, side, verifier=verifier, levels=levels) for side in SIDES
        },
        "difference": compared,
        "number_matched": {
            "samples_per_problem": samples["se"],
            "sides": {side: _metrics(name, side, verifier) for side in SIDES},
            "difference": compared,
        },
    }


def _difference(name: str, verifier: bool) -> Document:
    wc, se = QUALITY[name]["wc"], QUALITY[name]["se"]
    others = (
        "diversity_all_normalised", "diversity_solved_normalised", "diversity_all_equations",
        "diversity_solved_equations", "majority_at_1", "majority_at_4", "majority_at_8",
        "yield_per_sample", "yield_per_token",
    )  # fmt: skip
    return {
        "pass_at_1": difference(wc[0] - se[0], 0.02),
        **{name: difference(wc[0] - se[0], 0.02) for name in others},
        "majority_at_16": None,
        "coverage": difference(wc[1] - se[1], 0.021),
        "diversity_all": difference(wc[2] - se[2], 0.14),
        "diversity_solved": difference(wc[3] - se[3], 0.16),
        "false_positive_rate": difference(wc[4] - se[4], 0.009) if verifier else None,
    }


def _point(k: int, unit_cost: float, failure: float, power: float) -> Document:
    # 1 - coverage falls about as a power of k.
    return {
        "k": k,
        "cost": k * unit_cost,
        "coverage": interval(1 - failure * k**-power, 0.028),
    }


def evaluations_document(
    recipe: Recipe, *, seeds: tuple[int, ...] = (1,), paradigms: tuple[str, ...] | None = None
) -> Document:
    """`evaluations.json`: three base models, and cells of the paradigms named."""
    shown = tuple(recipe.paradigms) if paradigms is None else paradigms
    models = [
        _model(f"base-{card.label}", "base", role, PASS_AT_1[paradigm][0])
        for role, paradigm, card in (
            ("wc", "wc_lm", recipe.pair.wc),
            ("se", "se_lm", recipe.pair.se),
            ("student", "student_lm", recipe.student("student_lm")),
        )
    ]
    for cell in cells_of(recipe):
        if cell.paradigm in shown and cell.arm in ("wc", "se"):
            value = PASS_AT_1[cell.paradigm][2 if cell.arm == "wc" else 1]
            key = {
                "paradigm": cell.paradigm, "arm": cell.arm,
                "budget": cell.budget, "seed": cell.seed,
            }  # fmt: skip
            models.append(_model(cell.id, "cell", cell.paradigm, value, key))
    return {
        "task": recipe.evaluation.task,
        "problems": 1000,
        "models": models,
        "skipped": [],
        "comparisons": [comparison(paradigm, "high", seeds) for paradigm in shown],
        "pooled": pooled(len(seeds)) if len(shown) > 1 else None,
    }


def pooled(seeds: int) -> Document:
    """`pooled` in `evaluations.json`."""
    return {
        **difference(-0.012, 0.02),
        "p_value_other_seeds": 0.29 if seeds > 1 else None,
        "covers_seeds": seeds > 1,
        "cells": 3, "cells_positive": 2, "cells_negative": 1,
        "smallest_detectable": 0.0286,
    }  # fmt: skip


def _model(
    model_id: str, kind: str, role: str, value: float, cell: Document | None = None
) -> Document:
    return {
        "model_id": model_id, "kind": kind, "role": role, "cell": cell, "task": "w2s_micro",
        "task_version": 1.0, "lm_eval": "0.4.13", "problems": 1000,
        "correct": round(1000 * value), "undecided": 0, "pass_at_1": interval(value, 0.031),
        "inputs": "0" * 64,
    }  # fmt: skip


def comparison(paradigm: str, budget: str, seeds: tuple[int, ...] = (1,)) -> Document:
    """One comparison in `evaluations.json`."""
    base, se, wc, half = PASS_AT_1[paradigm]
    return {
        "paradigm": paradigm, "budget": budget, "seeds": list(seeds),
        "base": interval(base, 0.031), "wc": interval(wc, 0.031), "se": interval(se, 0.031),
        "difference": difference(wc - se, half),
        "other_seeds": None,
        "holm_p_value": min(1.0, 3 * difference(wc - se, half)["p_value"]),
        "smallest_detectable": 1.43 * half,
        "relative_gain": (wc - se) / se,
        "gain_over_base": {"wc": difference(wc - base, 0.035), "se": difference(se - base, 0.034)},
    }  # fmt: skip
