"""What must hold between the keys of a recipe: each check yields what it finds.

They run on whole recipes and on what is right of refused ones, so that a user sees a wrong
type and a missing card price in the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path as FilePath
from typing import TypeVar

from harness.budget import (
    cost_of_side,
    matched_budget,
    pool_sizes,
    problem_count,
    stopping_rule,
    unit_costs,
)
from harness.errors import InputError, Issues, unknown_name
from harness.recipe.catalogue import axolotl_base_file
from harness.recipe.checks_problems import (
    Finding,
    micro_models_are_known,
    micro_splits_are_known,
    problem_files_are_there,
    splits_are_apart,
    verifier_fits,
)
from harness.recipe.draft import Draft
from harness.recipe.schema import SIDES, Recipe
from harness.recipe.yaml_text import Path
from harness.resources import tasks_folder

_Value = TypeVar("_Value")


def check_recipe(recipe: Recipe, draft: Draft, issues: Issues, *, whole: bool) -> None:
    """Runs every check.

    Args:
        recipe: the recipe, or what is right of it.
        draft: knows the places.
        issues: collects the findings.
        whole: whether the schema accepts the recipe. If not, some keys are not there, and a
            check that reads one of them ends early: its key was reported already.
    """
    for check in _CHECKS:
        try:
            for finding in check(recipe):
                issues.add(draft.where(finding.path), finding.message, finding.advice)
        except AttributeError:
            if whole:
                raise


def _repeated_entries(recipe: Recipe) -> Iterator[Finding]:
    readers: tuple[tuple[Path, Callable[[], Sequence[object]]], ...] = (
        (("arms", "build"), lambda: recipe.arms.build),
        (("paradigms",), lambda: recipe.paradigms),
        (("training", "arms"), lambda: recipe.training.arms),
        (("training", "budgets"), lambda: recipe.training.budgets),
        (("seeds", "training"), lambda: recipe.seeds.training),
    )
    for path, read in readers:
        try:
            values = read()
        except AttributeError:
            continue
        for index, value in enumerate(values):
            if value in values[:index]:
                yield Finding((*path, index), f"{value!r} is named twice.", "Name it once.")


def _trained_arms_are_built(recipe: Recipe) -> Iterator[Finding]:
    for index, arm in enumerate(recipe.training.arms):
        if arm not in recipe.arms.build:
            yield Finding(
                ("training", "arms", index),
                f"the arm {arm!r} is trained on but not built; "
                f"arms.build has {', '.join(recipe.arms.build)}.",
                f"Add {arm} to arms.build.",
            )


def _trained_budgets_exist(recipe: Recipe) -> Iterator[Finding]:
    for index, budget in enumerate(recipe.training.budgets):
        if budget not in recipe.budgets:
            yield Finding(
                ("training", "budgets", index), unknown_name("budget", budget, recipe.budgets)
            )


def _students_are_named(recipe: Recipe) -> Iterator[Finding]:
    if "student_lm" in recipe.paradigms and recipe.students.student_lm is None:
        yield Finding(
            ("paradigms", recipe.paradigms.index("student_lm")),
            "the paradigm student_lm has no model;",
            "name one in students.student_lm, or leave the paradigm out.",
        )


def _steps_cover_the_budgets(recipe: Recipe) -> Iterator[Finding]:
    given: list[tuple[Path, object]] = [(("training", "steps"), recipe.training.steps)]
    for paradigm, changes in recipe.training.paradigms.items():
        given.append((("training", "paradigms", paradigm, "steps"), changes.steps))
    for path, steps in given:
        if not isinstance(steps, dict):
            continue
        missing = [name for name in recipe.training.budgets if name not in steps]
        if missing:
            yield Finding(
                path, f"it gives no steps for {', '.join(missing)}, which training.budgets names."
            )
        for name in steps:
            if name not in recipe.budgets:
                yield Finding((*path, name), unknown_name("budget", name, recipe.budgets))


def _micro_batches_divide(recipe: Recipe) -> Iterator[Finding]:
    common = recipe.training
    whole: Path = ("training", "micro_batch_size")
    settings = [(whole, common.batch_size, common.micro_batch_size)]
    for paradigm, own in common.paradigms.items():
        if own.batch_size is not None or own.micro_batch_size is not None:
            key = "micro_batch_size" if own.micro_batch_size is not None else "batch_size"
            settings.append(
                (
                    ("training", "paradigms", paradigm, key),
                    own.batch_size or common.batch_size,
                    own.micro_batch_size or common.micro_batch_size,
                )
            )
    for path, batch, micro in settings:
        if micro is not None and batch % micro:
            yield Finding(
                path,
                f"a batch of {batch} rows cannot be taken in micro-batches of {micro};",
                "choose a micro_batch_size that divides batch_size.",
            )


def _cards_have_what_the_match_counts(recipe: Recipe) -> Iterator[Finding]:
    tokens = _if_right(lambda: recipe.decoding.planned_tokens)
    for side in SIDES:
        try:
            cost_of_side(recipe.match, side, getattr(recipe.pair, side), tokens)
        except AttributeError:
            continue
        except InputError as error:
            yield Finding(("pair", side), error.message, error.advice)


def _if_right(read: Callable[[], _Value]) -> _Value | None:
    """What keys say, or None where they are wrong: that is reported at them."""
    try:
        return read()
    except AttributeError:
        return None


def _budgets_reach_one_sample(recipe: Recipe) -> Iterator[Finding]:
    tokens = _if_right(lambda: recipe.decoding.planned_tokens)
    try:
        costs = unit_costs(recipe.match, recipe.pair, tokens)
    except InputError:
        return  # Reported by the check above, at the cards.
    problems = _if_right(lambda: problem_count(recipe))
    for name, budget in recipe.budgets.items():
        try:
            matched_budget(name, budget, recipe.match, costs, problems=problems)
        except AttributeError:
            continue
        except InputError as error:
            yield Finding(("budgets", name), error.message, error.advice)


def _allocation_reaches_the_budgets(recipe: Recipe) -> Iterator[Finding]:
    until = stopping_rule(recipe)
    if until is None:
        return
    try:
        sizes = pool_sizes(recipe)
    except InputError:
        return  # Reported by the checks above, at the cards and budgets.
    side = max(SIDES, key=lambda one: sizes[one])
    if until.max < sizes[side]:
        yield Finding(
            ("allocation", "until", "max"),
            f"the largest budget gives {side.upper()} {sizes[side]} samples a problem, and what "
            f"they would have shown cannot be estimated from at most {until.max};",
            f"set it to {sizes[side]} or more (a side never draws more than its largest budget), "
            "or choose smaller budgets.",
        )


def _expected_tokens_fit(recipe: Recipe) -> Iterator[Finding]:
    expected = recipe.decoding.expected_tokens
    if expected is not None and expected > recipe.decoding.max_tokens:
        yield Finding(
            ("decoding", "expected_tokens"),
            f"{expected:g} tokens are expected of completions that end after "
            f"{recipe.decoding.max_tokens} (decoding.max_tokens).",
        )


def _lengths_fit(recipe: Recipe) -> Iterator[Finding]:
    longest, most = recipe.engine.max_model_length, recipe.decoding.max_tokens
    if longest is not None and most >= longest:
        yield Finding(
            ("decoding", "max_tokens"),
            f"{most} tokens leave no room for a prompt in engine.max_model_length of {longest}.",
        )
    for side in SIDES:
        card = getattr(recipe.pair, side, None)
        context = getattr(card, "context_length", None)
        if longest is not None and context is not None and longest > context:
            yield Finding(
                ("engine", "max_model_length"),
                f"{longest} tokens are more than the {context} of {getattr(card, 'id', side)}.",
            )


def _base_file_is_there(recipe: Recipe) -> Iterator[Finding]:
    try:
        axolotl_base_file(recipe.training.axolotl)
    except InputError as error:
        yield Finding(("training", "axolotl"), f"{error.message}.")


def _task_is_there(recipe: Recipe) -> Iterator[Finding]:
    path = recipe.evaluation.task_path
    folder = FilePath(path).expanduser() if path else tasks_folder()
    if not folder.is_dir():
        yield Finding(("evaluation", "task_path"), f"there is no folder {folder}.")
        return
    known = {name for file in folder.rglob("*.yaml") for name in _task_names(file)}
    if recipe.evaluation.task not in known:
        kind = f"lm-eval task in {folder}" if path else "lm-eval task"
        yield Finding(("evaluation", "task"), unknown_name(kind, recipe.evaluation.task, known))


def _task_names(file: FilePath) -> Iterator[str]:
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        for key in ("task:", "group:"):
            if line.startswith(key) and (name := line.removeprefix(key).strip(" '\"")):
                yield name


_CHECKS = (
    splits_are_apart,
    micro_splits_are_known,
    problem_files_are_there,
    verifier_fits,
    micro_models_are_known,
    _expected_tokens_fit,
    _lengths_fit,
    _cards_have_what_the_match_counts,
    _budgets_reach_one_sample,
    _allocation_reaches_the_budgets,
    _repeated_entries,
    _students_are_named,
    _trained_arms_are_built,
    _trained_budgets_exist,
    _steps_cover_the_budgets,
    _micro_batches_divide,
    _base_file_is_there,
    _task_is_there,
)
