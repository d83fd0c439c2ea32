"""Reads what the stages of a run left behind; nothing but the recipe has to be there."""

from __future__ import annotations

import json
import platform
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from harness import __version__
from harness.cells import cells_of
from harness.errors import InputError, Issue
from harness.files import read_json
from harness.problems import digest_of_problems
from harness.recipe import SIDES, Recipe, Side
from harness.report.results import Arm, Evaluations, Measure, Part
from harness.report.schema import CellState, PoolSummary, StageTime, Timings
from harness.run_folder import RunFolder

if TYPE_CHECKING:
    from harness.pool import Pool

P = TypeVar("P", bound=Part)

GRADERS = ("answer", "chain")
_KEPT_REASONS = 5


@dataclass(frozen=True)
class Sources:
    """Everything that a report is made from; None or empty where a stage is not done."""

    recipe: Recipe
    measure: Measure | None = None
    evaluations: Evaluations | None = None
    arms: list[Arm] = field(default_factory=list)
    cells: list[CellState] = field(default_factory=list)
    pools: dict[Side, PoolSummary] = field(default_factory=dict)
    timings: Timings = field(default_factory=Timings)
    created: str | None = None
    versions: dict[str, str] = field(default_factory=dict)


def read_sources(run: RunFolder) -> Sources:
    """Reads a run's results.

    Raises:
        InputError: a results file is there and cannot be read; names it and the command that
            makes it again.
    """
    states = _read_states(run)
    evaluations = _read_part(run.evaluations_file, Evaluations, "evaluate")
    pools = {side: pool for side in SIDES if (pool := _read_pool(run.pool(side))) is not None}
    return Sources(
        recipe=run.recipe,
        measure=_read_part(run.measure_file, Measure, "measure"),
        evaluations=evaluations,
        arms=_read_arms(run),
        cells=[_cell_state(name, state) for name, state in states.items()],
        pools=pools,
        timings=_read_timings(run, states),
        created=_created(run.path / "run.json"),
        versions=_versions(evaluations, pools, states),
    )


def _read_part(path: Path, model: type[P], stage: str) -> P | None:
    if not path.is_file():
        return None
    again = f"Make it again: harness {stage} RUN"
    try:
        return model.model_validate(read_json(path))
    except ValidationError as error:
        issues = [
            Issue(".".join(map(str, one["loc"])) or "(whole file)", one["msg"])
            for one in error.errors(include_url=False)
        ]
        raise InputError(f"{path} is not what `harness {stage}` writes:", again, issues) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}).", again) from None


def _read_arms(run: RunFolder) -> list[Arm]:
    found = [
        _read_part(run.arm(name, budget) / "arm.json", Arm, "build")
        for budget in run.recipe.budgets
        for name in run.recipe.arms.build
    ]
    return [arm for arm in found if arm is not None]


def _read_states(run: RunFolder) -> dict[str, dict[str, Any]]:
    states = {}
    for cell in cells_of(run.recipe):
        path = run.cell(cell.id) / "state.json"
        try:
            state = read_json(path)
        except FileNotFoundError:
            continue
        except ValueError as error:
            raise InputError(
                f"{path} cannot be read ({error}).", "Train the cell again: harness train RUN"
            ) from None
        if isinstance(state, dict):
            states[cell.id] = state
    return states


def _cell_state(name: str, state: dict[str, Any]) -> CellState:
    known = {key: state.get(key) for key in ("reason", "rows", "steps", "final_loss")}
    return CellState(cell=name, status=str(state.get("status", "unfinished")), **known)


def _read_pool(folder: Path) -> PoolSummary | None:
    if not (folder / "identity.json").is_file():
        return None
    from harness.pool import Pool

    pool = Pool.open(folder)
    outcomes, graders = {}, {}
    for grader in GRADERS:
        if (identity := pool.grader_identity(grader)) is not None:
            graders[grader] = identity
            outcomes[grader] = _tally(pool, grader, "outcome")
    return PoolSummary(
        samples=len(pool),
        sha256=pool.digest(),
        problems_digest=digest_of_problems(pool.problems),
        outcomes=outcomes,
        unparsed=_unparsed(pool) if "answer" in graders else 0,
        rules=_tally(pool, "answer", "rule") if "answer" in graders else {},
        reasons=_reasons(pool) if "answer" in graders else {},
        identity=redacted(pool.identity),
        graders=redacted(graders),
    )


def _tally(pool: Pool, grader: str, column: str) -> dict[str, int]:
    counted = Counter(pool.verdicts(grader)[column].to_pylist())
    return {str(key): counted[key] for key in sorted(counted, key=str) if key is not None}


def _unparsed(pool: Pool) -> int:
    return int(pool.verdicts("answer")["answer"].null_count)


def _reasons(pool: Pool) -> dict[str, int]:
    """The commonest reasons of undecided verdicts."""
    table = pool.verdicts("answer").select(["outcome", "reason"]).to_pylist()
    counted = Counter(str(row["reason"]) for row in table if row["outcome"] == "undecided")
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return dict(ordered[:_KEPT_REASONS])


def _read_timings(run: RunFolder, states: dict[str, dict[str, Any]]) -> Timings:
    seconds: dict[str, list[float]] = {}
    for line in _lines(run.timings_file):
        try:
            entry = json.loads(line)
            seconds.setdefault(str(entry["stage"]), []).append(float(entry["seconds"]))
        except (ValueError, KeyError, TypeError):
            continue  # A torn line costs that line only; timings decide nothing.
    stages = [
        StageTime(stage=name, seconds=round(sum(taken), 3), times=len(taken))
        for name, taken in seconds.items()
    ]
    cells = {
        name: float(state["seconds"])
        for name, state in states.items()
        if isinstance(state.get("seconds"), int | float)
    }
    total = round(sum(stage.seconds for stage in stages), 3)
    return Timings(stages=stages, total_seconds=total, cells=cells)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []


def _created(path: Path) -> str | None:
    try:
        value = read_json(path).get("created")
    except (OSError, ValueError, AttributeError):
        return None
    return value if isinstance(value, str) else None


def _versions(
    evaluations: Evaluations | None,
    pools: dict[Side, PoolSummary],
    states: dict[str, dict[str, Any]],
) -> dict[str, str]:
    versions = {"harness": __version__, "python": platform.python_version()}
    if evaluations and evaluations.models:
        if evaluations.models[0].lm_eval:
            versions["lm-eval"] = evaluations.models[0].lm_eval
        task = next((model.task_version for model in evaluations.models), None)
        if task is not None:
            versions[f"task {evaluations.task}"] = str(task)
    for side, pool in pools.items():
        engine = pool.identity.get("engine")
        if isinstance(engine, dict) and engine.get("version"):
            versions[f"{engine.get('name', 'engine')} ({side} pool)"] = str(engine["version"])
    axolotl = {str(state["axolotl"]) for state in states.values() if state.get("axolotl")}
    if axolotl:
        versions["axolotl"] = ", ".join(sorted(axolotl))
    return versions


_CREDENTIALS = re.compile(r"(?<=://)[^/@\s'\"]+@")


def redacted(value: Any) -> Any:
    """The value with user names and passwords taken out of every URL in it."""
    if isinstance(value, str):
        return _CREDENTIALS.sub("…@", value)
    if isinstance(value, dict):
        return {str(key): redacted(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(entry) for entry in value]
    return value
