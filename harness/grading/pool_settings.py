"""How the answers of a pool are graded, where the user does not say it: who knows it then.

A pool of a run is graded as the run's recipe says. Beside that, its draw file may say it, and
so may verdicts that it has already: a second grader reads answers as the first one did.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from harness.errors import InputError, unknown_name
from harness.grading.conventions import DEFAULT_CONVENTIONS, Conventions, conventions_for
from harness.grading.extraction import FORMATS, extract_answer
from harness.grading.graders import conventions_of_answer
from harness.pool import Pool
from harness.pool.draw_file import read_draw
from harness.pool.verdicts import graders_of
from harness.recipe.schema import Answer

_TRIED = 200


@dataclass(frozen=True)
class AnswerSettings:
    """How answers stand in completions, and what counts as the same answer.

    Attributes:
        format: a key of `FORMATS`.
        options: the conventions.
        verifier: the exact verifier, if there is one.
        source: who says so.
    """

    format: str
    options: Conventions
    verifier: str | None
    source: str


def answer_settings(
    folder: Path,
    answer: Answer | None,
    format: str | None,
    problem_set: str | None,
    changes: dict[str, Any],
) -> AnswerSettings:
    """What a pool's answers are graded by.

    Args:
        folder: the pool.
        answer: what the recipe of the pool's run says; None: it is in no run.
        format: as the user says; None: whatever is known.
        problem_set: whose conventions, as the user says; None: as before, or the format's.
        changes: conventions by name that the user changes.

    Raises:
        InputError: an unknown format, set or convention; or the format is known to nobody.
    """
    if format is not None and format not in FORMATS:
        raise InputError(unknown_name("answer format", format, FORMATS))
    known = next(_known(folder, answer), None)
    if format is None and known is None:
        raise InputError(
            f"how do answers stand in the completions of {folder}? Nothing in the pool says it.",
            f"Say it with --format: {', '.join(sorted(FORMATS))}.{_finding(folder)}",
        )
    if known is None or (format or known.format) != known.format:
        assert format is not None
        return AnswerSettings(
            format, conventions_for(format, problem_set, changes), None, "as asked for"
        )
    if problem_set is None and not changes:
        return known
    base = known.options.identity() if problem_set is None else {}
    options = conventions_for(known.format, problem_set, {**base, **changes})
    return AnswerSettings(known.format, options, known.verifier, known.source)


def _known(folder: Path, answer: Answer | None) -> Iterator[AnswerSettings]:
    """Who knows it, the surest first."""
    if answer is not None:
        yield _of_recipe(answer, "the run's recipe")
    drawn = (read_draw(folder) or {}).get("answer")
    if drawn is not None:
        yield _of_recipe(Answer.model_validate(drawn), "the pool's draw file")
    names = graders_of(folder)
    for name in sorted(names, key=lambda one: one != "answer"):
        identity = Pool.open(folder).grader_identity(name) or {}
        if _is_usable(identity):
            verifier = identity.get("settled_by", {}).get("verifier")
            options = conventions_for(identity["format"], None, identity.get("options"))
            source = f"the verdicts of {name!r}"
            yield AnswerSettings(identity["format"], options, verifier, source)


def _is_usable(identity: dict[str, Any]) -> bool:
    """Whether this version knows the format and the conventions of older verdicts."""
    names = DEFAULT_CONVENTIONS.identity().keys()
    return identity.get("format") in FORMATS and identity.get("options", {}).keys() <= names


def _of_recipe(answer: Answer, source: str) -> AnswerSettings:
    return AnswerSettings(
        answer.format, conventions_of_answer(answer), answer.chain_verifier, source
    )


def _finding(folder: Path) -> str:
    """Which format finds answers in the first completions, by its declared rule."""
    texts = list(
        islice(
            (
                text
                for table in Pool.open(folder).batches(["completion"])
                for text in table["completion"].to_pylist()
            ),
            _TRIED,
        )
    )
    found = {
        name: sum(extract_answer(text, name).rule == format.rules[0][0] for text in texts)
        for name, format in FORMATS.items()
    }
    most = max(found.values())
    if not most:
        return ""
    best = " and ".join(repr(name) for name in sorted(found) if found[name] == most)
    return f" By their declared rule {best} find an answer in {most} of the first {len(texts)}."
