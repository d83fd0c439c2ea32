"""Samples from elsewhere into a pool: first everything is checked, then everything is written.

The rows are read twice. The first reading finds every bad row and writes nothing; the second
fills the pool. An import into a pool that is there, killed in the middle, is finished by the
same command: what the pool has already is left as it is.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any, NoReturn

from harness.errors import InputError
from harness.interchange.bad_rows import BadRow, BadRows
from harness.interchange.checking import Checked, check_rows
from harness.interchange.destination import new_pool, pool_is_there
from harness.interchange.keys import KnownSamples, OnceOnly
from harness.interchange.opening import Inputs, open_inputs
from harness.interchange.origin import find_generator, imported_identity
from harness.interchange.problem_rows import ProblemTable, read_problems
from harness.interchange.reading import Rows
from harness.interchange.request import ImportRequest
from harness.pool import Pool
from harness.pool.samples import DRAWN_COLUMNS
from harness.progress import Progress


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Attributes:
        added: samples that are new in the pool.
        already_there: samples that the pool had.
        samples: samples in the pool.
        problems: its problems.
        without_samples: how many of them have none.
        skipped: the rows that were left out.
        seconds: how long it took.
        notes: what the user should know.
    """

    added: int
    already_there: int
    samples: int
    problems: int
    without_samples: int
    skipped: BadRows
    seconds: float
    notes: list[str]


def import_samples(request: ImportRequest, progress: Progress) -> Imported:
    """Imports samples into a pool.

    Raises:
        InputError: something cannot be read, rows are bad (and are not to be skipped), nothing
            is left to import, or the pool there is of another origin; nothing was written then.
        EnvironmentFailure: the disk is full, or the Hub cannot be reached.
    """
    started = time.monotonic()
    generator = find_generator(request.model)
    exists = pool_is_there(request.out)
    inputs = open_inputs(request)
    bad = BadRows()
    gold_format = request.gold_format
    if inputs.kind == "lm-eval" and gold_format == "hash":
        gold_format = "plain"  # What stands behind #### was taken already.
    problems = read_problems(inputs.problem_rows(), gold_format, bad)
    if not problems.problems:
        _refuse_without_problems(inputs, bad)
    identity = imported_identity(generator, inputs.kind, problems, request.decoding)
    unit = "rows" if inputs.kind == "datasets" else "bytes"
    rows = Rows(inputs.samples, problems, request.first_index, unit)
    with _existing(request, identity, problems) if exists else _none() as there:
        known = _known(there, problems)
        checked = check_rows(rows, known, bad, progress)
        _refuse(request, checked, bad)
        with _target(there, request, identity, problems) as pool:
            added = _fill(pool, rows, known, checked, progress)
            pool.compact()
            counts = pool.counts()
    return Imported(
        added=added,
        already_there=checked.samples - added,
        samples=sum(counts.values()),
        problems=len(counts),
        without_samples=sum(not count for count in counts.values()),
        skipped=bad,
        seconds=time.monotonic() - started,
        notes=[*generator.notes, *problems.notes, *checked.notes, *inputs.notes],
    )


@contextmanager
def _none() -> Iterator[None]:
    yield None


def _existing(request: ImportRequest, identity: Mapping[str, Any], problems: ProblemTable) -> Pool:
    return Pool.open_or_create(request.out, identity, problems.problems)


@contextmanager
def _target(
    there: Pool | None,
    request: ImportRequest,
    identity: Mapping[str, Any],
    problems: ProblemTable,
) -> Iterator[Pool]:
    if there is not None:
        yield there
        return
    with new_pool(request.out, identity, problems.problems) as pool:
        yield pool


def _known(pool: Pool | None, problems: ProblemTable) -> KnownSamples:
    ranks = {problem_id: rank for rank, problem_id in enumerate(problems.ids)}
    return KnownSamples([] if pool is None else pool.batches(DRAWN_COLUMNS), ranks)


def _refuse_without_problems(inputs: Inputs, bad: BadRows) -> NoReturn:
    if inputs.kind == "lm-eval":  # Its samples say why there are no problems.
        for place, row in chain.from_iterable(source.rows() for source in inputs.samples):
            if isinstance(row, BadRow):
                bad.add(place, row)
    raise InputError(f"{inputs.problem_source} holds no problems.", issues=bad.issues())


def _refuse(request: ImportRequest, checked: Checked, bad: BadRows) -> None:
    if len(bad) and not request.skip_bad:
        raise InputError(
            f"{len(bad):,} rows cannot be imported, so nothing was:",
            f"Correct them, or give --skip-bad to import the {checked.samples:,} good samples "
            "without them."
            if checked.samples
            else "Correct them; no row is left to import without them.",
            bad.issues(),
        )
    if not checked.samples:
        names = ", ".join(name.path for name in request.samples)
        raise InputError(f"{names} holds no samples that can be imported.", issues=bad.issues())


def _fill(pool: Pool, rows: Rows, known: KnownSamples, checked: Checked, progress: Progress) -> int:
    """Reads the rows again and adds what the pool lacks; how many samples that are."""
    once, seen, added, faults = OnceOnly(checked.repeated), 0, 0, BadRows()
    for batch in rows.batches(faults, progress, "importing"):
        states = known.states(batch.keys, batch.samples)
        fit = batch.only([state is not False for state in states])
        is_new = [state is None for state in states if state is not False]
        is_first = once.passes(fit.keys)
        seen += sum(is_first)
        chosen = [new and first for new, first in zip(is_new, is_first, strict=True)]
        samples = fit.only(chosen).samples
        pool.append(samples)
        added += len(samples)
    if seen != checked.samples or len(faults) != checked.row_faults:
        raise InputError(
            "the files were changed while they were read.", "Give the same command again."
        )
    return added
