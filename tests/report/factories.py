"""Results as the stages write them, with numbers of the embedded pair, for tests of the report.

The pools and their verdicts are real pools; the rest are documents in the agreed form.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness.cells import cells_of
from harness.files import write_json
from harness.pool import Pool, Sample
from harness.problems import Problem
from harness.recipe import Recipe, Side
from harness.recipe.loading import load_recipe, write_recipe
from harness.run_folder import RunFolder

Document = dict[str, Any]
RATIO = 1_222_560 / 414_048
LEVELS = ("1", "2", "3", "4", "5")
# Per budget and side: pass@1, coverage, diversity over all, over solved, false positives.
QUALITY: dict[str, dict[Side, tuple[float, float, float, float, float]]] = {
    "low": {"wc": (0.474, 0.708, 1.11, 1.58, 0.035), "se": (0.562, 0.562, 0.55, 1.0, 0.016)},
    "high": {"wc": (0.474, 0.910, 3.02, 3.32, 0.035), "se": (0.562, 0.878, 2.50, 2.85, 0.016)},
}
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
    pass_at_1, coverage, all_, solved, false_positives = QUALITY[budget][side]
    samples = 500 * SAMPLES[budget][side]
    correct = round(samples * pass_at_1)
    return {
        "samples": samples,
        "correct": correct,
        "undecided": samples // 500,
        "unparsed": samples // 60,
        "pass_at_1": interval(pass_at_1, 0.028),
        "coverage": interval(coverage, 0.03),
        "diversity_all": interval(all_, 0.12, fraction=False),
        "diversity_solved": interval(solved, 0.11, fraction=False),
        "false_positive_rate": interval(false_positives, 0.008) if verifier else None,
        "by_level": {
            level: _level(budget, side, int(level), verifier)
            for level in (LEVELS if levels else ())
        },
    }


def _level(budget: str, side: Side, level: int, verifier: bool) -> Document:
    pass_at_1, coverage, all_, solved, false_positives = QUALITY[budget][side]
    ease = (3 - level) / 10
    return {
        "problems": 100,
        "pass_at_1": interval(pass_at_1 + ease, 0.06),
        "coverage": interval(min(0.99, coverage + ease / 3), 0.05),
        "diversity_all": interval(all_ * (1 + ease), 0.25, fraction=False),
        "diversity_solved": interval(solved, 0.25, fraction=False),
        "false_positive_rate": (
            interval(false_positives * 0.5 * level, 0.012) if verifier else None
        ),
    }


def measure_document(*, verifier: bool = True, levels: bool = True) -> Document:
    """`measure.json` of the embedded pair."""
    budgets = {}
    for name, samples in SAMPLES.items():
        costs = {"wc": samples["wc"] * 828_096.0, "se": samples["se"] * 2_445_120.0}
        wc, se = QUALITY[name]["wc"], QUALITY[name]["se"]
        budgets[name] = {
            "samples_per_problem": samples,
            "cost": {
                **costs, "unit": "FLOPs per expected completion token",
                "wc_over_se": costs["wc"] / costs["se"],
            },
            "tokens": {
                side: {"prompt": 41.3, "completion": 26.1 * samples[side]} for side in ("wc", "se")
            },
            "sides": {
                side: side_document(name, side, verifier=verifier, levels=levels)
                for side in ("wc", "se")
            },
            "difference": {
                "coverage": difference(wc[1] - se[1], 0.021),
                "diversity_all": difference(wc[2] - se[2], 0.14),
                "diversity_solved": difference(wc[3] - se[3], 0.16),
                "false_positive_rate": (
                    difference(wc[4] - se[4], 0.009) if verifier else None
                ),
            },
        }  # fmt: skip
    return {
        "problems": 500,
        "match": {"kind": "compute", "ratio": RATIO, "parameters": "total", "unit": "FLOPs"},
        "grader": {"name": "answer", "version": "1"},
        "budgets": budgets,
        "curve": {
            "wc": [_point(k, 828_096.0, 0.526, 1.05) for k in range(1, 31)],
            "se": [_point(k, 2_445_120.0, 0.438, 0.72) for k in range(1, 11)],
        },
    }


def _point(k: int, unit_cost: float, failure: float, power: float) -> Document:
    # 1 - coverage falls about as a power of k.
    return {
        "k": k,
        "cost": k * unit_cost,
        "coverage": interval(1 - failure * k ** (-power * 0.55), 0.028),
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
    }


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
        "relative_gain": (wc - se) / se,
        "gain_over_base": {"wc": difference(wc - base, 0.035), "se": difference(se - base, 0.034)},
    }  # fmt: skip


def made_run(
    folder: Path,
    *,
    name: str = "w2s-micro",
    overrides: tuple[str, ...] = (),
    upto: str = "evaluate",
    verifier: bool = True,
    levels: bool = True,
) -> RunFolder:
    """A run's folder with the results of every stage up to and with `upto`."""
    recipe = load_recipe(name, overrides)
    run = RunFolder(folder, recipe)
    write_recipe(run.recipe_file, recipe)
    write_json(
        folder / "run.json",
        {"harness": "0.1.0", "created": "2025-01-02T03:04:05Z", "recipe": recipe.name},
    )
    steps = ("plan", "sample", "measure", "build", "train", "evaluate")
    done = steps[: steps.index(upto) + 1]
    if "sample" in done:
        for side in ("wc", "se"):
            _write_pool(run, side)  # type: ignore[arg-type]
    if "measure" in done:
        write_json(run.measure_file, measure_document(verifier=verifier, levels=levels))
    if "build" in done:
        _write_arms(run)
    if "train" in done:
        _write_cells(run)
    if "evaluate" in done:
        seeds = tuple(recipe.seeds.training)
        write_json(run.evaluations_file, evaluations_document(recipe, seeds=seeds))
    write_timings(run, done)
    return run


def write_timings(run: RunFolder, stages: tuple[str, ...]) -> None:
    """`timings.jsonl`, with a torn last line as a crash leaves it."""
    seconds = {"plan": 0.1, "sample": 61.4, "measure": 3.9, "build": 0.8, "train": 101.2,
               "evaluate": 42.7}  # fmt: skip
    lines = [
        json.dumps({"stage": stage, "seconds": seconds[stage], "started": "2025-01-02T03:04:05Z"})
        for stage in stages
    ]
    run.timings_file.write_text("\n".join([*lines, '{"stage": "eval']))


def _write_pool(run: RunFolder, side: Side) -> None:
    problems = [Problem(f"{n} + {n}?", str(2 * n), level=str(1 + n % 5)) for n in range(4)]
    card = getattr(run.recipe.pair, side)
    pool = Pool.open_or_create(run.pool(side), {"model": card.id, "seed": 1}, problems)
    pool.append(
        [
            Sample(
                problem_id=problem.id, sample_index=index, completion=f" so #### {n * index}",
                finish_reason="stop", prompt_tokens=9, completion_tokens=6, cached_tokens=0,
                seed=index, endpoint="table", seconds=0.5,
            )
            for n, problem in enumerate(problems)
            for index in range(3)
        ]
    )  # fmt: skip
    pool.compact()
    pool.write_verdicts("answer", _verdicts(problems), {"name": "answer", "version": "1"})
    pool.close()


def _verdicts(problems: list[Problem]) -> pa.Table:
    rows = [
        {
            "problem_id": problem.id,
            "sample_index": index,
            "outcome": ("correct", "wrong", "undecided")[index],
            "answer": "4" if index < 2 else None,
            "rule": "hash" if index < 2 else "none",
            "stage": "number",
            "reason": "" if index < 2 else "no answer",
        }
        for problem in problems
        for index in range(3)
    ]
    return pa.Table.from_pylist(rows)


def _write_arms(run: RunFolder) -> None:
    for budget in run.recipe.budgets:
        for arm in run.recipe.arms.build:
            rows = 500 if arm == "ground_truth" else 40 * SAMPLES[budget][arm]
            write_json(
                run.arm(arm, budget) / "arm.json",
                {"arm": arm, "budget": budget, "rows": rows, "problems": 440,
                 "sha256": f"{rows:064x}", "empty": False, "reason": None},
            )  # fmt: skip


def _write_cells(run: RunFolder) -> None:
    for cell in cells_of(run.recipe):
        write_json(
            run.cell(cell.id) / "state.json",
            {"cell": {"paradigm": cell.paradigm}, "status": "done", "reason": None,
             "inputs": "0" * 64, "rows": 1200, "steps": 150, "seconds": 16.2,
             "final_loss": 0.123, "model": "model"},
        )  # fmt: skip
