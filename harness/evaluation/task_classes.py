"""The classes of the lm-eval tasks in `tasks/`: what a task's YAML alone cannot say.

They are lm-eval's own task class with three things more: the metadata reach the grading, the
metrics at each k follow from the number of samples, and problems of other splits are refused.
Everything else (data set, prompt, decoding, version) stands in the YAML, where lm-eval's users
look for it. Importing this module imports lm-eval.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lm_eval.api.metrics import mean
from lm_eval.api.task import ConfigurableTask

from harness.errors import HarnessError, InputError
from harness.evaluation import reasoning_gap, sample_metrics
from harness.evaluation.held_out import held_out, refuse_shared
from harness.evaluation.plain_errors import tell_plainly
from harness.evaluation.reasoning_gap import STATIC, PairedOutcome
from harness.evaluation.task_data import load_splits, rows_of_split
from harness.evaluation.task_grading import TaskGrader, answer_of_task
from harness.evaluation.task_rows import problems_of_rows
from harness.evaluation.tasks_support import PASS_AT_1, UNDECIDED, dataset_of, document_of
from harness.grading.verdict import Verdict
from harness.problems import Problem

# Below lm-eval's own logger, so that `--verbosity` and its format hold for it too.
log = logging.getLogger("lm_eval.tasks.w2s")

tell_plainly()

# Of problems whose samples are all the same, from which on the draw itself is doubted.
_SUSPICIOUS = 0.5


class GradedTask(ConfigurableTask):  # type: ignore[misc]  # lm-eval has no type information.
    """Greedy pass@1 by the harness's grader.

    `metadata` of the task: `answer_format`; `grading` (see `task_grading`); `disjoint_from`,
    splits that share no problem with the one that is asked, of the same data set or `ID:SPLIT`;
    `data_dir`, a folder with data sets (see `task_data`).

    Args:
        config: the task's YAML, as lm-eval reads it.

    Raises:
        InputError: unknown grading, rows that cannot be read, or a problem that also stands in
            another split.
        EnvironmentFailure: the data set cannot be reached.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        settings = {key: value for key, value in config.items() if key != "class"}
        self.metadata: dict[str, Any] = settings.get("metadata") or {}
        self.answer = answer_of_task(self.metadata)
        # Without it lm-eval would look the metrics' names up on the Hub.
        settings["process_results"] = f"{type(self).__name__}.process_results"
        self._grader = TaskGrader(self.answer)
        self._documents: Any = None
        super().__init__(config=settings)
        self._refuse_shared_problems()

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **options: Any) -> None:
        """Loads the data set, from `metadata.data_dir` where that has it."""
        if self.config.custom_dataset is not None:
            super().download(dataset_kwargs, **options)
            return
        splits = [self.config.test_split, self.config.validation_split]
        self.dataset = load_splits(
            self.config.dataset_path,
            self.config.dataset_name,
            dataset_kwargs or {},
            self.metadata.get("data_dir"),
            [*filter(None, splits), *self._disjoint_from()],  # Names of other sets find no file.
        )

    def test_docs(self) -> Any:
        """The documents, each with the format that its answer is read by."""
        return self._all_documents(self.config.test_split)

    def validation_docs(self) -> Any:
        """The documents, where the task asks a validation split."""
        return self._all_documents(self.config.validation_split)

    def _all_documents(self, split: str) -> Any:
        if self._documents is None:  # lm-eval asks again and again.
            documents = self.documents_of(split)
            formats = [self.answer.format] * len(documents)
            self._documents = documents.add_column("answer_format", formats)
        return self._documents

    def documents_of(self, split: str) -> Any:
        """What the task asks of a split."""
        rows = self.rows_of(split)
        return rows if self.config.process_docs is None else self.config.process_docs(rows)

    def rows_of(self, split: str) -> Any:
        """The rows of a split, as they stand in the data set."""
        return rows_of_split(self.dataset, split, self.config.dataset_path)

    def _disjoint_from(self) -> list[str]:
        names = self.metadata.get("disjoint_from") or []
        return [names] if isinstance(names, str) else list(names)

    @functools.cached_property
    def other_splits(self) -> dict[str, list[Problem]]:
        """The problems of the splits that must not share any with this task, by split."""
        rows = {name: self._rows_elsewhere(name) for name in self._disjoint_from()}
        return {name: problems_of_rows(found) for name, found in rows.items() if found is not None}

    def _rows_elsewhere(self, name: str) -> Any:
        """The rows of a split of this data set, or of `ID:SPLIT`; None, and a warning, without."""
        path, _, split = name.rpartition(":")
        try:
            if path:
                folder = self.metadata.get("data_dir")
                return rows_of_split(load_splits(path, None, {}, folder, [split]), split, path)
            return rows_of_split(self.dataset, split, self.config.dataset_path)
        except HarnessError as error:
            log.warning(
                "%s is not known to be disjoint from %s: %s", self.task_name, name, error.message
            )
            return None

    def _refuse_shared_problems(self) -> None:
        problems = [Problem(one["question"], one["gold"]) for one in self.eval_docs]
        refuse_shared(self.task_name, problems, self.other_splits)

    def verdicts(self, document: Mapping[str, Any], completions: Sequence[str]) -> list[Verdict]:
        """The grader's verdict on each completion of a document."""
        return self._grader.verdicts(document, completions)

    def process_results(self, doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, Any]:
        """The values of one document's metrics, for lm-eval to aggregate."""
        if "bypass" in self._metric_fn_list:  # lm-eval's --predict_only.
            return {"bypass": None}
        return self.metrics_of(doc, results[0])

    def metrics_of(self, document: Mapping[str, Any], response: Any) -> dict[str, Any]:
        """The metrics of a document, from what the task's filters left of its responses."""
        (verdict,) = self.verdicts(document, [response])
        return {
            PASS_AT_1: float(verdict.outcome == "correct"),
            UNDECIDED: float(verdict.outcome == "undecided"),
        }

    def _aggregate(self, name: str, function: Any, higher_is_better: bool | None = True) -> None:
        self._aggregation_list[name] = function
        self._higher_is_better[name] = higher_is_better


class HeldOutTask(GradedTask):
    """A validation set: the problems with the smallest ids that stand in no other split.

    `metadata.problems` says how many.
    """

    def documents_of(self, split: str) -> Any:
        """The chosen problems, by ascending id."""
        others = [problem for known in self.other_splits.values() for problem in known]
        count: Any = self.metadata.get("problems")
        if not _is_count(count):
            raise InputError(f"metadata.problems is {count!r}; expected a whole number, 1 or more.")
        chosen = held_out(problems_of_rows(self.rows_of(split)), others, count)
        return dataset_of(map(document_of, chosen))


class SampledTask(GradedTask):
    """Several samples a problem: pass@1, and coverage, maj and diversity at each k.

    The number of samples is the YAML's `repeats`, or `metadata.repeats`, which wins. Metrics are
    measured at the powers of two up to it and at the number itself, or at `metadata.ks`.

    Raises:
        InputError: a k that is no whole number from 1 to the number of samples.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        metadata = config.get("metadata") or {}
        if "repeats" in metadata:
            config = {**config, "repeats": metadata["repeats"]}
        self.ks = _checked_ks(config.get("repeats", 1), metadata.get("ks"))
        super().__init__(config=config)
        for name in sample_metrics.names_at(self.ks):
            self._aggregate(name, mean)
        for k in self.ks:
            name = f"{sample_metrics.SOLVED}@{k}"
            self._aggregate(name, sample_metrics.ratio_of_means)
            self._aggregate(name + sample_metrics.STDERR, sample_metrics.ratio_stderr, None)
        self._aggregate(sample_metrics.IDENTICAL, self._share_of_identical, False)

    def metrics_of(self, document: Mapping[str, Any], response: Sequence[str]) -> dict[str, Any]:
        """All metrics from all samples of a document."""
        verdicts = self.verdicts(document, response)
        return sample_metrics.metrics_of_problem(response, verdicts, self.ks)

    def _share_of_identical(self, values: Sequence[float]) -> float:
        share = float(mean(values))
        if share > _SUSPICIOUS and self.config.repeats > 1:
            temperature = (self.config.generation_kwargs or {}).get("temperature")
            log.warning(
                "%s: all %d samples are the same text for %.0f %% of the problems, at temperature "
                "%s, so coverage@k, maj@k and diversity@k say nothing about sampling. A server "
                "that is asked with one seed gives one answer (lm-eval's local-completions sends "
                "seed 1234 with every request): --gen_kwargs '{\"seed\": null}' lets it draw.",
                self.task_name, self.config.repeats, 100 * share, temperature,
            )  # fmt: skip
        return share


def _checked_ks(repeats: Any, asked: Any) -> tuple[int, ...]:
    if not _is_count(repeats):
        raise InputError(f"metadata.repeats is {repeats!r}; expected a whole number, 1 or more.")
    if asked is None:
        return sample_metrics.default_ks(repeats)
    ks: Iterable[Any] = asked if isinstance(asked, list | tuple) else [asked]
    wrong = [k for k in ks if not _is_count(k) or k > repeats]
    if wrong:
        raise InputError(
            f"metadata.ks has {', '.join(map(repr, wrong))}; with {repeats} samples a problem "
            f"whole numbers from 1 to {repeats} are possible.",
            'Draw more samples: --metadata \'{"repeats": 64, "ks": [1, 64]}\'',
        )
    return tuple(dict.fromkeys(ks))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


class FunctionalMathTask(GradedTask):
    """Problems as functions: pass@1 on their snapshots, and the reasoning gap."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config=config)
        self._aggregate(PASS_AT_1, reasoning_gap.snapshot_accuracy)
        stderr = PASS_AT_1 + sample_metrics.STDERR
        self._aggregate(stderr, reasoning_gap.snapshot_accuracy_stderr, None)
        self.has_originals = STATIC in self.eval_docs["snapshot"]
        if self.has_originals:
            self._aggregate("paired_problems", reasoning_gap.paired_problems, None)
            for name, better in _PAIRED.items():
                self._aggregate(name, getattr(reasoning_gap, name), better)
                stderr = name + sample_metrics.STDERR
                self._aggregate(stderr, getattr(reasoning_gap, stderr), None)

    def metrics_of(self, document: Mapping[str, Any], response: str) -> dict[str, Any]:
        """The outcome of one document, under the name of each metric that is made of it."""
        found = super().metrics_of(document, response)
        outcome = PairedOutcome(found[PASS_AT_1], document["original"], document["snapshot"])
        names = [PASS_AT_1, PASS_AT_1 + sample_metrics.STDERR]
        if self.has_originals:
            names += [name + end for name in _PAIRED for end in ("", sample_metrics.STDERR)]
            names.append("paired_problems")
        return {**dict.fromkeys(names, outcome), UNDECIDED: found[UNDECIDED]}


# Metrics of paired problems, and whether more of them is better.
_PAIRED = {"static_accuracy": True, "functional_accuracy": True, "reasoning_gap": False}
