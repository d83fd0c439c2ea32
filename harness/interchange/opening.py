"""Opens everything that an import reads, before anything of it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from harness.errors import InputError
from harness.interchange.bad_rows import BadRow, Place
from harness.interchange.data_sets import DataSetName, DataSetRows
from harness.interchange.export_layout import problems_in, samples_in
from harness.interchange.json_lines import JsonLines, Row
from harness.interchange.lm_eval_rows import LmEvalLog
from harness.interchange.problem_rows import PROBLEM_KEYS
from harness.interchange.request import ImportRequest
from harness.interchange.sample_rows import SAMPLE_KEYS
from harness.interchange.sources import Format, Renamed, column_names, open_source
from harness.interchange.texts import shown

_LOG_KEYS = ("problem_id", "completion")
_KINDS: Mapping[type, Format] = {
    JsonLines: "jsonl",
    LmEvalLog: "lm-eval",
    DataSetRows: "datasets",
}


@dataclass(frozen=True)
class Inputs:
    """What an import reads.

    Attributes:
        kind: the format of the samples.
        samples: the rows with samples, in order.
        problems: the rows with problems.
    """

    kind: Format
    samples: Sequence[Renamed]
    problems: Sequence[Renamed | LmEvalLog]

    def problem_rows(self) -> Iterator[tuple[Place, Row | BadRow]]:
        """Every row with a problem, under the names of an import."""
        return chain.from_iterable(
            one.problems() if isinstance(one, LmEvalLog) else one.rows() for one in self.problems
        )

    @property
    def problem_source(self) -> str:
        """What holds the problems, for messages."""
        return ", ".join(one.name for one in self.problems)

    @property
    def notes(self) -> list[str]:
        """What was not read, for the user; known when all was read."""
        ignored = {name: None for one in self.samples for name in one.ignored}
        unread = f"keys that were not read: {', '.join(map(shown, ignored))}."
        inner = [getattr(one, "source", one) for one in (*self.problems, *self.samples)]
        notes = [note for one in inner for note in getattr(one, "notes", ())]
        return list(dict.fromkeys([*notes, *([unread] if ignored else [])]))


def open_inputs(request: ImportRequest) -> Inputs:
    """Opens the samples and the problems.

    Raises:
        InputError: one is not there or not of its format, the samples are of several formats,
            or nothing says what the problems are.
        EnvironmentFailure: the Hub cannot be reached.
    """
    columns = column_names(request.columns, "--columns", SAMPLE_KEYS)
    opened = [open_source(samples_in(name), request.format) for name in request.samples]
    kinds = dict.fromkeys(_KINDS[type(source)] for source in opened)
    if len(kinds) > 1:
        raise InputError(
            f"the samples are of several formats: {', '.join(kinds)}.",
            "Import them into pools of their own, or name the one format with --format.",
        )
    (kind,) = kinds
    logs = [source for source in opened if isinstance(source, LmEvalLog)]
    known = _LOG_KEYS if logs else SAMPLE_KEYS
    samples = [Renamed(one, columns, known, lists=kind != "lm-eval") for one in opened]
    _check_columns(samples, "--columns")
    if not logs:
        return Inputs(kind, samples, [_problems(request)])
    if request.problems is not None or columns:
        raise InputError(
            "lm-eval's log brings its problems and has its own columns.",
            "Leave --problems and --columns out.",
        )
    return Inputs(kind, samples, logs)


def _problems(request: ImportRequest) -> Renamed:
    given = request.problems or request.samples[0]
    name = problems_in(given) or request.problems
    if name is None:
        raise InputError("which problems? Give their file or data set with --problems.")
    columns = column_names(request.problem_columns, "--problem-columns", PROBLEM_KEYS)
    source = open_source(name, _problem_format(name, request))
    if isinstance(source, LmEvalLog):
        raise InputError(f"{name.path} is lm-eval's log; expected problems.")
    problems = Renamed(source, columns, PROBLEM_KEYS)
    _check_columns([problems], "--problem-columns")
    return problems


def _problem_format(name: DataSetName, request: ImportRequest) -> Format | None:
    on_hub = request.format == "datasets" and not Path(name.path).exists()
    return "datasets" if on_hub or name.split or name.config or name.revision else None


def _check_columns(sources: Sequence[Renamed], option: str) -> None:
    for renamed in sources:
        there = getattr(renamed.source, "columns", None)
        for key, column in renamed.columns.items():
            if there and column not in there:
                raise InputError(
                    f"{option} {key}={column}: {renamed.name} has no such column; there are: "
                    f"{', '.join(there)}."
                )
